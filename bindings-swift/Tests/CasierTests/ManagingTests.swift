import Casier
import Foundation
import Testing

/// Listing, copying, moving, deleting and counting.
@Suite(.timeLimit(.minutes(1)))
struct ManagingTests {
    private let text = Data("# Hello\n".utf8)

    /// Five articles and a document.
    private func some() async throws -> UserStorage {
        let userId = "user_\(UInt64.random(in: 0...UInt64.max))"
        let files = try LocalStack.shared().casier().storageFor(userId: userId)
        for number in 0..<5 {
            _ = try await files.uploadFileObject(
                text, filename: "Été \(number).md", kind: "blog",
                metadata: ["number": "\(number)"])
        }
        _ = try await files.uploadFileObject(
            Data("%PDF-1.4\n".utf8), filename: "a.pdf", kind: "document")
        return files
    }

    @Test func everythingIsListed() async throws {
        let files = try await some()
        let list = try files.listAll(kind: "blog", limit: 2, withMetadata: true)
        var numbers: [String?] = []
        for try await file in list { numbers.append(file.metadata["number"]) }
        #expect(numbers == ["0", "1", "2", "3", "4"])
        #expect(try await list.skipped == 0)
        let error = try await failure {
            for try await _ in try files.listAll(kind: "no such kind") {}
        }
        #expect(error.code == "invalid-kind")
        for (wanted, found) in [("e\u{301}TE\u{301}", 5), ("3.md", 1), ("zzz", 0)] {
            #expect(try await files.list(search: wanted).items.count == found)
        }
        #expect(try await files.newest(3).count == 3)
        #expect(try await files.newest(1000, kind: "document").map(\.kind) == ["document"])
        let none = try await failure { _ = try await files.newest(0) }
        #expect(none.code == "invalid-request")
    }

    @Test func filesAreCopiedAndMoved() async throws {
        let files = try await some()
        let source = try #require(try await files.list(kind: "blog").items.first).key
        let copy = try await files.copy(source, filename: "Copie.md")
        #expect(try await files.read(copy.key) == text)
        #expect(try await files.metadata(copy.key).metadata == ["number": "0"])
        let other = try await files.copy(source, kind: "document", metadata: ["a": "b"])
        #expect(try await files.metadata(other.key).metadata == ["a": "b"])
        let moved = try await files.move(source, filename: "Neu.md")
        #expect(try await !files.exists(source))
        let renamed = try await files.rename(moved.key, filename: "Nouveau.md")
        #expect(try await files.read(renamed.key) == text)
        let refused = try await failure {
            _ = try await files.copy(renamed.key, filename: "a.png", kind: "image")
        }
        #expect(refused.code == "content-mismatch")
        let missing = try await failure { _ = try await files.rename(source, filename: "b.md") }
        #expect(missing.code == "file-not-found")
    }

    @Test func aScopeIsCountedAndEmptied() async throws {
        let files = try await some()
        let usage = try await files.usage()
        #expect(usage.files == 6)
        #expect(usage.bytes == UInt64(5 * text.count + 9))
        #expect(usage.byKind["blog"]?.files == 5)
        #expect(usage.byKind["document"]?.bytes == 9)
        let receipt = try await files.deleteAll()
        #expect(receipt.files == 6)
        #expect(receipt.bytes == usage.bytes)
        #expect(receipt.versions + receipt.deleteMarkers + receipt.uploads == 0)
        #expect(receipt.failed.isEmpty)
        #expect(try await files.usage().files == 0)
    }

    @Test func tagsAndStorageClasses() async throws {
        let files = try await some()
        let key = try await files.uploadFileObject(
            text, filename: "b.md", kind: "blog", tags: ["état": "brouillon"],
            storageClass: "GLACIER"
        ).key
        #expect(try await files.tags(key) == ["état": "brouillon"])
        try await files.setTags(key, ["a": "b"])
        #expect(try await files.tags(key) == ["a": "b"])
        try await files.setTags(key, [:])
        #expect(try await files.tags(key).isEmpty)
        let archived = try await failure { _ = try await files.read(key) }
        #expect(archived.code == "file-archived")
    }

    @Test func anothersFilesAreOutOfReach() async throws {
        let (ada, ben) = (try await some(), try await some())
        let key = try #require(try await ada.list().items.first).key
        let calls: [() async throws -> Void] = [
            { _ = try await ben.copy(key, filename: "b.md") },
            { _ = try await ben.move(key, filename: "b.md") },
            { _ = try await ben.rename(key, filename: "b.md") },
            { _ = try await ben.tags(key) },
            { try await ben.setTags(key, [:]) },
            { _ = try await ben.stream(key) },
        ]
        for call in calls { #expect(try await failure(of: call).code == "not-owner") }
        #expect(try await ada.exists(key))
    }
}
