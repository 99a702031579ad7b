import Foundation
internal import CasierInternal

/// Tiers, roles, kinds and their limits.
///
/// Immutable and pure: no clock, no I/O, the same answers in every language.
public struct Policy: Redacted, Sendable {
    /// The names of the tiers, lowest first.
    public let tiers: [String]
    /// The names of the application roles, lowest first.
    public let roles: [String]
    /// The names of the kinds of files.
    public let kinds: [String]

    let core: CasierInternal.Policy

    private init(_ core: CasierInternal.Policy) throws {
        tiers = try core.tiers()
        roles = try core.roles()
        kinds = try core.kinds()
        self.core = core
    }

    /// The policy that holds where no policy file says otherwise.
    public static func builtin() throws(CasierError) -> Policy {
        try call { try Policy(.builtin()) }
    }

    /// The policy that the text of a policy file gives.
    ///
    /// - Parameters:
    ///   - text: The file's text, TOML.
    ///   - origin: What error messages call the file.
    /// - Throws: `config-invalid` when the text is not a policy; the message names the key.
    public static func fromToml(
        _ text: String, origin: String = "policy"
    ) throws(CasierError) -> Policy {
        try call { try Policy(.fromToml(text: text, origin: origin)) }
    }

    /// Reads a policy file, of 1 MiB at most.
    ///
    /// - Throws: `config-invalid` when the file cannot be read or is not a policy.
    public static func load(_ file: URL) throws(CasierError) -> Policy {
        try call { try Policy(.load(file: file)) }
    }

    /// Decides whether `user` may do `action`, and on what terms.
    ///
    /// A user whose tier or role the policy does not know counts as having the lowest. A tier or
    /// role that is asked for and that the policy does not know is refused for everybody
    /// (`config-invalid`). A feature that no tier has may still be granted by a token.
    ///
    /// - Parameters:
    ///   - user: Who asks.
    ///   - action: What for.
    ///   - facts: What else is known. Defaults to a user who has stored nothing.
    ///   - now: The time of the call. Defaults to the present.
    public func decide(
        _ user: User, _ action: Action, facts: Facts = Facts(), now: Date? = nil
    ) -> Decision {
        do {
            return try Decision(
                core.decide(
                    user: user.core, action: action.core, storedBytes: facts.storedBytes, now: now))
        } catch {
            return Decision(refusal: CasierError(error))
        }
    }

    /// The tiers and the roles.
    public var description: String { "Policy(tiers: \(tiers), roles: \(roles))" }
}

/// Something that a user asks for and that a policy allows or refuses.
public enum Action: Hashable, Sendable {
    /// Pass where this tier or a higher one is needed.
    case subscription(String)
    /// Pass where this application role or a higher one is needed.
    case role(String)
    /// Use a feature: `books`, or `u:books` and `o:books` for what the token itself grants.
    case feature(String)
    /// Pass where this permission in the active organization is needed: `org:teams:manage` or
    /// `teams:manage`.
    case permission(String)
    /// Pass where the token must name this plan: `pro`, or `u:pro` and `o:pro` for one of the user
    /// or of the active organization.
    case plan(String)
    /// Pass where the token must grant all of this, as
    /// ``Session/has(role:permission:feature:plan:reverification:)`` tells it.
    case has(
        role: String? = nil, permission: String? = nil, feature: String? = nil,
        plan: String? = nil, reverification: Reverification? = nil)
    /// Store a file of this kind, name, content type and size in bytes.
    case upload(kind: String, filename: String, contentType: String, size: UInt64)
    /// Get a link that lives for this many seconds.
    case link(seconds: UInt64)

    fileprivate var core: CasierInternal.Action {
        switch self {
        case .subscription(let tier): .subscription(tier: tier)
        case .role(let role): .role(role: role)
        case .feature(let feature): .feature(feature: feature)
        case .permission(let permission): .permission(permission: permission)
        case .plan(let plan): .plan(plan: plan)
        case .has(let role, let permission, let feature, let plan, let reverification):
            .has(
                wanted: Requirement(
                    role: role, permission: permission, feature: feature, plan: plan,
                    reverification: reverification?.core))
        case .upload(let kind, let filename, let contentType, let size):
            .upload(kind: kind, filename: filename, contentType: contentType, size: size)
        case .link(let seconds): .link(seconds: seconds)
        }
    }
}

/// What a decision has to know beside the user and the policy.
public struct Facts: Hashable, Sendable {
    /// The bytes that the user holds or has reserved now, without the file that the upload replaces.
    public var storedBytes: UInt64

    /// The facts of a user who holds this much.
    public init(storedBytes: UInt64 = 0) {
        self.storedBytes = storedBytes
    }
}

/// Allowed, on terms, or refused, with the error to throw.
public struct Decision: Sendable {
    /// Why the action is refused; `nil` when it is allowed.
    public let error: CasierError?
    /// How many seconds the link may really live; `nil` when this is not about a link.
    public let linkSeconds: UInt64?
    /// When that link ends; `nil` when this is not about a link.
    public let linkExpiresAt: Date?
    /// The content type to store; `nil` when this is not about an upload.
    public let contentType: String?

    /// Whether the action is allowed.
    public var allowed: Bool { error == nil }

    /// Returns when the action is allowed.
    ///
    /// - Throws: The refusal.
    public func require() throws(CasierError) {
        if let error { throw error }
    }

    fileprivate init(_ decision: CasierInternal.Decision) {
        error = decision.error.map(CasierError.init)
        linkSeconds = decision.linkSeconds
        linkExpiresAt = decision.linkExpiresAt
        contentType = decision.contentType
    }

    fileprivate init(refusal: CasierError) {
        error = refusal
        linkSeconds = nil
        linkExpiresAt = nil
        contentType = nil
    }
}
