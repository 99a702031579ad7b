import Casier
import Foundation
import Testing

/// A cancelled task gives its call up, half-way too, and nothing is left behind.
@Suite(.timeLimit(.minutes(1)))
struct CancellationTests {
    private static let size = 24 * 1024 * 1024

    /// Attack 105.
    @Test(arguments: [true, false])
    func halfWayThroughAnUpload(fromDisk: Bool) async throws {
        let stack = try LocalStack.shared()
        let proxy = try StallingProxy(before: s3Port(stack), stall: .up, after: 1024 * 1024)
        defer { proxy.stop() }
        let through = try files(stack, by: proxy.port)
        try await withFolder { folder in
            let data = Data(repeating: 7, count: Self.size)
            let file = folder.appendingPathComponent("a.bin")
            try data.write(to: file)
            let upload = Task {
                if fromDisk {
                    try await through.uploadFile(file, kind: "file")
                } else {
                    try await through.uploadFileObject(data, filename: "a.bin", kind: "file")
                }
            }
            await proxy.untilStalled()
            upload.cancel()
            let error = try await failure { _ = try await upload.value }
            #expect((error.code, error.status) == ("cancelled", 499))
        }
        proxy.stop()
        let direct = try stack.casier().storageFor(userId: through.scope.userId)
        #expect(try await direct.list().items.isEmpty)
    }

    @Test func halfWayThroughADownload() async throws {
        let stack = try LocalStack.shared()
        let proxy = try StallingProxy(before: s3Port(stack), stall: .down, after: 1024 * 1024)
        defer { proxy.stop() }
        let through = try files(stack, by: proxy.port)
        let direct = try stack.casier().storageFor(userId: through.scope.userId)
        let stored = try await direct.uploadFileObject(
            Data(repeating: 7, count: Self.size), filename: "a.bin", kind: "file")
        try await withFolder { folder in
            let target = folder.appendingPathComponent("a.bin")
            let download = Task { try await through.download(stored.key, to: target) }
            await proxy.untilStalled()
            let names = { try FileManager.default.contentsOfDirectory(atPath: folder.path) }
            // What the proxy has passed on is on its way to the part of the file.
            while try names().isEmpty { try await Task.sleep(for: .milliseconds(10)) }
            download.cancel()
            let error = try await failure { _ = try await download.value }
            #expect(error.code == "cancelled")
            #expect(try names().isEmpty)
        }
        #expect(try await direct.exists(stored.key))
    }

    @Test func halfWayThroughARead() async throws {
        let stack = try LocalStack.shared()
        let proxy = try StallingProxy(before: s3Port(stack), stall: .down, after: 1024 * 1024)
        defer { proxy.stop() }
        let through = try files(stack, by: proxy.port)
        let direct = try stack.casier().storageFor(userId: through.scope.userId)
        let stored = try await direct.uploadFileObject(
            Data(repeating: 7, count: Self.size), filename: "a.bin", kind: "file")
        let read = Task { try await through.read(stored.key) }
        await proxy.untilStalled()
        read.cancel()
        #expect(try await failure { _ = try await read.value }.code == "cancelled")
    }

    @Test func beforeTheCallBegins() async throws {
        let files = try await LocalStack.shared().session().files()
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await files.uploadFileObject(Data("# a".utf8), filename: "a.md", kind: "blog")
        }
        #expect(try await failure { _ = try await task.value }.code == "cancelled")
        #expect(try await files.list().items.isEmpty)
    }

    /// Nor does a call begin that would not have to wait.
    @Test func beforeACallThatDoesNotWait() async throws {
        let stack = try LocalStack.shared()
        let (casier, token) = (try stack.casier(), try await stack.mint("user_ada"))
        _ = try await casier.authenticate(token)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await casier.authenticate(token)
        }
        #expect(try await failure { _ = try await task.value }.code == "cancelled")
        _ = try await casier.authenticate(token)
    }

    @Test func onlyTheTaskThatIsCancelled() async throws {
        let files = try await LocalStack.shared().session().files()
        let tasks = (0..<8).map { index in
            Task {
                try await files.uploadFileObject(
                    Data("# a".utf8), filename: "\(index).md", kind: "blog")
            }
        }
        tasks[3].cancel()
        for (index, task) in tasks.enumerated() where index != 3 {
            #expect(try await task.value.filename == "\(index).md")
        }
    }

    @Test func atAnyMoment() async throws {
        let files = try await LocalStack.shared().session().files()
        for moment in 0..<200 {
            let task = Task { try await files.exists("\(files.scope.prefix)blogs/none.md") }
            try await Task.sleep(for: .microseconds(20 * moment))
            task.cancel()
            do {
                #expect(try await !task.value)
            } catch let error as CasierError {
                #expect(error.code == "cancelled")
            }
        }
    }

    private func s3Port(_ stack: LocalStack) throws -> UInt16 {
        let port = stack.environment["S3_ENDPOINT_URL"]?.split(separator: ":").last
        guard let port = port.flatMap({ UInt16($0) }) else { throw Missing("no port of the S3") }
        return port
    }

    /// The empty scope of a new user, reached through the proxy.
    private func files(_ stack: LocalStack, by port: UInt16) throws -> UserStorage {
        var settings = try stack.settings()
        settings.endpointUrl = "http://127.0.0.1:\(port)"
        let userId = "user_\(UInt64.random(in: 0...UInt64.max))"
        return try Casier(settings).storageFor(userId: userId)
    }
}
