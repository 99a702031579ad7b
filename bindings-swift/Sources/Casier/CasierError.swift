import Foundation
internal import CasierInternal

/// Why a call failed. The cases say what an application does about it, the ``code`` what exactly
/// happened; the codes are the same in every language.
///
/// ```swift
/// do {
///     try session.requireSubscription("pro")
/// } catch .accessDenied(let failure) {
///     print(failure.code, failure.details.required ?? "")     // subscription-required pro
/// } catch {
///     print(error.status, error.message)
/// }
/// ```
public enum CasierError: Error, Hashable, Sendable {
    /// Nobody is signed in: the token is missing, malformed, expired or not to be trusted (401).
    case authentication(Failure)
    /// The user is known, and may not do this (403).
    case accessDenied(Failure)
    /// A key, a filename, a file or another argument cannot be accepted (400, 405, 413, 415, 416).
    case invalidInput(Failure)
    /// There is no such thing (404).
    case notFound(Failure)
    /// What is stored stands in the way (409, 412).
    case conflict(Failure)
    /// Something that Casier needs does not answer, or asks to wait (429, 503, 504).
    case unavailable(Failure)
    /// The store refuses our own credentials, or cannot do what was asked (501, 502).
    case storage(Failure)
    /// A setting is missing or wrong (500).
    case config(Failure)
    /// The task was cancelled (499), a local file failed, or a fault in Casier (500).
    case other(Failure)

    /// What went wrong, in every case.
    public struct Failure: Hashable, Sendable {
        /// The stable code, for example `token-expired`.
        public let code: String
        /// What was wrong, for people. It never holds a token, a secret or a signed link.
        public let message: String
        /// The HTTP status that goes with the code.
        public let status: Int
        /// Whether the same call may succeed later with nothing changed.
        public let retryable: Bool
        /// The facts that belong to the code.
        public let details: Details
    }

    /// The facts that some codes carry; `nil` where they do not apply.
    public struct Details: Hashable, Sendable {
        /// What the call needed: a tier, a role, a feature, a content type.
        public let required: String?
        /// What the caller has instead.
        public let actual: String?
        /// The limit that was met, in the unit that it is about: bytes, seconds, files, requests.
        public let limit: UInt64?
        /// How much was used or asked for, in the same unit.
        public let used: UInt64?
        /// Seconds to wait before another try.
        public let retryAfter: TimeInterval?
    }

    /// What went wrong, whatever the case.
    public var failure: Failure {
        switch self {
        case .authentication(let failure), .accessDenied(let failure), .invalidInput(let failure),
            .notFound(let failure), .conflict(let failure), .unavailable(let failure),
            .storage(let failure), .config(let failure), .other(let failure):
            failure
        }
    }

    /// The stable code, for example `token-expired`.
    public var code: String { failure.code }
    /// What was wrong, for people. It never holds a token, a secret or a signed link.
    public var message: String { failure.message }
    /// The HTTP status that goes with the code.
    public var status: Int { failure.status }
    /// Whether the same call may succeed later with nothing changed.
    public var retryable: Bool { failure.retryable }
    /// The facts that belong to the code.
    public var details: Details { failure.details }
}

extension CasierError: LocalizedError, CustomStringConvertible {
    /// What was wrong, for people.
    public var errorDescription: String? { message }

    /// The code and what was wrong.
    public var description: String { "\(code): \(message)" }
}

extension CasierError {
    /// What a call into the core has thrown. All but its own errors are panics.
    init(_ error: any Error) {
        switch error {
        case let error as CasierError: self = error
        case CasierInternal.CasierError.Failed(let failure): self.init(failure)
        default: self = .fault
        }
    }

    init(_ failure: CasierInternal.Failure) {
        let common = Failure(failure)
        self =
            switch failure.category {
            case .authentication: .authentication(common)
            case .accessDenied: .accessDenied(common)
            case .invalidInput: .invalidInput(common)
            case .notFound: .notFound(common)
            case .conflict: .conflict(common)
            case .unavailable: .unavailable(common)
            case .storage: .storage(common)
            case .config: .config(common)
            case .other: .other(common)
            }
    }

    /// Said here, since the core is in no state to be asked.
    static let fault = CasierError.other(
        Failure(
            code: "internal", message: "a call broke down; this is a fault in Casier", status: 500,
            retryable: false,
            details: Details(required: nil, actual: nil, limit: nil, used: nil, retryAfter: nil)))
}

extension CasierError.Failure {
    fileprivate init(_ failure: CasierInternal.Failure) {
        code = failure.code
        message = failure.message
        status = Int(failure.status)
        retryable = failure.retryable
        details = CasierError.Details(
            required: failure.required, actual: failure.actual, limit: failure.limit,
            used: failure.used, retryAfter: failure.retryAfter)
    }
}
