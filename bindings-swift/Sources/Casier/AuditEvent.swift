import Foundation
internal import CasierInternal

/// One decision, as ``Casier/init(_:onAudit:)`` tells it. It never holds a token, a secret or a
/// signed link; what clients wrote is cut to 256 characters, with control characters and
/// backslashes escaped.
public struct AuditEvent: Codable, Hashable, Sendable {
    /// When it was decided.
    public let time: Date
    /// What was asked: `authenticate`, `subscription`, `role`, `feature`, `permission`, `plan`,
    /// `has`, `owner`, `upload`, `link`, `grant`, `key`, `list-user`, `revoke`, `revoke-user`. More may
    /// come.
    public let action: String
    /// Whether it was allowed.
    public let allowed: Bool
    /// Why not: a code of ``CasierError``.
    public let code: String?
    /// The user, once the token is verified; none where the server acts for nobody.
    public let userId: String?
    /// The issuer's session.
    public let sessionId: String?
    /// The active organization.
    public let organizationId: String?
    /// Who acts in the user's place (`act`), as JSON text.
    public let actor: String?
    /// The issuer of the verified token.
    public let issuer: String?
    /// The id of the key that checked it.
    public let keyId: String?
    /// What was needed: a tier, a role, a kind of file, a limit.
    public let required: String?
    /// What the user has instead, when refused.
    public let actual: String?
    /// What it was about: the key of a file, the owner of a record, the session or the user who was
    /// revoked.
    public let target: String?
    /// The request's `X-Request-Id`, if it is 1 to 64 of `A-Z a-z 0-9 . _ -`.
    public let requestId: String?
    /// The client's address, as ``Casier/authenticateRequest(method:headers:address:)`` was told.
    public let address: String?
    /// The client's `User-Agent`.
    public let userAgent: String?

    init(_ event: CasierInternal.AuditEvent) {
        time = event.time
        action = event.action
        allowed = event.allowed
        code = event.code
        userId = event.userId
        sessionId = event.sessionId
        organizationId = event.organizationId
        actor = event.actor
        issuer = event.issuer
        keyId = event.keyId
        required = event.required
        actual = event.actual
        target = event.target
        requestId = event.requestId
        address = event.address
        userAgent = event.userAgent
    }
}

/// Hands each event to a closure.
final class Listener: AuditListener {
    private let onAudit: @Sendable (AuditEvent) -> Void

    init?(_ onAudit: (@Sendable (AuditEvent) -> Void)?) {
        guard let onAudit else { return nil }
        self.onAudit = onAudit
    }

    func decided(event: CasierInternal.AuditEvent) {
        onAudit(AuditEvent(event))
    }
}
