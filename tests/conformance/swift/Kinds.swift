import Casier
import Foundation

/// What each kind of vectors drives; the README beside this folder says what the fields mean.
let runners: [String: @Sendable (JSONValue) throws -> [String: JSONValue]] = [
    "has": runHas,
    "keys": runKeys,
    "tiers": runTiers,
    "tokens": runTokens,
]

@Sendable private func runTokens(_ given: JSONValue) throws -> [String: JSONValue] {
    var fields = try Fields(given)
    let verified = try verify(&fields)
    return [
        "user": .object(members(verified.user)),
        "issued_at": JSONValue(verified.issuedAt),
        "not_before": JSONValue(verified.notBefore),
        "expires_at": JSONValue(verified.expiresAt),
        "key_id": JSONValue(verified.keyId),
        "session_id": JSONValue(verified.sessionId),
    ]
}

@Sendable private func runHas(_ given: JSONValue) throws -> [String: JSONValue] {
    var fields = try Fields(given)
    let action = try has(fields.require("requirement"))
    try Policy.builtin().decide(verify(&fields).user, action).require()
    return [:]
}

/// Takes the fields of a token, of which none may be left, and verifies it.
private func verify(_ fields: inout Fields) throws -> VerifiedToken {
    let token = try tokenText(&fields)
    let now = Date(timeIntervalSince1970: try fields.require("now").seconds())
    guard let source = TokenSource(rawValue: try fields.require("source").text()) else {
        throw Mismatch("unknown source")
    }
    let policy = try fields.take("policy")?.text()
    let issuer = try fields.require("issuer")
    try fields.end()
    do {
        return try verifier(issuer, policy: policy).verify(token, now: now, source: source)
    } catch let error as CasierError {
        let shown = "\(error) \(String(reflecting: error)) \(error.localizedDescription)"
        let parts = token.split(separator: ".").filter { $0.utf8.count >= 16 }
        guard !parts.contains(where: shown.contains) else {
            throw Mismatch("the error shows the token")
        }
        throw error
    }
}

private func tokenText(_ fields: inout Fields) throws -> String {
    guard let repeated = fields.take("token_repeated") else {
        return try fields.require("token").text()
    }
    var parts = try Fields(repeated)
    let prefix = try parts.take("prefix")?.text() ?? ""
    let text = try parts.take("text")?.text() ?? ""
    let suffix = try parts.take("suffix")?.text() ?? ""
    let times = try parts.take("times")?.count() ?? 0
    try parts.end()
    return prefix + String(repeating: text, count: Int(times)) + suffix
}

private func verifier(_ given: JSONValue, policy: String?) throws -> TokenVerifier {
    var issuer = try Fields(given)
    let (name, jwk) = (try issuer.require("issuer"), issuer.take("jwk"))
    let provider = try issuer.take("provider")?.text()
    let jwks = try issuer.take("jwks")?.json() ?? issuer.take("jwks_text")?.writtenOut()
    let pem = try issuer.take("pem")?.text()
    let audience = try issuer.take("audience")?.texts() ?? []
    let parties = try issuer.take("authorized_parties")?.texts() ?? []
    let allowMissingAzp = try issuer.take("allow_missing_azp")?.flag() ?? false
    let algorithms = try issuer.take("algorithms")?.texts()
    let clockSkew = try issuer.take("clock_skew")?.seconds()
    let namespace = try issuer.take("namespace")?.text()
    let metadataClaim = try issuer.take("public_metadata_claim")?.text()
    let tokenTypes = try issuer.take("token_types")?.texts()
    let mapping = try issuer.take("mapping")?.textsByName() ?? [:]
    try issuer.end()
    return try TokenVerifier(
        issuer: name.text(), provider: provider, jwks: jwks, pem: pem, jwk: jwk?.json(),
        audience: audience, authorizedParties: parties, allowMissingAzp: allowMissingAzp,
        algorithms: algorithms, clockSkew: clockSkew, namespace: namespace,
        publicMetadataClaim: metadataClaim, tokenTypes: tokenTypes, mapping: mapping,
        policy: policy.map { try Policy.fromToml($0, origin: "the case") })
}

private func members(_ user: User) -> [String: JSONValue] {
    let organization = user.organization.map { active in
        JSONValue.object([
            "id": .string(active.id), "slug": JSONValue(active.slug),
            "role": JSONValue(active.role), "permissions": JSONValue(active.permissions),
        ])
    }
    return [
        "user_id": .string(user.userId), "email": JSONValue(user.email),
        "email_verified": .bool(user.emailVerified), "first_name": JSONValue(user.firstName),
        "last_name": JSONValue(user.lastName), "full_name": JSONValue(user.fullName),
        "username": JSONValue(user.username), "image_url": JSONValue(user.imageUrl),
        "phone_number": JSONValue(user.phoneNumber), "phone_verified": .bool(user.phoneVerified),
        "subscription": .string(user.subscription), "role": .string(user.role),
        "session_id": JSONValue(user.sessionId), "organization": organization ?? .null,
        "plans": JSONValue(user.plans), "features": JSONValue(user.features),
        "factor_verification_age": user.factorVerificationAge.map {
            .array([.integer($0.first), .integer($0.second)])
        } ?? .null,
        "metadata": .object(user.metadata), "actor": user.actor ?? .null,
        "claims": .object(user.claims),
    ]
}

