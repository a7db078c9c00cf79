internal import Crypto
internal import NIOSSL
internal import SingerCore
internal import SwiftASN1
internal import X509

internal import struct Foundation.Date

/// The TLS side of a node's identity: a self-signed certificate of its Ed25519 key, made afresh at each start.
///
/// The key is all that counts. Names and dates in a certificate are not looked at, so a peer whose clock is days off still connects.
struct NodeCertificate {
    let context: (server: NIOSSLContext, client: NIOSSLContext)

    init(_ secret: NodeSecret, timings: PeerTimings) throws(PeerError) {
        do {
            let key = try Curve25519.Signing.PrivateKey(rawRepresentation: secret.secret)
            let chain: [NIOSSLCertificateSource] = [.certificate(try NIOSSLCertificate(bytes: Self.selfSigned(key), format: .der))]
            let privateKey = NIOSSLPrivateKeySource.privateKey(try NIOSSLPrivateKey(bytes: Self.pkcs8(key), format: .der))
            var configurations = (
                server: TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: privateKey),
                client: TLSConfiguration.makeClientConfiguration()
            )
            configurations.client.certificateChain = chain
            configurations.client.privateKey = privateKey
            Self.narrow(&configurations.server, timings)
            Self.narrow(&configurations.client, timings)
            context = (
                try NIOSSLContext(configuration: configurations.server), try NIOSSLContext(configuration: configurations.client)
            )
        } catch {
            throw .badIdentity(reason: "\(error)")
        }
    }

    /// TLS 1.3 with Ed25519, and nothing else.
    private static func narrow(_ configuration: inout TLSConfiguration, _ timings: PeerTimings) {
        configuration.minimumTLSVersion = .tlsv13
        configuration.maximumTLSVersion = .tlsv13
        configuration.signingSignatureAlgorithms = [.ed25519]
        configuration.verifySignatureAlgorithms = [.ed25519]
        // Both sides have to present a certificate; the verification callback then takes the place of trust roots and dates.
        configuration.certificateVerification = .noHostnameVerification
        configuration.trustRoots = .certificates([])
        configuration.shutdownTimeout = .init(timings.goodbye)
    }

    private static func selfSigned(_ key: Curve25519.Signing.PrivateKey) throws -> [UInt8] {
        let name = try DistinguishedName { CommonName("singer") }
        let certificate = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: .init(key.publicKey),
            notValidBefore: Date(timeIntervalSince1970: 0), notValidAfter: Date(timeIntervalSince1970: 253_402_300_799),
            issuer: name, subject: name, extensions: .init(), issuerPrivateKey: .init(key))
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        return serializer.serializedBytes
    }

    /// RFC 8410, section 7: the bytes before the secret are the same for every Ed25519 key.
    private static func pkcs8(_ key: Curve25519.Signing.PrivateKey) -> [UInt8] {
        [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20] + key.rawRepresentation
    }
}

extension Bytes32 where Role == NodeRole {
    /// The key of a certificate that a peer presented; `nil` unless it is an Ed25519 key.
    ///
    /// Read with swift-certificates, not with NIOSSL's `extractPublicKey`, which traps on a key that BoringSSL does not know.
    init?(certificate: NIOSSLCertificate) {
        guard let der = try? certificate.toDERBytes(), let parsed = try? Certificate(derEncoded: der),
            let key = Curve25519.Signing.PublicKey(parsed.publicKey)
        else { return nil }
        self.init(key.rawRepresentation)
    }
}
