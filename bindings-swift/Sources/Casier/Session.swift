import Foundation
internal import CasierInternal

/// The verified user of one request.
///
/// Each `has…` answers yes or no; its `require…` twin throws what was required and what the user
/// has. A name that the policy does not know is never granted.
public struct Session: Redacted, Sendable {
    /// Who this is.
    public let user: User
    /// When the token expires. Clerk's session tokens live for 60 seconds.
    public let expiresAt: Date

    private let core: CasierInternal.Session

    init(_ core: CasierInternal.Session) throws {
        user = try User(core.user())
        expiresAt = try core.expiresAt()
        self.core = core
    }

    /// The token's claims, as they stood in it.
    public var claims: [String: JSONValue] { user.claims }

    /// Whether the user's tier is `tier` or a higher one.
    public func hasSubscription(_ tier: String) -> Bool {
        (try? core.hasSubscription(tier: tier)) ?? false
    }

    /// Returns when the user's tier is `tier` or a higher one.
    ///
    /// - Throws: `subscription-required`; `config-invalid` when the policy has no such tier.
    public func requireSubscription(_ tier: String) throws(CasierError) {
        try call { try core.requireSubscription(tier: tier) }
    }

    /// Whether the user's application role is `role` or a higher one. A role in an organization
    /// never counts.
    public func hasRole(_ role: String) -> Bool {
        (try? core.hasRole(role: role)) ?? false
    }

    /// Returns when the user's application role is `role` or a higher one.
    ///
    /// - Throws: `role-required`; `config-invalid` when the policy has no such role.
    public func requireRole(_ role: String) throws(CasierError) {
        try call { try core.requireRole(role: role) }
    }

    /// Whether the user's tier includes `feature`, or the token grants it.
    public func hasFeature(_ feature: String) -> Bool {
        (try? core.hasFeature(feature: feature)) ?? false
    }

    /// Returns when the user's tier includes `feature`, or the token grants it.
    ///
    /// - Throws: `feature-required`.
    public func requireFeature(_ feature: String) throws(CasierError) {
        try call { try core.requireFeature(feature: feature) }
    }

    /// Whether a record that the application keeps belongs to this user.
    ///
    /// - Parameter ownerId: The ``User/userId`` that the record holds.
    public func owns(_ ownerId: String) -> Bool {
        (try? core.owns(ownerId: ownerId)) ?? false
    }

    /// Returns when a record that the application keeps belongs to this user.
    ///
    /// - Throws: `not-owner`.
    public func requireOwner(_ ownerId: String) throws(CasierError) {
        try call { try core.requireOwner(ownerId: ownerId) }
    }

    /// The user's files, with the limits of their tier.
    ///
    /// - Throws: `config-invalid` when no bucket is configured.
    public func files() throws(CasierError) -> UserStorage {
        try call { try UserStorage(core.files()) }
    }

    /// The user's ids and standing.
    public var description: String { "Session(\(user))" }
}
