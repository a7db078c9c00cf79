import SingerCore
import Testing

import struct Foundation.Data

/// Values that any implementation must arrive at. They were made by another one: protobuf by hand, and the Ed25519 of RFC 8032.
///
/// Root key: 32 bytes of 1. Device key: of 2. Node key: of 3. Name "Andre". Everything is dated 1750000000000, the second entry
/// one second later.
enum Golden {
    static let account = "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c"
    static let device = "8139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394"
    static let node = "ed4928c628d1c2c6eae90338905995612959273a5c63f93636c14614ac8737d1"
    static let certificate = """
        080112208a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c1a208139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a2\
        5df60f5b8fc9b3942205416e6472652880b883a1f732
        """
    static let certificateSignature = """
        f419ad6c4fb43a00ad98578dc2c12488bf209d75248a1645e2e09cc6615c0c447400065a1bd793d4a1729c320ead9d32cad72cf36fae210323d3c22e2d156801
        """
    /// The post "héllo", sequence number 1.
    static let body1 = "0a0668c3a96c6c6f"
    static let header1 = """
        080112208a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c1a208139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a2\
        5df60f5b8fc9b39420013080b883a1f732380142203231277bcc9248408355f43a63ed99d9c4db3c1e4c5f65931abff703391754bd4808
        """
    static let signature1 = """
        d1456f7f93bd9f1aa68b916b0c981457055962fa21c32101e1515d8a6f9a5e1170fb42a16426e36bd0b074a8813eae8ed80ef3c3d641001ad74d4b7b7d9c0d09
        """
    static let id1 = "a2731fff69df4fdc5608410f103dfc4f7168509adcdfff4ee9d41a221b8d80a3"
    static let id1Text = "ujzr773j35h5yvqiiehrapp4j5ywque23tp76txj2qnceg4nqcrq"
    /// A like of that post, sequence number 2.
    static let header2 = """
        080112208a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c1a208139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a2\
        5df60f5b8fc9b39420022a20a2731fff69df4fdc5608410f103dfc4f7168509adcdfff4ee9d41a221b8d80a330e8bf83a1f73238054220265cb6ac5d6c16\
        1854f31c68758be98b70cc870191481d2371d1c2fb1ad1fe804846
        """
    static let id2 = "f6b67e921fed9c3ad155cd2e1c63808ea0d14ab802f8426a36c39be9c4cadb02"
    static let claim = "08011205416e6472651a208a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c2080b883a1f732"
    static let claimSignature = """
        4a7ccda34538f3cee1074f30df5cf51fcf582aa5bcd1f1723e6523f7764177911d4b6bf68a04879991173b1f81235877a11a1530bc3288b4487418a65384720c
        """
    static let placeOfName = "ad3cb7b140750d7194dd5eed702aae900c2a387f"
    static let placeOfAccount = "d8bfeb27ec085d04e0ab778aaee6cd049d1df5c6"
    static let placeOfNews = "06261e30db90ca7da9752ee6e477944a9e800e72"
    static let placeOfFollowers0 = "b100b8b97a7152e682c98dd65926aacd91860671"
    static let placeOfFollowers1 = "6e3dbcd0fb92993dfdc3c1aab16ed34d9183a1e0"
    static let placeOfProviders = "05cf56312872c05ff3c34813a9d5218087b0cedd"
    /// The place that follows from 32 bytes of 4.
    static let placeOfIdentity = "e63e2416e39a0582c9d5432d9b81e0484956c2ff"
    static let mark = "gr2q7gf5lh6pzfdnurnkvputhpqvjjfvbfhbysv7ikdgkbptzf7a"
    static let fingerprint = "3475-0f98-bd59-fcfc"
}

@Suite struct GoldenVectorTests {
    let root: RootKey
    let device: DeviceSecret
    let node: NodeSecret
    let certificate: Certificate
    let post: Entry
    let like: Entry
    static let time: Milliseconds = 1_750_000_000_000

    init() throws {
        root = try #require(RootKey(secret: Array(repeating: 1, count: 32)))
        device = try #require(DeviceSecret(secret: Array(repeating: 2, count: 32)))
        node = try #require(NodeSecret(secret: Array(repeating: 3, count: 32)))
        certificate = Certificate(device: device.publicKey, name: try #require(Username("Andre")), root: root, now: Self.time)
        post = Entry(.post(Post(text: try PostText(canonical: "héllo"))), after: nil, by: device, certificate: certificate, now: Self.time)
        like = Entry(
            .like(EntryReference(entry: post.id, account: post.header.account)), after: (post.id, post.header.seq, post.header.created), by: device,
            certificate: certificate, now: Self.time + 1_000)
    }

    @Test func `keys and fingerprints are the golden ones`() {
        #expect(root.publicKey.description == Golden.account)
        #expect(device.publicKey.description == Golden.device)
        #expect(node.publicKey.description == Golden.node)
        #expect(Fingerprint(root.publicKey).mark == Golden.mark)
        #expect(Fingerprint(root.publicKey).description == Golden.fingerprint)
        #expect(PlacedRecord.valueID(of: root.publicKey) == 0x8a88_e3dd_7409_f195)
    }

    @Test func `the certificate is the golden one`() {
        #expect(Hex.encode(certificate.payload) == Golden.certificate)
        #expect(Hex.encode(certificate.signature) == Golden.certificateSignature)
    }

    @Test func `the entries are the golden ones`() throws {
        #expect(Hex.encode(try #require(post.body)) == Golden.body1)
        #expect(Hex.encode(post.headerBytes) == Golden.header1)
        #expect(Hex.encode(post.signature) == Golden.signature1)
        #expect(post.id.description == Golden.id1)
        #expect(post.id.text == Golden.id1Text)
        #expect(Hex.encode(like.headerBytes) == Golden.header2)
        #expect(like.id.description == Golden.id2)
    }

    @Test func `the name claim is the golden one`() throws {
        let claim = NameClaim(name: certificate.name, root: root, created: Self.time)
        #expect(Hex.encode(claim.envelope.payload) == Golden.claim)
        #expect(Hex.encode(claim.envelope.signature) == Golden.claimSignature)
        #expect(claim.envelope.seq == UInt64(Self.time))
        #expect(claim.placed.valueID == 1)
    }

    @Test func `the places in the DHT are the golden ones`() {
        let account = root.publicKey
        #expect(DirectoryKey.name(certificate.name).description == Golden.placeOfName)
        #expect(DirectoryKey.account(account).description == Golden.placeOfAccount)
        #expect(DirectoryKey.news(account).description == Golden.placeOfNews)
        #expect(DirectoryKey.followers(account, shard: 0).description == Golden.placeOfFollowers0)
        #expect(DirectoryKey.followers(account, shard: 1).description == Golden.placeOfFollowers1)
        #expect(DirectoryKey.providers(account).description == Golden.placeOfProviders)
        #expect(DirectoryKey.sealedIdentity(Data(repeating: 4, count: 32)).description == Golden.placeOfIdentity)
    }
}
