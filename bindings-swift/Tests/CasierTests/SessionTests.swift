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

    @Test func whatTheTokenGrants() async throws {
        let stack = try LocalStack.shared()
        let organization: [String: JSONValue] = [
            "id": .string("org_1"), "role": .string("admin"),
            "permissions": .array([.string("org:teams:manage")]),
        ]
        let token = try await stack.mint(
            "user_ada",
            [
                "organization": .object(organization),
                "plans": .array([.string("u:pro")]), "features": .array([.string("o:teams")]),
                "claims": .object(["fva": .array([.integer(5), .integer(70)])]),
            ])
        let ada = try await stack.casier().authenticate(token)
        let age = try #require(ada.user.factorVerificationAge)
        #expect(age == (5, 70))
        #expect(ada.user.organization?.permissions == ["org:teams:manage"])

        #expect(ada.hasPlan("pro") && ada.hasPlan("u:pro") && !ada.hasPlan("o:pro"))
        #expect(ada.hasPermission("org:teams:manage") && ada.hasPermission("teams:manage"))
        #expect(!ada.hasPermission("teams:read") && !ada.hasPermission(""))
        try ada.requirePlan("u:pro")
        try ada.requirePermission("teams:manage")

        #expect(ada.has(role: "org:admin", permission: "teams:manage"))
        #expect(ada.has(feature: "o:teams", plan: "pro"))
        #expect(!ada.has(role: "admin", plan: "team"))
        #expect(!ada.has())
        #expect(ada.has(reverification: .lax) && !ada.has(reverification: .moderate))
        #expect(!ada.has(reverification: .strict) && !ada.has(reverification: .strictMFA))
        #expect(ada.has(reverification: Reverification(level: .firstFactor, afterMinutes: 6)))
        #expect(!ada.has(reverification: Reverification(level: .firstFactor, afterMinutes: 5)))
        try ada.require(permission: "org:teams:manage", reverification: .lax)
        // The role in the organization opens no door of the application.
        #expect(!ada.hasRole("admin"))
    }

    @Test func whatTheTokenDoesNotGrantIsSaid() async throws {
        let stack = try LocalStack.shared()
        let free = try await stack.session()
        let never: JSONValue = .object(["fva": .array([.integer(-1), .integer(-1)])])
        let stale = try await stack.casier().authenticate(stack.mint("user_eve", ["claims": never]))
        let refusals: [(String, String, () throws -> Void)] = [
            ("plan-required", "pro", { try free.requirePlan("pro") }),
            ("permission-required", "teams:read", { try free.requirePermission("teams:read") }),
            ("role-required", "admin", { try free.require(role: "admin", plan: "pro") }),
            ("feature-required", "books", { try free.require(feature: "books") }),
            (
                "reverification-required", "second_factor within 10 minutes",
                { try stale.require(reverification: .strict) }
            ),
        ]
        for (code, required, call) in refusals {
            let error = try await failure { try call() }
            #expect((error.code, error.status, error.details.required) == (code, 403, required))
            #expect(error.details.actual != nil)
        }
        for wrong in [Reverification(named: "always"), .init(level: .firstFactor, afterMinutes: 0)] {
            let error = try await failure { try free.require(reverification: wrong) }
            #expect(error.code == "invalid-request")
            #expect(!free.has(reverification: wrong))
        }
        #expect(try await failure { try free.require() }.code == "invalid-request")
    }

    @Test func revokedSessionsAreRefused() async throws {
        let stack = try LocalStack.shared()
        let casier = try stack.casier()
        let (one, other) = (
            try await stack.mint("user_ada", ["sid": .string("sess_one")]),
            try await stack.mint("user_ada", ["sid": .string("sess_other")])
        )
        let session = try await casier.authenticate(one)
        try await casier.revoke(#require(session.user.sessionId))
        var error = try await failure { _ = try await casier.authenticate(one) }
        #expect((error.code, error.status) == ("session-revoked", 401))
        #expect(try await casier.authenticate(other).user.userId == "user_ada")

        try await casier.revokeUser("user_ada", at: .now.addingTimeInterval(-3600))
        _ = try await casier.authenticate(other)
        try await casier.revokeUser("user_ada")
        error = try await failure { _ = try await casier.authenticate(other) }
        #expect(error.code == "session-revoked")
        _ = try await casier.authenticate(stack.mint("user_ben"))

        #expect(try await failure { try await casier.revoke("") }.code == "invalid-request")
        #expect(try await failure { try await casier.revokeUser("") }.code == "invalid-user-id")
        error = try await failure {
            try await casier.revokeUser("user_ada", at: .now.addingTimeInterval(600))
        }
        #expect(error.code == "invalid-request")
        error = try await failure { try await casier.revokeUser("user_ada", at: .distantFuture) }
        #expect(error.code == "invalid-request")
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
