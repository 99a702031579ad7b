import Casier
import Foundation
import Testing

/// From a token to a user, and what the user may do.
@Suite(.timeLimit(.minutes(1)))
struct SessionTests {
    @Test func aTokenBecomesAUser() async throws {
        let stack = try LocalStack.shared()
        let token = try await stack.mint(
            "user_ada",
            ["tier": .string("pro"), "role": .string("manager"), "email": .string("ada@example.com")])
        let ada = try await stack.casier().authenticate(token)
        #expect(ada.user.userId == "user_ada")
        #expect(ada.user.email == "ada@example.com")
        #expect(ada.user.subscription == "pro")
        #expect(ada.user.role == "manager")
        #expect(ada.claims["sub"] == .string("user_ada"))
        #expect(ada.user.metadata["role"] == .string("manager"))
        #expect(ada.expiresAt > Date())

        #expect(ada.hasSubscription("basic") && ada.hasSubscription("pro"))
        #expect(!ada.hasSubscription("premium") && !ada.hasSubscription("gold"))
        #expect(ada.hasRole("user") && !ada.hasRole("admin"))
        #expect(ada.hasFeature("books") && !ada.hasFeature("videos"))
        #expect(ada.owns("user_ada") && !ada.owns("user_ben"))
        try ada.requireSubscription("pro")
        try ada.requireRole("manager")
        try ada.requireFeature("books")
        try ada.requireOwner("user_ada")
    }

    @Test func theEnvironmentConfigures() async throws {
        let stack = try LocalStack.shared()
        let session = try await Casier.fromEnv().authenticate(stack.mint("user_ada"))
        #expect(session.user.subscription == "free")
        #expect(try session.files().bucket == stack.environment["S3_BUCKET_NAME"])
        var settings = Casier.Settings()
        settings.bucket = "another"
        #expect(try Casier.fromEnv(settings).storageFor(userId: "user_ada").bucket == "another")
    }

    @MainActor @Test func theMainActorMayWait() async throws {
        let session = try await LocalStack.shared().session()
        #expect(try await session.files().list().items.isEmpty)
    }

    @Test func refusalsSayWhatIsRequired() async throws {
        let free = try await LocalStack.shared().session()
        var error = try await failure { try free.requireSubscription("pro") }
        #expect(error.code == "subscription-required")
        #expect((error.details.required, error.details.actual) == ("pro", "free"))
        error = try await failure { try free.requireRole("admin") }
        #expect(error.code == "role-required")
        error = try await failure { try free.requireFeature("books") }
        #expect(error.code == "feature-required")
        error = try await failure { try free.requireOwner("user_ben") }
        #expect(error.code == "not-owner")
        error = try await failure { try free.requireSubscription("gold") }
        #expect(error.code == "config-invalid")
    }

    @Test(arguments: [
        ("expired", "token-expired"),
        ("tampered-payload", "token-invalid-signature"),
        ("tampered-signature", "token-invalid-signature"),
        ("other-issuer", "token-invalid-issuer"),
        ("alg-none", "token-invalid-algorithm"),
    ])
    func badTokensAreRefused(fault: String, code: String) async throws {
        let stack = try LocalStack.shared()
        let token = try await stack.mint("user_eve", ["fault": .string(fault)])
        let casier = try stack.casier()
        let error = try await failure { _ = try await casier.authenticate(token) }
        #expect(error.code == code)
        guard case .authentication = error else { throw Missing("another case: \(error)") }
    }

    @Test func requestsBringTheirToken() async throws {
        let stack = try LocalStack.shared()
        let (casier, token) = (try stack.casier(), try await stack.mint("user_ada"))
        var session = try await casier.authenticateRequest(
            method: "GET", headers: ["authorization": "Bearer \(token)"])
        #expect(session.user.userId == "user_ada")
        session = try await casier.authenticateRequest(
            method: "GET", headers: [("Cookie", "a=b"), ("Cookie", "__session=\(token)")])
        #expect(session.user.userId == "user_ada")

        var error = try await failure {
            _ = try await casier.authenticateRequest(method: "GET", headers: [:])
        }
        #expect(error.code == "token-missing")
        error = try await failure {
            _ = try await casier.authenticateRequest(
                method: "POST",
                headers: ["Cookie": "__session=\(token)", "Origin": "https://evil.example"])
        }
        #expect(error.code == "cross-site-request")
        let twice = [("Authorization", "Bearer \(token)"), ("Authorization", "Bearer \(token)")]
        error = try await failure {
            _ = try await casier.authenticateRequest(method: "GET", headers: twice)
        }
        #expect(error.status == 401)
    }

    @Test func aServerThatIsGoneIsUnavailable() async throws {
        let stack = try LocalStack.shared()
        var settings = try stack.settings()
        settings.jwksUrl = "http://127.0.0.1:9/jwks.json"
        let (casier, token) = (try Casier(settings), try await stack.mint("user_ada"))
        let error = try await failure { _ = try await casier.authenticate(token) }
        #expect(error.code == "jwk-remote-failed-to-load")
        #expect(error.retryable)
    }
}
