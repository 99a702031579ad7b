import Foundation
internal import CasierInternal

/// Verifies the tokens of one issuer whose keys are given: no network, and the time may come from
/// outside. Applications test with it.
public struct TokenVerifier: Redacted, Sendable {
    private let core: CasierInternal.TokenVerifier

    /// Give the keys as exactly one of `jwks`, `pem` and `jwk`.
    ///
    /// - Parameters:
    ///   - issuer: What `iss` must be, byte for byte.
    ///   - provider: Who makes the tokens: `clerk`, `oidc`, `auth0`, `cognito`, `supabase`,
    ///     `firebase` or `keycloak`. It decides which claims are read. Defaults to `clerk`.
    ///   - jwks: A JSON Web Key set, as JSON text.
    ///   - pem: One public key, as PEM.
    ///   - jwk: One public key, as the JSON text of a JSON Web Key.
    ///   - audience: Accepted `aud`. Defaults to the provider's: not checked for Clerk,
    ///     `authenticated` for Supabase, the project for Firebase; required for every other.
    ///   - authorizedParties: Accepted `azp`. Defaults to none: not checked.
    ///   - allowMissingAzp: Whether a token from a header passes without `azp` although authorized
    ///     parties are set.
    ///   - algorithms: Allowed algorithms, by their JOSE names. Defaults to the provider's: RS256,
    ///     and ES256 for Supabase.
    ///   - clockSkew: Seconds by which the issuer's clock may be off, 0 to 300. Defaults to 5.
    ///   - namespace: For an issuer other than the primary one: the prefix of its user ids.
    ///   - publicMetadataClaim: Another claim that only the issuer's server side can write, read
    ///     like `public_metadata`.
    ///   - tokenTypes: Accepted `typ` headers. Defaults to the provider's: `JWT` for Clerk.
    ///   - tokenCache: Whether tokens that were verified are remembered, so that they need not be
    ///     checked as a whole when they come again. Defaults to `true`.
    ///   - mapping: Which claims fill a user's field, where that is not what the provider's are: a
    ///     path of names from outside in, by the name of the field, such as
    ///     `["role": ["resource_access", "files", "roles"]]`.
    ///   - policy: Which tiers and roles there are. Defaults to the built-in policy.
    /// - Throws: `config-invalid` when the keys cannot be used, or a setting would weaken the
    ///   checks.
    public init(
        issuer: String, provider: String? = nil, jwks: String? = nil, pem: String? = nil,
        jwk: String? = nil, audience: [String] = [], authorizedParties: [String] = [],
        allowMissingAzp: Bool = false, algorithms: [String]? = nil,
        clockSkew: TimeInterval? = nil, namespace: String? = nil,
        publicMetadataClaim: String? = nil, tokenTypes: [String]? = nil,
        tokenCache: Bool = true, mapping: [String: [String]] = [:], policy: Policy? = nil
    ) throws(CasierError) {
        let options = VerifierOptions(
            issuer: issuer, provider: provider, jwks: jwks, pem: pem, jwk: jwk, audience: audience,
            authorizedParties: authorizedParties, allowMissingAzp: allowMissingAzp,
            algorithms: algorithms, clockSkew: clockSkew, namespace: namespace,
            publicMetadataClaim: publicMetadataClaim, tokenTypes: tokenTypes,
            tokenCache: tokenCache, mapping: mapping)
        core = try call { try CasierInternal.TokenVerifier(options: options, policy: policy?.core) }
    }

    /// Verifies a token.
    ///
    /// - Parameters:
    ///   - token: The token, without `Bearer`.
    ///   - now: The time to check it against. Defaults to the present.
    ///   - source: Where it came in.
    /// - Throws: ``CasierError/authentication(_:)`` when the token must not be trusted: the code
    ///   says why. `invalid-user-id` when its `sub` cannot name a user.
    public func verify(
        _ token: String, now: Date? = nil, source: TokenSource = .header
    ) throws(CasierError) -> VerifiedToken {
        try call { try VerifiedToken(core.verify(token: token, now: now, source: source.core)) }
    }

    /// The name of the type alone.
    public var description: String { "TokenVerifier" }
}

/// Where a token came in.
public enum TokenSource: String, Sendable {
    /// In a header of its own.
    case header
    /// In a cookie, which browsers send by themselves: stricter rules hold.
    case cookie

    fileprivate var core: CasierInternal.TokenSource {
        switch self {
        case .header: .header
        case .cookie: .cookie
        }
    }
}

/// A token that has passed every check.
public struct VerifiedToken: Redacted, Sendable {
    /// Whose token it is.
    public let user: User
    /// When it was issued.
    public let issuedAt: Date?
    /// When it becomes valid.
    public let notBefore: Date?
    /// When it expires.
    public let expiresAt: Date
    /// The id of the key that signed it.
    public let keyId: String?
    /// The issuer's session.
    public let sessionId: String?

    init(_ token: CasierInternal.VerifiedToken) throws {
        user = try User(token.user)
        issuedAt = token.issuedAt
        notBefore = token.notBefore
        expiresAt = token.expiresAt
        keyId = token.keyId
        sessionId = token.sessionId
    }

    /// Every claim.
    public var claims: [String: JSONValue] { user.claims }

    /// The user's ids and standing.
    public var description: String { "VerifiedToken(\(user))" }
}
