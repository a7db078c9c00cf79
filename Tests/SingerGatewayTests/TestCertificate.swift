import Foundation
import SingerTesting

@testable import SingerGateway

/// Self-signed for `localhost` until 2126, in files that go with it; guards nothing.
struct TestCertificate {
    let tls: GatewayConfiguration.TLS
    private let directory = TemporaryDirectory()

    init() throws {
        tls = .init(certificatePath: directory.path + "/certificate.pem", keyPath: directory.path + "/key.pem")
        try Data(Self.certificate.utf8).write(to: URL(filePath: tls.certificatePath))
        try Data(Self.key.utf8).write(to: URL(filePath: tls.keyPath))
    }

    private static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBfjCCASWgAwIBAgIUIjaYuKVIjAefPJUCSsjCLygd6+swCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjE2NTExOVoYDzIxMjYxMDI5
        MTY1MTE5WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAARRuJocu0kP+6wiNf1M9lKDgEI4h7Itpa3sIT/JUHG7riKj4bvOLW0X
        JOisikThlZ6zys46oqly1VbcHI3v4SL/o1MwUTAdBgNVHQ4EFgQUIjSuaWVznM/L
        WlTKY99mJhHiOMcwHwYDVR0jBBgwFoAUIjSuaWVznM/LWlTKY99mJhHiOMcwDwYD
        VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNHADBEAiAl5wtxjEvjYaGOABFlLiuG
        T1PNDmu/pD7fwSEeNmmnGwIgW+fBpOzLUZOgTFl7mBtpu8KsKtH5MC5ukQspEhAH
        TtM=
        -----END CERTIFICATE-----
        """
    private static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgAKxQg8aRuf6WZl0q
        GDGMXn7rXsezu/GoNwvQIiXV+mOhRANCAARRuJocu0kP+6wiNf1M9lKDgEI4h7It
        pa3sIT/JUHG7riKj4bvOLW0XJOisikThlZ6zys46oqly1VbcHI3v4SL/
        -----END PRIVATE KEY-----
        """
}
