import Casier
import Foundation
import Testing

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

private let mib = 1024 * 1024
private let part = 8 * mib
private let large = Data((0..<256).map { UInt8($0) }.lazy.flatMap { Array(repeating: $0, count: 20 * 4096) })

/// Bytes that move: streams, progress, ranges, what is given up and gone on with.
@Suite(.timeLimit(.minutes(2)), .serialized)
struct TransferTests {
    private func files() throws -> UserStorage { try LocalStack.shared().files() }

    private func pieces(_ data: Data, of size: Int) -> AsyncStream<Data> {
        AsyncStream { continuation in
            var rest = data[...]
            while !rest.isEmpty {
                continuation.yield(Data(rest.prefix(size)))
                rest = rest.dropFirst(size)
            }
            continuation.finish()
        }
    }

    @Test(arguments: [0, 1, 16 * 1024 * 1024 + 1])
    func sequencesAreStreamed(size: Int) async throws {
        let files = try files()
        let data = Data(large.prefix(size))
        for declared in [nil, UInt64(size)] {
            let stored = try await files.uploadFileObject(
                pieces(data, of: 5 * mib), size: declared, filename: "a.bin", kind: "file")
            #expect(stored.size == UInt64(size))
            #expect(try await files.read(stored.key) == data)
        }
    }

