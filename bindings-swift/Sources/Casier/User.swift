internal import CasierInternal

/// Who is signed in, as a verified token tells it. Printing it shows the ids and the standing
/// alone: the rest is personal.
public struct User: Redacted, Sendable {
    let core: CasierInternal.User
    private let fields: UserFields

    /// A user who needs no token, for tests and for ``Policy/decide(_:_:facts:now:)``.
    ///
    /// - Parameters:
    ///   - userId: Names the person.
    ///   - subscription: The tier. `nil` counts as the lowest, as does every tier that the policy
    ///     does not know.
    ///   - role: The application role. The same holds for it.
    ///   - email: The e-mail address.
    ///   - plans: Plans with their scope: `u:pro`.
    ///   - organization: The active organization.
    ///   - plans: Plans with their scope: `u:pro`.
    ///   - features: Features with their scope: `u:books`.
    ///   - factorVerificationAge: When the factors were last proved: ``factorVerificationAge``.
    public init(
        userId: String, subscription: String? = nil, role: String? = nil, email: String? = nil,
        organization: Organization? = nil, plans: [String] = [], features: [String] = [],
        factorVerificationAge: (first: Int64, second: Int64)? = nil
    ) throws(CasierError) {
        let grants = Grants(
            organization: organization?.core, plans: plans, features: features,
            factorVerificationAge: factorVerificationAge.map {
                FactorVerificationAge(first: $0.first, second: $0.second)
            })
        self = try call {
            try User(
                CasierInternal.User(
                    userId: userId, subscription: subscription, role: role, email: email,
                    grants: grants))
        }
    }

    init(_ core: CasierInternal.User) throws {
        self.core = core
        fields = try core.fields()
    }

    /// Names one person for good: `sub` of the primary issuer, `{namespace}::{sub}` of any other.
    /// Compare it by ``Session/owns(_:)``: Swift's `==` takes two spellings of `é` for one.
    public var userId: String { fields.userId }
    /// The e-mail address.
    public var email: String? { fields.email }
    /// Whether the issuer has verified the e-mail address.
    public var emailVerified: Bool { fields.emailVerified }
    /// The first name.
    public var firstName: String? { fields.firstName }
    /// The last name.
    public var lastName: String? { fields.lastName }
    /// The whole name.
    public var fullName: String? { fields.fullName }
    /// The user name.
    public var username: String? { fields.username }
    /// The address of the user's picture, as the token writes it.
    public var imageUrl: String? { fields.imageUrl }
    /// The phone number.
    public var phoneNumber: String? { fields.phoneNumber }
    /// Whether the issuer has verified the phone number.
    public var phoneVerified: Bool { fields.phoneVerified }
    /// The subscription tier.
    public var subscription: String { fields.subscription }
    /// The application role. A role in an organization never counts.
    public var role: String { fields.role }
    /// The issuer's session.
    public var sessionId: String? { fields.sessionId }
    /// The organization that is active in the session.
    public var organization: Organization? { fields.organization.map(Organization.init) }
    /// The plans, with their scope: `u:pro`, `o:team`.
    public var plans: [String] { fields.plans }
    /// The features that the token grants, with their scope: `u:books`, `o:reports`.
    public var features: [String] { fields.features }
    /// What only the server can write about the user.
    public var metadata: [String: JSONValue] {
        ((try? core.metadata()) ?? [:]).mapValues(JSONValue.init)
    }
    /// When the first and the second factor were last proved, in minutes before the token was made;
    /// -1 where the user has not.
    public var factorVerificationAge: (first: Int64, second: Int64)? {
        fields.factorVerificationAge.map { ($0.first, $0.second) }
    }
    /// Who acts in the user's place, as the token tells it.
    public var actor: JSONValue? { fields.actor.map(JSONValue.init) }
    /// Every claim of the token.
    public var claims: [String: JSONValue] {
        ((try? core.claims()) ?? [:]).mapValues(JSONValue.init)
    }

    /// The ids and the standing.
    public var description: String {
        "User(userId: \(userId), subscription: \(subscription), role: \(role))"
    }
}

/// The organization that is active in a session.
public struct Organization: Sendable {
    /// Names the organization.
    public let id: String
    /// Its readable name.
    public let slug: String?
    /// The user's role in it, which is never an application role.
    public let role: String?
    /// The user's permissions in it, as `org:feature:permission`.
    public let permissions: [String]

    /// An organization that needs no token, for a ``User`` of tests.
    public init(
        id: String, slug: String? = nil, role: String? = nil, permissions: [String] = []
    ) {
        self.id = id
        self.slug = slug
        self.role = role
        self.permissions = permissions
    }

    init(_ organization: CasierInternal.Organization) {
        id = organization.id
        slug = organization.slug
        role = organization.role
        permissions = organization.permissions
    }

    fileprivate var core: CasierInternal.Organization {
        CasierInternal.Organization(id: id, slug: slug, role: role, permissions: permissions)
    }
}
