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

    /// Whether the token names `plan`: `pro`, or `u:pro` and `o:pro` for one of the user or of the
    /// active organization.
    public func hasPlan(_ plan: String) -> Bool {
        (try? core.hasPlan(plan: plan)) ?? false
    }

    /// Returns when the token names `plan`.
    ///
    /// - Throws: `plan-required`.
    public func requirePlan(_ plan: String) throws(CasierError) {
        try call { try core.requirePlan(plan: plan) }
    }

    /// Whether the user has `permission` in the active organization: `org:teams:manage` or
    /// `teams:manage`.
    public func hasPermission(_ permission: String) -> Bool {
        (try? core.hasPermission(permission: permission)) ?? false
    }

    /// Returns when the user has `permission` in the active organization.
    ///
    /// - Throws: `permission-required`.
    public func requirePermission(_ permission: String) throws(CasierError) {
        try call { try core.requirePermission(permission: permission) }
    }

    /// Whether the token alone grants all that is asked for, at least one thing, as Clerk's `has()`
    /// tells it. An empty name is never granted.
    ///
    /// - Parameters:
    ///   - role: The role in the active **organization**, never an application role: `org:admin`
    ///     or, which is the same, `admin`.
    ///   - permission: A permission in the active organization: `org:teams:manage` or
    ///     `teams:manage`.
    ///   - feature: A feature that the token grants: `books` to the user or to the active
    ///     organization, `u:books` to the user, `o:books` to the organization. What the tier
    ///     includes does not count.
    ///   - plan: A plan that the token names, with scopes like those of features.
    ///   - reverification: How recently the user must have proved who they are.
    public func has(
        role: String? = nil, permission: String? = nil, feature: String? = nil,
        plan: String? = nil, reverification: Reverification? = nil
    ) -> Bool {
        let wanted = Requirement(
            role: role, permission: permission, feature: feature, plan: plan,
            reverification: reverification?.core)
        return (try? core.has(wanted: wanted)) ?? false
    }

    /// Returns when the token alone grants all that is asked for, as
    /// ``has(role:permission:feature:plan:reverification:)`` tells it.
    ///
    /// - Throws: For the first that is lacking `role-required`, `permission-required`,
    ///   `feature-required`, `plan-required` or `reverification-required`; `invalid-request` when
    ///   nothing is asked for, or a reverification that there is not.
    public func require(
        role: String? = nil, permission: String? = nil, feature: String? = nil,
        plan: String? = nil, reverification: Reverification? = nil
    ) throws(CasierError) {
        let wanted = Requirement(
            role: role, permission: permission, feature: feature, plan: plan,
            reverification: reverification?.core)
        try call { try core.require(wanted: wanted) }
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
