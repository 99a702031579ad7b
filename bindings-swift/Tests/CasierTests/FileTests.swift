import Casier
import Foundation
import Testing

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Files in one user's scope.
@Suite(.timeLimit(.minutes(1)))
struct FileTests {
    private func files(tier: String = "free") async throws -> UserStorage {
        try await LocalStack.shared().session(tier: tier).files()
    }

    @Test func aFileComesBackAsItWent() async throws {
        let files = try await files()
        try await withFolder { folder in
            let source = folder.appendingPathComponent("Été à Paris 100%.md")
            let text = Data("# Été\n".utf8)
            try text.write(to: source)
            let stored = try await files.uploadFile(
                source, kind: "blog", metadata: ["place": "Évreux 東京 🗼", "empty": ""])
            #expect(stored.key == "\(files.scope.prefix)blogs/Été à Paris 100_.md")
            #expect(stored.size == UInt64(text.count))
            #expect(stored.contentType == "text/markdown")
            #expect(try await files.read(stored.key) == text)

            let known = try await files.metadata(stored.key)
            #expect(known.metadata == ["place": "Évreux 東京 🗼", "empty": ""])
            #expect(known.kind == "blog")
            #expect(known.lastModified != nil)

            let copy = folder.appendingPathComponent("copie.md")
            try await files.download(stored.key, to: copy)
            #expect(try Data(contentsOf: copy) == text)
            #expect(try await files.exists(stored.key))
            try await files.delete(stored.key)
            try await files.delete(stored.key)
            #expect(try await !files.exists(stored.key))
        }
    }

