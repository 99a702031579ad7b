import Foundation
internal import CasierInternal

/// Tells how far one transfer has come. Make one, hand it to the call, and iterate over it
/// meanwhile:
///
/// ```swift
/// let progress = TransferProgress()
/// Task { for await step in progress { bar.value = step.fraction ?? 0 } }
/// try await files.uploadFile(film, kind: "video", progress: progress)
/// ```
///
/// The numbers never fall, and the sequence ends with the call. Whoever looks away misses steps, and
/// is told of the latest.
public struct TransferProgress: AsyncSequence, Sendable {
    /// How far it has come.
    public struct Step: Sendable, Equatable {
        /// The bytes that have moved.
        public let moved: UInt64
        /// All that will, where that is known.
        public let total: UInt64?

        /// From 0 to 1, where the total is known.
        public var fraction: Double? {
            total.map { $0 == 0 ? 1 : Double(moved) / Double($0) }
        }
    }

    private let steps: AsyncStream<Step>
    fileprivate let teller: AsyncStream<Step>.Continuation

    /// The progress of a transfer that is still to begin.
    public init() {
        (steps, teller) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// The steps, from here on.
    public func makeAsyncIterator() -> AsyncStream<Step>.Iterator { steps.makeAsyncIterator() }
}

/// A part of a file. What reaches beyond its end ends there; a part that holds no byte of it is
/// `range-invalid`.
public struct ByteRange: Sendable, Equatable {
    private enum Part: Equatable {
        case from(UInt64, UInt64?)
        case last(UInt64)
    }

    private let part: Part

    private init(_ part: Part) { self.part = part }

    /// The `length` bytes from `start` on, or all from there to the end.
    public init(start: UInt64, length: UInt64? = nil) { part = .from(start, length) }

    /// The last bytes of a file; the whole of one that is shorter.
    public static func last(_ length: UInt64) -> ByteRange { ByteRange(.last(length)) }

    var core: CasierInternal.ByteRange {
        switch part {
        case .from(let start, let length): .from(start: start, length: length)
        case .last(let length): .last(length: length)
        }
    }
}

/// Runs a call that waits and tells how far it has come, where that is wanted.
func watched<Value: Sendable>(
    by progress: TransferProgress?,
    _ body: ((any ProgressListener)?, Cancellation) async throws -> Value
) async throws(CasierError) -> Value {
    defer { progress?.teller.finish() }
    return try await wait { try await body(progress.map(Watcher.init), $0) }
}

private final class Watcher: ProgressListener {
    private let progress: TransferProgress

    init(_ progress: TransferProgress) { self.progress = progress }

    func moved(bytes: UInt64, total: UInt64?) {
        progress.teller.yield(TransferProgress.Step(moved: bytes, total: total))
    }
}
