import Casier
import Foundation
import Testing

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Uploads whose parts a client sends, straight to the store.
@Suite(.timeLimit(.minutes(2)))
struct ClientUploadTests {
    private let stack = Result { try LocalStack.shared() }
    private let text = Data("# Été\n".utf8)

    /// Sends these parts of a file.
    private func send(
        _ data: Data, _ begun: BegunUpload, _ partNumbers: [UInt32], by files: UserStorage
    ) async throws -> [PartUrl] {
        let parts = try await files.partUrls(begun.uploadId, partNumbers: partNumbers)
        #expect(parts.map(\.partNumber) == partNumbers)
        for part in parts {
            let start = (UInt64(part.partNumber) - 1) * begun.partSize
            let piece = data.dropFirst(Int(start)).prefix(Int(part.size))
            let status = try await stack.get().put(Data(piece), to: part.url, headers: part.headers)
            #expect(status == 200)
        }
        return parts
    }

    /// All of a small file.
    private func send(
        _ data: Data, as filename: String, by files: UserStorage
    ) async throws -> BegunUpload {
        let begun = try await files.beginUpload(
            filename: filename, kind: "blog", size: UInt64(data.count))
        _ = try await send(data, begun, [1], by: files)
        return begun
    }

    @Test func aFileIsSentInParts() async throws {
        let files = try stack.get().files()
        let data = Data((0..<255).map { UInt8($0) }.flatMap { Array(repeating: $0, count: 70_001) })
        let begun = try await files.beginUpload(
            filename: "Été.bin", kind: "file", size: UInt64(data.count), metadata: ["a": "é"],
            tags: ["état": "brouillon"])
        #expect(begun.key == "\(files.scope.prefix)files/Été.bin")
        #expect(begun.partCount == 3)
        #expect(begun.expiresAt > Date())
        let last = try await send(data, begun, [3], by: files)
        #expect(last[0].size == UInt64(data.count) - 2 * begun.partSize)
        #expect(last[0].headers == ["content-length": "\(last[0].size)"])
        #expect(last[0].expiresAt <= begun.expiresAt)

        let incomplete = try await failure { _ = try await files.completeUpload(begun.uploadId) }
        let (limit, used) = (incomplete.details.limit ?? 0, incomplete.details.used ?? 0)
        #expect(incomplete.code == "upload-incomplete")
        #expect(limit == UInt64(data.count))
        #expect(used == last[0].size)
        #expect(try await !files.exists(begun.key))

        // Another process, with the same secret.
        let elsewhere = try stack.get().casier().storageFor(userId: files.scope.userId)
        #expect(try await elsewhere.uploadState(begun.uploadId).parts == [3])
        let parts = try await send(data, begun, [2, 1], by: elsewhere)
        let stored = try await elsewhere.completeUpload(begun.uploadId)
        #expect(stored.key == begun.key)
        #expect(stored.size == UInt64(data.count))
        #expect(stored.metadata == ["a": "é"])
        #expect(try await files.read(begun.key) == data)
        #expect(try await files.tags(begun.key) == ["état": "brouillon"])
        #expect(try await files.completeUpload(begun.uploadId).key == begun.key)

        let late = try await stack.get().put(
            Data(count: Int(parts[0].size)), to: parts[0].url, headers: parts[0].headers)
        #expect(late == 404)
        #expect(try await files.read(begun.key) == data)
        let receipt = try await files.deleteAll()
        #expect((receipt.files, receipt.uploads) == (1, 0))
    }

    @Test func aPartHasItsExactLength() async throws {
        let files = try stack.get().files()
        let begun = try await files.beginUpload(filename: "a.md", kind: "blog", size: 6)
        let part = try await files.partUrls(begun.uploadId, partNumbers: [1])[0]
        let longer = try await stack.get().put(text + text, to: part.url, headers: [:])
        #expect(longer == 403)
        try await files.abortUpload(begun.uploadId)
        #expect(try await nothingIsLeft(files))
        let over = try await failure { _ = try await files.completeUpload(begun.uploadId) }
        #expect(over.code == "upload-not-found")
    }

    @Test func anEmptyFileHasNoParts() async throws {
        let files = try stack.get().files()
        let begun = try await files.beginUpload(filename: "a.md", kind: "blog", size: 0)
        #expect(begun.partCount == 0)
        #expect(try await files.completeUpload(begun.uploadId).size == 0)
        #expect(try await files.read(begun.key).isEmpty)
    }

    @Test func whatIsNotWhatItClaimsIsDeleted() async throws {
        let files = try stack.get().files()
        let begun = try await files.beginUpload(filename: "a.png", kind: "image", size: 6)
        _ = try await send(text, begun, [1], by: files)
        let error = try await failure { _ = try await files.completeUpload(begun.uploadId) }
        #expect(error.code == "content-mismatch")
        #expect(try await nothingIsLeft(files))
    }