    @Test(arguments: [0, 1, 4 * 1024 * 1024, 9 * 1024 * 1024 + 5])
    func bytesOfEverySizeCross(size: Int) async throws {
        let files = try await files()
        let pattern = Data((0..<1021).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 2) })
        var data = Data(capacity: size + pattern.count)
        while data.count < size { data.append(pattern) }
        data = data.prefix(size)
        // A slice does not begin at index 0.
        let slice = (Data([9, 9, 9]) + data).dropFirst(3)
        let stored = try await files.uploadFileObject(slice, filename: "a.bin", kind: "file")
        #expect(stored.size == UInt64(size))
        #expect(try await files.read(stored.key) == data)
    }

    @Test func listingGoesPageByPage() async throws {
        let files = try await files()
        for index in 0..<5 {
            _ = try await files.uploadFileObject(
                Data("# \(index)".utf8), filename: "\(index).md", kind: "blog",
                metadata: ["index": "\(index)"])
        }
        var (names, cursor): ([String], String?) = ([], nil)
        repeat {
            let page = try await files.list(kind: "blog", limit: 2, cursor: cursor)
            #expect(page.items.count <= 2)
            names += page.items.map(\.filename)
            cursor = page.nextCursor
        } while cursor != nil
        #expect(names == (0..<5).map { "\($0).md" })
        #expect(try await files.list(kind: "book").items.isEmpty)
        let page = try await files.list(withMetadata: true)
        #expect(page.items.map { $0.metadata["index"] } == (0..<5).map { "\($0)" })
        #expect(page.skipped == 0)
        for limit in [Int.min, -1, 0, 1001, Int.max] {
            let error = try await failure { _ = try await files.list(limit: limit) }
            #expect(error.code == "invalid-request", "\(limit)")
        }
    }

    @Test func manyAreDeletedAtOnce() async throws {
        let (files, other) = (try await files(), try await files())
        var keys: [String] = []
        for name in ["a.md", "b.md"] {
            let data = Data("# \(name)".utf8)
            keys.append(try await files.uploadFileObject(data, filename: name, kind: "blog").key)
        }
        let error = try await failure { _ = try await other.deleteMany(keys) }
        #expect(error.code == "not-owner")
        let missing = "\(files.scope.prefix)blogs/none.md"
        let deletions = try await files.deleteMany(keys + [missing])
        #expect(deletions.map(\.key) == keys + [missing])
        #expect(deletions.allSatisfy { $0.error == nil })
        #expect(try await files.list().items.isEmpty)
    }

    @Test func linksLiveAsLongAsTheTierAllows() async throws {
        let stack = try LocalStack.shared()
        let files = try await files()
        let text = Data("texte".utf8)
        let stored = try await files.uploadFileObject(text, filename: "ö ü+&.txt", kind: "document")
        let link = try await files.presignedUrl(
            stored.key, expiresIn: 604_800, downloadAs: "l'été.txt")
        #expect(link.expiresIn == 3600)
        #expect(link.expiresAt > Date())
        let answer = try await stack.send(URLRequest(url: link.url))
        #expect(answer.response.statusCode == 200)
        #expect(answer.body == text)
        let disposition = answer.response.value(forHTTPHeaderField: "Content-Disposition")
        #expect(try #require(disposition).hasPrefix("attachment"))
        for seconds in [Int.min, -1, 0, 604_801, Int.max] {
            let error = try await failure {
                _ = try await files.presignedUrl(stored.key, expiresIn: seconds)
            }
            #expect(error.code == "invalid-request", "\(seconds)")
        }
    }

    @Test func anothersFilesAreOutOfReach() async throws {
        let (ada, ben) = (try await files(), try await files())
        let stored = try await ada.uploadFileObject(
            Data("# a".utf8), filename: "a.md", kind: "blog")
        let around = "\(ben.scope.prefix)../\(stored.key)"
        for (key, code) in [(stored.key, "not-owner"), (around, "invalid-key"), ("", "invalid-key")] {
            let target = FileManager.default.temporaryDirectory.appendingPathComponent("never")
            let calls: [() async throws -> Void] = [
                { _ = try await ben.read(key) },
                { _ = try await ben.metadata(key) },
                { _ = try await ben.exists(key) },
                { _ = try await ben.presignedUrl(key) },
                { try await ben.download(key, to: target) },
                { try await ben.delete(key) },
                { _ = try await ben.deleteMany([key]) },
            ]
            for call in calls { #expect(try await failure(of: call).code == code) }
        }
        #expect(try await ben.list().items.isEmpty)
        #expect(try await ada.exists(stored.key))
    }

    @Test func uploadsAreJudgedFirst() async throws {
        let files = try await files()
        let cases: [(String, String, String?, String)] = [
            ("a.md", "nonsense", nil, "invalid-kind"),
            ("..", "blog", nil, "invalid-filename"),
            ("a.txt", "image", nil, "type-not-allowed"),
            ("a.png", "image", nil, "content-mismatch"),
        ]
        for (filename, kind, contentType, code) in cases {
            let error = try await failure {
                _ = try await files.uploadFileObject(
                    Data("#!/bin/sh\n".utf8), filename: filename, kind: kind,
                    contentType: contentType)
            }
            #expect(error.code == code, "\(filename)")
        }
        let large = Data(count: 26 * 1024 * 1024)
        let error = try await failure {
            _ = try await files.uploadFileObject(large, filename: "a.bin", kind: "file")
        }
        #expect(error.code == "file-too-large")
        // Taken out here: inside of #expect, such a chain crashes the compiler of Swift 6.0.3.
        let (limit, used) = (error.details.limit ?? 0, error.details.used ?? 0)
        #expect(limit == 25 * 1024 * 1024)
        #expect(used == UInt64(large.count))
        #expect(try await files.list().items.isEmpty)
    }

    @Test func aFileMayBeKeptFromReplacement() async throws {
        let files = try await files()
        let data = Data("# a".utf8)
        _ = try await files.uploadFileObject(data, filename: "a.md", kind: "blog", overwrite: false)
        let error = try await failure {
            _ = try await files.uploadFileObject(
                data, filename: "a.md", kind: "blog", overwrite: false)
        }
        #expect(error.code == "file-exists")
        let stored = try await files.uploadFileObject(
            data, filename: "a.md", kind: "blog", unguessable: true)
        #expect(stored.filename.count == "a-.md".count + 32)
    }

    @Test func localFilesThatAreNone() async throws {
        let files = try await files()
        try await withFolder { folder in
            let cases = [
                (folder.appendingPathComponent("none.md"), "io-failed"),
                (folder, "io-failed"),
                (URL(string: "https://example.com/a.md")!, "invalid-request"),
                (URL(string: "a.md")!, "invalid-request"),
            ]
            for (url, code) in cases {
                let error = try await failure {
                    _ = try await files.uploadFile(url, kind: "blog", filename: "a.md")
                }
                #expect(error.code == code, "\(url)")
            }
            let stored = try await files.uploadFileObject(
                Data("# a".utf8), filename: "a.md", kind: "blog")
            let error = try await failure {
                try await files.download(stored.key, to: folder.appendingPathComponent("no/a.md"))
            }
            #expect(error.code == "io-failed")
        }
    }

    @Test func missingFilesAndStores() async throws {
        let stack = try LocalStack.shared()
        let files = try await files()
        let key = "\(files.scope.prefix)blogs/none.md"
        #expect(try await failure { _ = try await files.read(key) }.code == "file-not-found")
        #expect(try await failure { _ = try await files.metadata(key) }.code == "file-not-found")
        var settings = try stack.settings()
        settings.secretAccessKey = "wrong"
        let denied = try Casier(settings).storageFor(userId: "user_1")
        #expect(try await failure { _ = try await denied.list() }.code == "storage-denied")
        settings.endpointUrl = "http://127.0.0.1:9"
        let gone = try Casier(settings).storageFor(userId: "user_1")
        let error = try await failure { _ = try await gone.list() }
        #expect(error.code == "storage-unavailable")
        #expect(error.retryable)
    }

    @Test func readingHasALimit() async throws {
        let files = try await files()
        let stored = try await files.uploadFileObject(
            Data("# abc".utf8), filename: "a.md", kind: "blog")
        #expect(try await files.read(stored.key, limit: 5).count == 5)
        for limit in [4, 0, -1] {
            let error = try await failure { _ = try await files.read(stored.key, limit: limit) }
            #expect(error.code == "file-too-large")
        }
    }

    @Test func manyCallsAtOnce() async throws {
        let files = try await files()
        let names = try await withThrowingTaskGroup(of: String.self) { group in
            for index in 0..<50 {
                group.addTask {
                    let data = Data("# \(index)".utf8)
                    let stored = try await files.uploadFileObject(
                        data, filename: "\(index).md", kind: "blog")
                    guard try await files.read(stored.key) == data else {
                        throw Missing("other bytes")
                    }
                    return stored.filename
                }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(names.count == 50)
        #expect(try await files.list().items.count == 50)
    }
}