    @Test func whatASequenceThrowsComesThrough() async throws {
        struct Gone: Error {}
        let files = try files()
        let broken = AsyncThrowingStream<Data, any Error> { continuation in
            continuation.yield(Data(large.prefix(part)))
            continuation.yield(Data(large.prefix(part)))
            continuation.yield(Data(large.prefix(part)))
            continuation.finish(throwing: Gone())
        }
        await #expect(throws: Gone.self) {
            _ = try await files.uploadFileObject(broken, filename: "a.bin", kind: "file")
        }
        for (declared, code) in [(11, "upload-incomplete"), (9, "invalid-request")] {
            let error = try await failure {
                _ = try await files.uploadFileObject(
                    pieces(Data(large.prefix(10)), of: 4), size: UInt64(declared),
                    filename: "a.bin", kind: "file")
            }
            #expect(error.code == code)
        }
        #expect(try await nothingIsLeft(files))
    }

    @Test func progressIsTold() async throws {
        let files = try files()
        try await withFolder { folder in
            let source = folder.appendingPathComponent("a.bin")
            try large.write(to: source)
            let up = TransferProgress()
            async let told = steps(of: up)
            let stored = try await files.uploadFile(source, kind: "file", progress: up)
            try check(await told)

            let down = TransferProgress()
            async let toldAgain = steps(of: down)
            try await files.download(
                stored.key, to: folder.appendingPathComponent("b.bin"), progress: down)
            try check(await toldAgain)
        }
    }

    private func steps(of progress: TransferProgress) async -> [TransferProgress.Step] {
        var steps: [TransferProgress.Step] = []
        for await step in progress { steps.append(step) }
        return steps
    }

    private func check(_ steps: [TransferProgress.Step]) throws {
        let moved = steps.map(\.moved)
        #expect(moved == moved.sorted())
        let last = try #require(steps.last)
        #expect(last.moved == UInt64(large.count))
        #expect(last.total == UInt64(large.count))
        #expect(last.fraction == 1)
    }

    @Test func aCancelledUploadIsAborted() async throws {
        let files = try files()
        try await withFolder { folder in
            let source = folder.appendingPathComponent("a.bin")
            try large.write(to: source)
            let progress = TransferProgress()
            let upload = Task { try await files.uploadFile(source, kind: "file", progress: progress) }
            for await _ in progress { upload.cancel() }
            let error = try await failure { _ = try await upload.value }
            #expect(error.code == "cancelled")
        }
        #expect(try await files.list().items.isEmpty)
        #expect(try await files.sweepUploads().live == 0)
    }

    @Test func anUploadGoesOnAfterAFailure() async throws {
        let (stack, files) = (try LocalStack.shared(), try files())
        try await withFolder { folder in
            let source = folder.appendingPathComponent("a.bin")
            try large.write(to: source)
            try await stack.inject([
                "fault": .string("unavailable"), "operation": .string("UploadPart"),
                "key_containing": .string(files.scope.prefix), "skip": .integer(2),
            ])
            let begun = AsyncStream<String>.makeStream()
            let error = try await failure {
                _ = try await files.uploadFile(
                    source, kind: "file", onBegin: { begun.continuation.yield($0) })
            }
            try await stack.clearFaults()
            #expect(error.code == "storage-unavailable")
            begun.continuation.finish()
            let uploadId = try #require(await begun.stream.first { _ in true })
            let state = try await files.uploadState(uploadId)
            #expect(state.size == UInt64(large.count))
            #expect(state.partCount == 3)
            #expect(state.parts.count == 2)
            #expect(state.expiresAt > Date())
            #expect(try await files.sweepUploads().live == 1)

            let stored = try await files.resumeUpload(uploadId, file: source)
            #expect(try await files.read(stored.key) == large)
            try await files.abortUpload(uploadId)
            let forged = try await failure { _ = try await files.uploadState("u1.forged") }
            #expect(forged.code == "upload-not-found")
        }
        #expect(try await stack.casier().sweepUploads().aborted == 0)
    }

    @Test func partsOfAFile() async throws {
        let files = try files()
        let key = try await files.uploadFileObject(
            Data("0123456789".utf8), filename: "a.txt", kind: "file").key
        let cases: [(ByteRange, String)] = [
            (ByteRange(start: 0), "0123456789"), (ByteRange(start: 7), "789"),
            (ByteRange(start: 2, length: 3), "234"), (ByteRange(start: 8, length: 100), "89"),
            (.last(2), "89"),
        ]
        for (range, text) in cases {
            #expect(try await files.read(key, range: range) == Data(text.utf8))
            let stream = try await files.stream(key, range: range)
            #expect(stream.file.size == 10)
            #expect(stream.range.count == text.utf8.count)
            var come = Data()
            for try await piece in stream { come += piece }
            #expect(come == Data(text.utf8))
        }
        let error = try await failure { _ = try await files.read(key, range: ByteRange(start: 10)) }
        #expect(error.code == "range-invalid")
    }

    @Test func conditions() async throws {
        let files = try files()
        let data = Data("x".utf8)
        let key = try await files.uploadFileObject(data, filename: "a.txt", kind: "file").key
        let etag = try #require(try await files.metadata(key).etag)
        #expect(try await files.read(key, ifMatch: etag) == data)
        let calls: [() async throws -> Void] = [
            { _ = try await files.read(key, ifMatch: "0") },
            { _ = try await files.read(key, ifNoneMatch: etag) },
            { _ = try await files.stream(key, ifNoneMatch: etag) },
            { _ = try await files.read(key, ifUnmodifiedSince: Date(timeIntervalSinceNow: -3600)) },
        ]
        for call in calls { #expect(try await failure(of: call).code == "precondition-failed") }
    }

    @Test func aStreamOfAnySize() async throws {
        let (stack, files) = (try LocalStack.shared(), try files())
        let key = try await files.uploadFileObject(large, filename: "a.bin", kind: "file").key
        try await stack.inject([
            "fault": .string("cut-answer"), "operation": .string("GetObject"),
            "key_containing": .string(files.scope.prefix), "after_bytes": .integer(Int64(part)),
            "times": .integer(1),
        ])
        var come = Data()
        for try await piece in try await files.stream(key) { come += piece }
        try await stack.clearFaults()
        #expect(come == large)
        let missing = try await failure { _ = try await files.stream(key + "x") }
        #expect(missing.code == "file-not-found")
    }
}
