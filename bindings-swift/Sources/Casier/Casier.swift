import Foundation
internal import CasierInternal

/// Verifies who is calling and opens their files. Build one for a process; tasks may share it, and
/// copies are the same one.
///
/// Building it neither connects nor starts a thread. A call that waits gives up when its task is
/// cancelled, and then throws `cancelled`.
public struct Casier: Redacted, Sendable {
    private let core: CasierInternal.Casier

    /// Takes these settings, and nothing from the environment.
    ///
    /// - Parameters:
    ///   - settings: Every setting that is not to have its default.
    ///   - onAudit: Told of every decision: who asked for what, and whether they may. It is called
    ///     within the call that is decided, on whatever thread decides, several at a time: it must
    ///     be quick, must not wait, and not call Casier. It cannot fail. Defaults to nobody.
    /// - Throws: `config-invalid`: the first setting that is missing or wrong, by name, never with
    ///   its value.
    public init(
        _ settings: Settings, onAudit: (@Sendable (AuditEvent) -> Void)? = nil
    ) throws(CasierError) {
        core = try call {
            try CasierInternal.Casier(settings: settings.texts, audit: Listener(onAudit))
        }
    }

    private init(_ core: CasierInternal.Casier) {
        self.core = core
    }

    /// Takes every setting from the environment of this process.
    ///
    /// - Parameters:
    ///   - settings: What comes before the environment. Defaults to nothing.
    ///   - onAudit: As in ``init(_:onAudit:)``.
    /// - Throws: `config-invalid`: the first variable that is missing or wrong, by name, never with
    ///   its value.
    public static func fromEnv(
        _ settings: Settings = Settings(), onAudit: (@Sendable (AuditEvent) -> Void)? = nil
    ) throws(CasierError) -> Casier {
        try call { try Casier(.fromEnv(settings: settings.texts, audit: Listener(onAudit))) }
    }

    /// Verifies a session token that came in a header. Waits when the issuer's keys have to be
    /// fetched.
    ///
    /// - Parameter token: The token, without `Bearer`.
    /// - Throws: ``CasierError/authentication(_:)`` when the token must not be trusted: the code
    ///   says why. `invalid-user-id` when its `sub` cannot name a user; `jwk-remote-…` when the
    ///   issuer's keys cannot be fetched.
    public func authenticate(_ token: String) async throws(CasierError) -> Session {
        try await wait { try await Session(core.authenticate(token: token, cancellation: $0)) }
    }

    /// Takes the token from a request's headers or cookies and verifies it.
    ///
    /// The first source that is present decides: `Authorization`, `X-Clerk-Auth-Token`, then
    /// Clerk's session cookies. A request by cookie that may change something must come from the
    /// site itself.
    ///
    /// - Parameters:
    ///   - method: The HTTP method.
    ///   - headers: All headers as they came; a name may stand several times, in any case.
    ///   - address: The client's address, for the audit alone. Defaults to none.
    /// - Throws: `token-missing`; `cross-site-request` when a request by cookie comes from another
    ///   site; what ``authenticate(_:)`` throws.
    public func authenticateRequest(
        method: String, headers: [(name: String, value: String)], address: String? = nil
    ) async throws(CasierError) -> Session {
        let headers = headers.map { Header(name: $0.name, value: $0.value) }
        return try await wait {
            try await Session(
                core.authenticateRequest(
                    method: method, headers: headers, address: address, cancellation: $0))
        }
    }

    /// The same for headers of which each name stands once.
    public func authenticateRequest(
        method: String, headers: [String: String], address: String? = nil
    ) async throws(CasierError) -> Session {
        let headers = headers.map { (name: $0.key, value: $0.value) }
        return try await authenticateRequest(method: method, headers: headers, address: address)
    }

    /// The files of any user, for trusted server code such as a background job: no tier limits
    /// apply.
    ///
    /// - Parameter userId: Whose files, as ``User/userId`` gives it.
    /// - Throws: `invalid-user-id`; `config-invalid` when no bucket is configured.
    public func storageFor(userId: String) throws(CasierError) -> UserStorage {
        try call { try UserStorage(core.storageFor(userId: userId)) }
    }

    /// Refuses every token of a session from now on, with `session-revoked`. It lasts for as long
    /// as a token of now can live; end the session at the issuer too, or it goes on making new ones.
    ///
    /// - Parameter sessionId: The issuer's session, as ``User/sessionId`` gives it.
    /// - Throws: `invalid-request` when the id is empty; `state-unavailable`.
    public func revoke(_ sessionId: String) async throws(CasierError) {
        try await wait { try await core.revoke(sessionId: sessionId, cancellation: $0) }
    }

    /// Refuses every token of a user that was made at a time or before, or that does not say when,
    /// as ``revoke(_:)`` does those of a session. Of two such times the later holds. Tokens tell the
    /// time in whole seconds, so that one made later in the same second is refused as well.
    ///
    /// - Parameters:
    ///   - userId: Whose tokens, as ``User/userId`` gives it.
    ///   - at: The time. Defaults to the present.
    /// - Throws: `invalid-user-id` when the id is empty; `invalid-request` when the time is more
    ///   than 5 minutes ahead; `state-unavailable`.
    public func revokeUser(_ userId: String, at: Date = .now) async throws(CasierError) {
        try await wait { try await core.revokeUser(userId: userId, at: at, cancellation: $0) }
    }

    /// Aborts the uploads in parts of every user whose ids have expired: what crashes have left. By
    /// the store's own clock, so that no live upload is swept.
    ///
    /// - Throws: `config-invalid` when no bucket is configured.
    public func sweepUploads() async throws(CasierError) -> SweptUploads {
        try await wait { try await SweptUploads(core.sweepUploads(cancellation: $0)) }
    }

    /// The name of the type alone.
    public var description: String { "Casier" }
}
