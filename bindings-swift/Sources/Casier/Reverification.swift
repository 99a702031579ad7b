internal import CasierInternal

/// How recently a user must have proved who they are, and with which factors.
///
/// ```swift
/// try session.require(permission: "billing:manage", reverification: .strict)
/// ```
public struct Reverification: Hashable, Sendable {
    let core: CasierInternal.Reverification

    /// Both factors within 10 minutes.
    public static let strictMFA = Reverification(named: "strict_mfa")
    /// The second factor within 10 minutes.
    public static let strict = Reverification(named: "strict")
    /// The second factor within 60 minutes.
    public static let moderate = Reverification(named: "moderate")
    /// The second factor within 1,440 minutes, a day.
    public static let lax = Reverification(named: "lax")

    /// These factors, proved less than `afterMinutes` minutes ago.
    ///
    /// - Parameters:
    ///   - level: Which factors count.
    ///   - afterMinutes: From how many minutes on a proof is too old. 0 is refused, as
    ///     `invalid-request`, where it is asked for.
    public init(level: Level, afterMinutes: UInt32) {
        core = .custom(level: level.rawValue, afterMinutes: afterMinutes)
    }

    /// What Clerk calls so: `strict_mfa`, `strict`, `moderate` or `lax`. Any other name is refused,
    /// as `invalid-request`, where it is asked for.
    public init(named name: String) {
        core = .named(name: name)
    }

    /// Which of the factors that the user has set up must be recent, by Clerk's names.
    public enum Level: String, Hashable, Sendable {
        /// The first, such as a password.
        case firstFactor = "first_factor"
        /// The second; for a user who has none, the first.
        case secondFactor = "second_factor"
        /// Both; for a user who has no second, the first.
        case multiFactor = "multi_factor"
    }
}