@Sendable private func runKeys(_ given: JSONValue) throws -> [String: JSONValue] {
    var fields = try Fields(given)
    let userId = try fields.require("user_id").writtenOut()
    var calls = try Fields(fields.require("call"))
    try fields.end()
    let call = try calls.takeOnly()
    var arguments = try Fields(call.value)
    switch call.name {
    case "prefix":
        try arguments.end()
        return ["prefix": .string(try Scope(userId: userId).prefix)]
    case "key":
        let kind = try arguments.require("kind").writtenOut()
        let filename = try arguments.require("filename").writtenOut()
        try arguments.end()
        return ["key": .string(try Scope(userId: userId).key(kind: kind, filename: filename))]
    case "parse":
        let key = try arguments.require("key").writtenOut()
        try arguments.end()
        let parsed = try Scope(userId: userId).parse(key)
        return ["kind": JSONValue(parsed.kind), "filename": .string(parsed.filename)]
    default:
        throw Mismatch("unknown call: \(call.name)")
    }
}

@Sendable private func runTiers(_ given: JSONValue) throws -> [String: JSONValue] {
    var fields = try Fields(given)
    let user = try user(fields.take("user") ?? .object([:]))
    let action = try action(fields.require("action"))
    var facts = try Fields(fields.take("facts") ?? .object([:]))
    let storedBytes = try facts.take("stored_bytes")?.count() ?? 0
    try facts.end()
    let now = Date(timeIntervalSince1970: try fields.take("now")?.seconds() ?? 0)
    let text = try fields.take("policy")?.text()
    try fields.end()
    let policy = try text.map { try Policy.fromToml($0, origin: "the case") } ?? Policy.builtin()
    let decision = policy.decide(user, action, facts: Facts(storedBytes: storedBytes), now: now)
    try decision.require()
    return [
        "link_seconds": JSONValue(decision.linkSeconds),
        "link_expires_at": JSONValue(decision.linkExpiresAt),
        "content_type": JSONValue(decision.contentType),
    ]
}

private func user(_ given: JSONValue) throws -> User {
    var fields = try Fields(given)
    let subscription = try fields.take("subscription")?.text()
    let role = try fields.take("role")?.text()
    let plans = try fields.take("plans")?.texts() ?? []
    let features = try fields.take("features")?.texts() ?? []
    try fields.end()
    return try User(
        userId: "user_1", subscription: subscription, role: role, plans: plans, features: features)
}

private func action(_ given: JSONValue) throws -> Action {
    var actions = try Fields(given)
    let (name, value) = try actions.takeOnly()
    switch name {
    case "subscription": return .subscription(try value.text())
    case "role": return .role(try value.text())
    case "feature": return .feature(try value.text())
    case "permission": return .permission(try value.text())
    case "plan": return .plan(try value.text())
    case "has": return try has(value)
    case "upload":
        var fields = try Fields(value)
        let kind = try fields.require("kind").text()
        let filename = try fields.require("filename").text()
        let contentType = try fields.require("content_type").text()
        let size = try fields.require("size").count()
        try fields.end()
        return .upload(kind: kind, filename: filename, contentType: contentType, size: size)
    case "link":
        var fields = try Fields(value)
        let seconds = try fields.require("seconds").count()
        try fields.end()
        return .link(seconds: seconds)
    default:
        throw Mismatch("unknown action: \(name)")
    }
}

private func has(_ given: JSONValue) throws -> Action {
    var fields = try Fields(given)
    let role = try fields.take("role")?.text()
    let permission = try fields.take("permission")?.text()
    let feature = try fields.take("feature")?.text()
    let plan = try fields.take("plan")?.text()
    let reverification = try fields.take("reverification").map(reverification)
    try fields.end()
    return .has(
        role: role, permission: permission, feature: feature, plan: plan,
        reverification: reverification)
}

/// Clerk's name for a level and an age, or both of them.
private func reverification(_ given: JSONValue) throws -> Reverification {
    if let name = given.stringValue { return Reverification(named: name) }
    var fields = try Fields(given)
    let name = try fields.require("level").text()
    let afterMinutes = try fields.require("after_minutes").count()
    try fields.end()
    guard let level = Reverification.Level(rawValue: name),
        let afterMinutes = UInt32(exactly: afterMinutes)
    else { throw Mismatch("unknown reverification: \(given)") }
    return Reverification(level: level, afterMinutes: afterMinutes)
}
