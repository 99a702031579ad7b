// For programs that have types of their own by these names. They would write `Casier.User`, and
// since the type `Casier` hides the module of that name, it has to have a `User`.

extension Casier {
    public typealias Action = CasierAction
    public typealias AuditEvent = CasierAuditEvent
    public typealias Decision = CasierDecision
    public typealias Deletion = CasierDeletion
    public typealias Facts = CasierFacts
    public typealias JSONValue = CasierJSONValue
    public typealias Link = CasierLink
    public typealias Organization = CasierOrganization
    public typealias Page = CasierPage
    public typealias ParsedKey = CasierParsedKey
    public typealias Policy = CasierPolicy
    public typealias Redacted = CasierRedacted
    public typealias Reverification = CasierReverification
    public typealias Scope = CasierScope
    public typealias Session = CasierSession
    public typealias StoredFile = CasierStoredFile
    public typealias TokenSource = CasierTokenSource
    public typealias TokenVerifier = CasierTokenVerifier
    public typealias User = CasierUser
    public typealias UserStorage = CasierUserStorage
    public typealias VerifiedToken = CasierVerifiedToken
}

public typealias CasierAction = Action
public typealias CasierAuditEvent = AuditEvent
public typealias CasierDecision = Decision
public typealias CasierDeletion = Deletion
public typealias CasierFacts = Facts
public typealias CasierJSONValue = JSONValue
public typealias CasierLink = Link
public typealias CasierOrganization = Organization
public typealias CasierPage = Page
public typealias CasierParsedKey = ParsedKey
public typealias CasierPolicy = Policy
public typealias CasierRedacted = Redacted
public typealias CasierReverification = Reverification
public typealias CasierScope = Scope
public typealias CasierSession = Session
public typealias CasierStoredFile = StoredFile
public typealias CasierTokenSource = TokenSource
public typealias CasierTokenVerifier = TokenVerifier
public typealias CasierUser = User
public typealias CasierUserStorage = UserStorage
public typealias CasierVerifiedToken = VerifiedToken
