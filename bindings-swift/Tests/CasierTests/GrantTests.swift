import Casier
import Foundation
import Testing

/// Temporary credentials, used as a client of S3 uses them.
@Suite(.timeLimit(.minutes(2)))
struct GrantTests {
    private let text = Data("# Été\n".utf8)

    /// What whoever has the keys reaches.
    private func storage(_ keys: TemporaryCredentials, of userId: String) throws -> UserStorage {
        var settings = try LocalStack.shared().settings()
        settings.endpointUrl = keys.endpoint
        settings.bucket = keys.bucket
        settings.region = keys.region
        settings.addressingStyle = keys.pathStyle ? .path : .virtual
        settings.accessKeyId = keys.accessKeyId
        settings.secretAccessKey = keys.secretAccessKey
        settings.sessionToken = keys.sessionToken
        return try Casier(settings).storageFor(userId: userId)
    }

    @Test func theyReachOneScope() async throws {
        let stack = try LocalStack.shared()
        let (files, other) = (try stack.files(), try stack.files())
        let key = try await files.uploadFileObject(text, filename: "a.md", kind: "blog").key
        let otherKey = try await other.uploadFileObject(text, filename: "a.md", kind: "blog").key

        let reading = try await files.temporaryCredentials()
        #expect(reading.prefix == files.scope.prefix)
        #expect(reading.bucket == files.bucket)
        #expect(reading.expiresAt > Date())
        let read = try storage(reading, of: files.scope.userId)
        #expect(try await read.read(key) == text)
        #expect(try await read.list().items.count == 1)
        let writing = try await files.temporaryCredentials(access: .readWrite, expiresIn: 900)
        let write = try storage(writing, of: files.scope.userId)
        _ = try await write.uploadFileObject(text, filename: "b.md", kind: "blog")
        try await write.delete(key)

        let (text, userId) = (text, other.scope.userId)
        let calls: [() async throws -> Void] = [
            { _ = try await read.uploadFileObject(text, filename: "c.md", kind: "blog") },
            { try await read.delete(key) },
            { _ = try await storage(reading, of: userId).read(otherKey) },
            { _ = try await storage(reading, of: userId).list() },
            { try await storage(writing, of: userId).delete(otherKey) },
            {
                _ = try await storage(writing, of: userId).uploadFileObject(
                    text, filename: "a.md", kind: "blog")
            },
        ]
        for call in calls { #expect(try await failure(of: call).code == "storage-denied") }
        #expect(try await files.list().items.map(\.filename) == ["b.md"])
        #expect(try await other.read(otherKey) == text)
    }

    @Test func refusalsAreTyped() async throws {
        let stack = try LocalStack.shared()
        let files = try stack.files()
        for seconds in [Int.min, -1, 0, 899, 43_201, Int.max] {
            let error = try await failure {
                _ = try await files.temporaryCredentials(expiresIn: seconds)
            }
            #expect(error.code == "invalid-request", "\(seconds)")
        }
        var settings = try stack.settings()
        settings.grantRoleArn = nil
        let without = try Casier(settings).storageFor(userId: "user_1")
        let error = try await failure { _ = try await without.temporaryCredentials() }
        guard case .config(let failure) = error else { throw Missing("another case: \(error)") }
        #expect(failure.message.contains("S3_GRANT_ROLE_ARN"))
    }
}
