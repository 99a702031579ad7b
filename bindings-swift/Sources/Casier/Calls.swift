import Foundation
internal import CasierInternal

/// Runs a call that does not wait.
func call<Value>(_ body: () throws -> Value) throws(CasierError) -> Value {
    do {
        return try body()
    } catch {
        throw CasierError(error)
    }
}

/// Runs a call that waits. When its task is cancelled the core gives the call up, and it throws
/// `cancelled`.
func wait<Value: Sendable>(
    _ body: (Cancellation) async throws -> Value
) async throws(CasierError) -> Value {
    _ = theRuntime
    do {
        let cancellation = try Cancellation()
        return try await withTaskCancellationHandler {
            try await body(cancellation)
        } onCancel: {
            try? cancellation.cancel()
        }
    } catch {
        throw CasierError(error)
    }
}

/// The threads of the core, started once. They block SIGPIPE, and whoever they start inherits that: a
/// write to a connection that the other side has closed is an error there, not the end of the
/// program. The program's own threads keep the signal.
private let theRuntime: Void = {
    var (brokenPipe, before) = (sigset_t(), sigset_t())
    sigemptyset(&brokenPipe)
    sigaddset(&brokenPipe, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &brokenPipe, &before)
    // What could not start is tried again, and told, by the call.
    try? startRuntime()
    pthread_sigmask(SIG_SETMASK, &before, nil)
}()

extension Contents {
    /// How many bytes cross at a time.
    static let pieceSize = 4 * 1024 * 1024

    convenience init(_ data: Data) throws {
        try self.init(size: UInt64(data.count))
        var rest = data[...]
        while !rest.isEmpty {
            try append(piece: rest.prefix(Self.pieceSize))
            rest = rest.dropFirst(Self.pieceSize)
        }
    }

    /// Takes all bytes out.
    func data() throws -> Data {
        var data = Data(capacity: Int(try size()))
        while case let piece = try nextPiece(limit: UInt32(Self.pieceSize)), !piece.isEmpty {
            data.append(piece)
        }
        return data
    }
}