    @Test func aFileIsReplacedInTheEndOrNotAtAll() async throws {
        let files = try stack.get().files()
        let before = Data("# Alt".utf8)
        let key = try await files.uploadFileObject(before, filename: "a.md", kind: "blog").key
        let kept = try await failure {
            _ = try await files.beginUpload(
                filename: "a.md", kind: "blog", size: 6, overwrite: false)
        }
        #expect(kept.code == "file-exists")
        let begun = try await send(text, as: "a.md", by: files)
        #expect(try await files.read(key) == before)
        _ = try await files.completeUpload(begun.uploadId)
        #expect(try await files.read(key) == text)

        let new = try await send(text, as: "b.md", by: files)
        _ = try await files.uploadFileObject(before, filename: "b.md", kind: "blog")
        let error = try await failure { _ = try await files.completeUpload(new.uploadId) }
        guard case .conflict(let failure) = error else { throw Missing("another case: \(error)") }
        #expect(failure.code == "conflict")
        #expect(try await files.read(new.key) == before)
        #expect(try await files.sweepUploads().live == 0)
    }

    @Test func aCompletionThatIsGivenUpRunsToItsEnd() async throws {
        let files = try stack.get().files()
        for moment in 0..<10 {
            let begun = try await send(text, as: "\(moment).md", by: files)
            let completion = Task { try await files.completeUpload(begun.uploadId) }
            try await Task.sleep(for: .milliseconds(2 * moment))
            completion.cancel()
            if case .failure(let error as CasierError) = await completion.result {
                #expect(error.code == "cancelled")
            }
            #expect(try await files.completeUpload(begun.uploadId).key == begun.key)
            #expect(try await files.read(begun.key) == text)
        }
        let receipt = try await files.deleteAll()
        #expect((receipt.files, receipt.uploads) == (10, 0))
    }

    @Test func idsAndNumbersAreJudged() async throws {
        let (ada, ben) = (try stack.get().files(), try stack.get().files())
        let begun = try await ada.beginUpload(filename: "a.md", kind: "blog", size: 6)
        for (files, uploadId) in [
            (ben, begun.uploadId), (ada, begun.uploadId + "x"), (ada, ""), (ada, "u1.forged"),
        ] {
            let calls: [() async throws -> Void] = [
                { _ = try await files.partUrls(uploadId, partNumbers: [1]) },
                { _ = try await files.completeUpload(uploadId) },
                { _ = try await files.uploadState(uploadId) },
                { try await files.abortUpload(uploadId) },
            ]
            for call in calls { #expect(try await failure(of: call).code == "upload-not-found") }
        }
        for numbers: [UInt32] in [[], [0], [2], [1, 1], [.max], Array(1...1001)] {
            let error = try await failure {
                _ = try await ada.partUrls(begun.uploadId, partNumbers: numbers)
            }
            #expect(error.code == "invalid-request", "\(numbers.prefix(3))")
        }
        try await ada.abortUpload(begun.uploadId)

        let free = try await stack.get().session().files()
        let cases: [(String, String, UInt64, String)] = [
            ("a.md", "nonsense", 1, "invalid-kind"),
            ("..", "blog", 1, "invalid-filename"),
            ("a.txt", "image", 1, "type-not-allowed"),
            ("a.bin", "file", .max, "file-too-large"),
        ]
        for (filename, kind, size, code) in cases {
            let error = try await failure {
                _ = try await free.beginUpload(filename: filename, kind: kind, size: size)
            }
            #expect(error.code == code, "\(filename)")
        }
        #expect(try await nothingIsLeft(free))
    }

    @Test func beforeACallBeginsItIsCancelled() async throws {
        let files = try stack.get().files()
        let begun = try await files.beginUpload(filename: "a.md", kind: "blog", size: 6)
        let key = begun.key
        let calls: [@Sendable () async throws -> Void] = [
            { _ = try await files.presignedUrl(key) },
            { _ = try await files.presignedUrls([key]) },
            { _ = try await files.presignedUpload(filename: "b.md", kind: "blog", size: 1) },
            { _ = try await files.presignedPost(filename: "b.md", kind: "blog", sizes: 0...1) },
            { _ = try await files.beginUpload(filename: "b.md", kind: "blog", size: 1) },
            { _ = try await files.partUrls(begun.uploadId, partNumbers: [1]) },
            { _ = try await files.completeUpload(begun.uploadId) },
            { _ = try await files.temporaryCredentials() },
        ]
        for call in calls {
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                try await call()
            }
            #expect(try await failure { try await task.value }.code == "cancelled")
        }
        try await files.abortUpload(begun.uploadId)
        #expect(try await nothingIsLeft(files))
    }
}
