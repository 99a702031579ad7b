import Casier
import Foundation
import Testing

/// The parts that need no network and no bucket. The shared vectors say more.
@Suite(.timeLimit(.minutes(1)))
struct PureTests {
    @Test func scopesMakeAndParseKeys() async throws {
        let scope = try Scope(userId: "auth0|5f7c")
        #expect(scope.userId == "auth0|5f7c")
        #expect(scope.prefix == "user_auth0.7C5f7c/")
        let key = try scope.key(kind: "book", filename: "mon livre.pdf")
        #expect(key == "user_auth0.7C5f7c/books/mon livre.pdf")
        let parsed = try scope.parse(key)
        #expect((parsed.kind, parsed.filename) == ("book", "mon livre.pdf"))
        let other = try Scope(userId: "auth0|5f7")
        #expect(try await failure { _ = try other.parse(key) }.code == "not-owner")
        #expect(try await failure { _ = try Scope(userId: "") }.code == "invalid-user-id")
        let guess = try scope.unguessableKey(kind: "book", filename: "a.pdf")
        #expect(try guess != scope.unguessableKey(kind: "book", filename: "a.pdf"))
    }

    /// Swift takes the two spellings of `é` for one; a key is not.
    @Test func spellingsAreKeptApart() throws {
        let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}")
        #expect(composed == decomposed)
        #expect(try Scope(userId: composed).prefix != Scope(userId: decomposed).prefix)
        let nul = try Scope(userId: "a\0b")
        #expect(nul.prefix == "user_a.00b/")
        #expect(nul.userId.utf8.elementsEqual("a\0b".utf8))
    }

    @Test func policiesDecide() throws {
        let policy = try Policy.builtin()
        #expect(policy.tiers == ["free", "basic", "pro", "premium", "enterprise"])
        #expect(policy.roles == ["user", "manager", "admin"])
        #expect(policy.kinds.contains("image"))
        let (free, pro) = (try User(userId: "1"), try User(userId: "2", subscription: "pro"))
        let refused = policy.decide(free, .subscription("pro"))
        #expect(!refused.allowed)
        #expect(refused.error?.code == "subscription-required")
        #expect(throws: CasierError.self) { try refused.require() }
        #expect(policy.decide(pro, .subscription("pro")).allowed)

        let now = Date(timeIntervalSince1970: 1_800_000_000)
        let link = policy.decide(free, .link(seconds: 604_800), now: now)
        #expect(link.linkSeconds == 3600)
        #expect(link.linkExpiresAt == now.addingTimeInterval(3600))
        let upload = Action.upload(
            kind: "image", filename: "a.png", contentType: "image/png", size: 10)
        #expect(policy.decide(free, upload).contentType == "image/png")
        let full = policy.decide(free, upload, facts: Facts(storedBytes: .max))
        #expect(full.error?.code == "quota-exceeded")
        #expect(full.error?.details.limit == 1 << 30)
    }

    @Test func whatUsersHaveIsDecided() throws {
        let policy = try Policy.builtin()
        let ada = try User(
            userId: "1",
            organization: Organization(
                id: "org_1", role: "org:admin", permissions: ["org:teams:manage"]),
            plans: ["u:pro"], factorVerificationAge: (first: 9, second: -1))
        #expect(ada.factorVerificationAge.map { $0 == (9, -1) } == true)
        #expect(ada.organization?.role == "org:admin")
        let allowed: [Action] = [
            .permission("teams:manage"), .plan("u:pro"), .has(role: "admin"),
            .has(permission: "org:teams:manage", plan: "pro", reverification: .strictMFA),
        ]
        for action in allowed { #expect(policy.decide(ada, action).allowed, "\(action)") }
        let refused: [(Action, String)] = [
            (.permission("teams:read"), "permission-required"),
            (.plan("o:pro"), "plan-required"),
            (.has(role: "admin", feature: "teams"), "feature-required"),
            (
                .has(reverification: .init(level: .firstFactor, afterMinutes: 9)),
                "reverification-required"
            ),
            (.has(reverification: .init(named: "")), "invalid-request"),
            (.has(), "invalid-request"),
        ]
        for (action, code) in refused { #expect(policy.decide(ada, action).error?.code == code) }
    }

    @Test func policyFilesAreRead() async throws {
        let text = """
            version = 1
            tiers = ["bronze", "gold"]
            roles = ["member"]
            """
        #expect(try Policy.fromToml(text).tiers == ["bronze", "gold"])
        let error = try await failure { _ = try Policy.fromToml("version = 1\nx = 2", origin: "me") }
        #expect(error.code == "config-invalid")
        #expect(error.message.contains("me"))
        try await withFolder { folder in
            let file = folder.appendingPathComponent("politique été.toml")
            try Data(text.utf8).write(to: file)
            #expect(try Policy.load(file).roles == ["member"])
            let missing = folder.appendingPathComponent("none")
            #expect(try await failure { _ = try Policy.load(missing) }.code == "config-invalid")
        }
    }

    /// A `Date` may hold what no time can be; that is refused and ends no program.
    @Test(arguments: [Double.nan, .infinity, -.infinity, 1e300, -1e300])
    func datesThatAreNone(seconds: Double) async throws {
        let now = Date(timeIntervalSince1970: seconds)
        let decision = try Policy.builtin().decide(User(userId: "1"), .link(seconds: 1), now: now)
        #expect(decision.error?.code == "invalid-request")
        let verifier = try await self.verifier()
        #expect(try await failure { _ = try verifier.verify("a.b.c", now: now) }.status == 400)
    }

    @Test func tokensAreVerifiedAsOfATime() async throws {
        let stack = try LocalStack.shared()
        let token = try await stack.mint("user_ada", ["tier": .string("pro")])
        let verifier = try await verifier()
        let verified = try verifier.verify(token)
        #expect(verified.user.userId == "user_ada")
        #expect(verified.claims["sub"] == .string("user_ada"))
        #expect(verified.keyId != nil)
        let expiry = verified.expiresAt
        _ = try verifier.verify(token, now: expiry.addingTimeInterval(-1), source: .cookie)
        let late = try await failure {
            _ = try verifier.verify(token, now: expiry.addingTimeInterval(6))
        }
        #expect(late.code == "token-expired")
        let early = try await failure {
            _ = try verifier.verify(token, now: Date(timeIntervalSince1970: -1))
        }
        #expect(early.status == 401)
    }

    /// Remembered or not, a token is judged by the time of each call.
    @Test(arguments: [true, false])
    func tokensAreJudgedAgain(tokenCache: Bool) async throws {
        let token = try await LocalStack.shared().mint("user_ada")
        let verifier = try await verifier(tokenCache: tokenCache)
        let verified = try verifier.verify(token)
        #expect(try verifier.verify(token).user.userId == "user_ada")
        let late = try await failure {
            _ = try verifier.verify(token, now: verified.expiresAt.addingTimeInterval(6))
        }
        #expect(late.code == "token-expired")
        let (before, last) = (token.dropLast(), token.suffix(1))
        let forged = before + (last == "A" ? "Q" : "A")
        let error = try await failure { _ = try verifier.verify(String(forged)) }
        #expect(error.status == 401)
    }

    @Test func providersAndMappings() async throws {
        let stack = try LocalStack.shared()
        let token = try await stack.mint(
            "user_ada", ["claims": .object(["app": .object(["tier": .string("pro")])])])
        let (issuer, jwks) = (try stack.issuer().absoluteString, try await stack.jwks())
        let user = { (provider: String?, mapping: [String: [String]]) throws(CasierError) in
            try TokenVerifier(issuer: issuer, provider: provider, jwks: jwks, mapping: mapping)
                .verify(token).user
        }
        #expect(try user(nil, [:]).subscription == "free")
        #expect(try user("clerk", ["subscription": ["app", "tier"]]).subscription == "pro")
        let refused: [(String?, [String: [String]])] = [
            ("okta", [:]), ("auth0", [:]), (nil, ["tier": ["app", "tier"]]),
            (nil, ["role": ["unsafe_metadata", "role"]]), (nil, ["role": []]),
        ]
        for (provider, mapping) in refused {
            let error = try await failure { _ = try user(provider, mapping) }
            #expect(error.code == "config-invalid", "\(provider ?? "") \(mapping)")
        }
    }

    @Test func verifiersTakeOneKeySource() async throws {
        for (jwks, pem) in [(nil, nil), ("{}", "pem"), ("{}", nil)] as [(String?, String?)] {
            let error = try await failure {
                _ = try TokenVerifier(issuer: "https://issuer.test", jwks: jwks, pem: pem)
            }
            #expect(error.code == "config-invalid")
        }
        let jwks = try await LocalStack.shared().jwks()
        for skew in [-1, 301, .nan, .infinity] {
            let error = try await failure {
                _ = try TokenVerifier(issuer: "https://issuer.test", jwks: jwks, clockSkew: skew)
            }
            #expect(error.code == "config-invalid", "\(skew)")
        }
    }

    @Test func numbersOfJsonAreExact() throws {
        let text = """
            {"low":-9223372036854775808,"high":18446744073709551615,"half":0.5,"none":null,\
            "yes":true,"list":[1,"é"]}
            """
        let value = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
        #expect(value["low"]?.integerValue == .min)
        #expect(value["high"] == .unsigned(.max))
        #expect(value["half"] == .number(0.5))
        #expect(value["none"] == .null)
        #expect(value["yes"]?.boolValue == true)
        #expect(value["list"]?.arrayValue == [.integer(1), .string("é")])
        let encoded = try JSONEncoder().encode(value)
        #expect(try JSONDecoder().decode(JSONValue.self, from: encoded) == value)
    }

    private func verifier(tokenCache: Bool = true) async throws -> TokenVerifier {
        let stack = try LocalStack.shared()
        let issuer = try #require(stack.environment["CLERK_ISSUER"])
        return try await TokenVerifier(issuer: issuer, jwks: stack.jwks(), tokenCache: tokenCache)
    }
}
