import Casier
import Foundation
import Testing

/// What must never be shown is shown by no description, no dump and no error.
@Suite(.timeLimit(.minutes(1)))
struct SecretTests {
    @Test func nothingShowsASecret() async throws {
        let stack = try LocalStack.shared()
        let token = try await stack.mint(
            "user_1", ["tier": .string("pro"), "email": .string("ada@example.com")])
        let bad = try await stack.mint("user_1", ["fault": .string("tampered-signature")])
        var settings = try stack.settings()
        let casier = try Casier(settings)
        let session = try await casier.authenticate(token)
        let files = try session.files()
        let stored = try await files.uploadFileObject(
            Data("# a".utf8), filename: "a.md", kind: "blog", metadata: ["note": "très privé"])
        let link = try await files.presignedUrl(stored.key)
        let signature = try #require(link.url.absoluteString.components(separatedBy: "Signature=").last)
        let upload = try await files.presignedUpload(filename: "b.md", kind: "blog", size: 1)
        let post = try await files.presignedPost(filename: "b.md", kind: "blog", sizes: 0...1)
        let begun = try await files.beginUpload(filename: "b.md", kind: "blog", size: 1)
        let part = try await files.partUrls(begun.uploadId, partNumbers: [1])[0]
        try await files.abortUpload(begun.uploadId)
        let keys = try await files.temporaryCredentials()
        let distribution = try await withFolder { try Distribution(keptIn: $0) }
        settings.cloudfrontPrivateKey = distribution.privateKey
        let behind = try distribution.casier().storageFor(userId: "1")
        let (cdnLink, cookies) = try (behind.cdnUrl("user_1/a.md"), behind.cdnCookies())
        let issuer = try #require(settings.issuer)
        let verifier = try await TokenVerifier(issuer: issuer, jwks: stack.jwks())

        let values: [Any] = [
            settings, casier, session, session.user, files, files.scope, stored,
            try await files.list(withMetadata: true), link, verifier, try verifier.verify(token),
            upload, post, begun, part, keys, cdnLink, cookies,
        ]
        var shown = values.map(shows).joined()
        settings.secretKey = "sk_test_abc"
        settings.jwksUrl = "nowhere"
        let calls: [() async throws -> Void] = [
            { _ = try await casier.authenticate(bad) },
            { _ = try await casier.authenticate(token + "x") },
            { [settings] in _ = try Casier(settings) },
            { _ = try await files.read("user_2/a.md") },
        ]
        for call in calls {
            let error = try await failure(of: call)
            shown += shows(error) + error.localizedDescription
        }
        let secrets = [
            token, bad, String(try #require(token.split(separator: ".").last)),
            try #require(settings.secretAccessKey), String(signature.prefix(32)), "sk_test_abc",
            "ada@example.com", "très privé", begun.uploadId, keys.secretAccessKey, keys.sessionToken,
            distribution.privateKey, try #require(cookies.cookies["CloudFront-Signature"]),
            try #require(post.fields["x-amz-signature"]),
        ]
        for signature in [upload.url, part.url, cdnLink.url].compactMap(\.query) {
            #expect(!shown.contains(signature))
        }
        for secret in secrets { #expect(!shown.contains(secret)) }
        #expect(shown.contains("user_1") && shown.contains("blogs/a.md"))
    }

    /// All that Swift has to say of a value.
    private func shows(_ value: Any) -> String {
        var dumped = ""
        dump(value, to: &dumped)
        let error = value as? any Error
        return "\(value)" + String(reflecting: value) + dumped + (error.map { "\($0)" } ?? "")
    }
}
