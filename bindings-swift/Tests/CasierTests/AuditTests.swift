import Casier
import Foundation
import Testing

/// Every decision is told, and nothing that must stay secret.
@Suite(.timeLimit(.minutes(1)))
struct AuditTests {
    @Test func decisionsAreTold() async throws {
        let stack = try LocalStack.shared()
        let record = Record()
        let casier = try Casier(stack.settings(), onAudit: record.take)
        let token = try await stack.mint(
            "user_ada",
            ["sid": .string("sess_audited"), "organization": .object(["id": .string("org_1")])])
        let before = Date.now
        let ada = try await casier.authenticateRequest(
            method: "GET",
            headers: [
                "Authorization": "Bearer \(token)", "X-Request-Id": "req-1", "User-Agent": "tests",
            ],
            address: "192.0.2.7")
        #expect(!ada.hasSubscription("pro"))
        try ada.requireOwner("user_ada")

        let events = record.events
        #expect(events.map(\.action) == ["authenticate", "subscription", "owner"])
        #expect(events.map(\.allowed) == [true, false, true])
        #expect(events.map(\.code) == [nil, "subscription-required", nil])
        for event in events {
            #expect((event.userId, event.sessionId) == ("user_ada", "sess_audited"))
            #expect(event.organizationId == "org_1")
            #expect(event.issuer == stack.environment["CLERK_ISSUER"])
            #expect(event.keyId != nil)
            #expect((event.requestId, event.userAgent) == ("req-1", "tests"))
            #expect(event.address == "192.0.2.7")
            #expect(event.actor == nil)
            #expect(event.time > before.addingTimeInterval(-1))
        }
        #expect((events[1].required, events[1].actual) == ("pro", "free"))
        #expect(events[2].target == "user_ada")
        let again = try JSONDecoder().decode(
            [AuditEvent].self, from: try JSONEncoder().encode(events))
        #expect(again == events)
    }

    @Test func refusedTokensAreToldWithoutThem() async throws {
        let stack = try LocalStack.shared()
        let record = Record()
        let casier = try Casier.fromEnv(onAudit: record.take)
        let token = try await stack.mint("user_eve", ["fault": .string("tampered-signature")])
        _ = try await failure { _ = try await casier.authenticate(token) }
        try await casier.revoke("sess_gone")
        let events = record.events
        #expect(events.map(\.action) == ["authenticate", "revoke"])
        #expect(events.map(\.code) == ["token-invalid-signature", nil])
        #expect(events.map(\.userId) == [nil, nil])
        #expect(events[1].target == "sess_gone")
        for part in token.split(separator: ".") { #expect(!"\(events)".contains(part)) }
    }

    /// The closure goes with its `Casier`.
    @Test func whoIsToldIsLetGo() throws {
        var record: Record? = Record()
        weak var held: Record?
        held = record
        var casier: Casier? = try Casier(LocalStack.shared().settings(), onAudit: record!.take)
        record = nil
        #expect(held != nil && casier != nil)
        casier = nil
        #expect(held == nil)
    }
}

/// The events so far.
private final class Record: @unchecked Sendable {
    private let lock = NSLock()
    private var taken: [AuditEvent] = []

    var events: [AuditEvent] { lock.withLock { taken } }

    var take: @Sendable (AuditEvent) -> Void {
        { event in self.lock.withLock { self.taken.append(event) } }
    }
}
