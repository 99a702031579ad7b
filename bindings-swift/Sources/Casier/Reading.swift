import Foundation
internal import CasierInternal

extension UserStorage {
    /// Reads a file, or a part of it, into memory.
    ///
    /// - Parameters:
    ///   - key: The full key of the file.
    ///   - limit: The most bytes to take. Defaults to 64 MiB.
    ///   - range: The part to read. Defaults to the whole.
    ///   - ifMatch: Only the version of this entity tag.
    ///   - ifNoneMatch: Only another version than that of this entity tag.
    ///   - ifModifiedSince: Only if it was stored after this time, to the second. The store looks at
    ///     it only without `ifNoneMatch`.
    ///   - ifUnmodifiedSince: Only if it was not stored after this time, to the second. The store
    ///     looks at it only without `ifMatch`.
    ///   - progress: Tells how far it has come.
    ///   - deadline: How long the whole call may take, in seconds. Defaults to 30 seconds and one
    ///     more for each 128 KiB.
    /// - Throws: `file-not-found`; `file-too-large` above the limit; `range-invalid`;
    ///   `precondition-failed`; `file-archived` when it must be restored from its archive first.
    public func read(
        _ key: String, limit: Int? = nil, range: ByteRange? = nil, ifMatch: String? = nil,
        ifNoneMatch: String? = nil, ifModifiedSince: Date? = nil, ifUnmodifiedSince: Date? = nil,
        progress: TransferProgress? = nil, deadline: TimeInterval? = nil
    ) async throws(CasierError) -> Data {
        let options = ReadOptions(
            ifMatch: ifMatch, ifNoneMatch: ifNoneMatch, ifModifiedSince: ifModifiedSince,
            ifUnmodifiedSince: ifUnmodifiedSince, deadline: deadline)
        return try await watched(by: progress) { listener, cancellation in
            try await core.read(
                key: key, limit: limit.map(UInt64.init(clamping:)), range: range?.core,
                options: options, progress: listener, cancellation: cancellation
            ).data()
        }
    }

    /// Reads a file, or a part of it, as a stream of any size.
    ///
    /// ```swift
    /// for try await piece in try await files.stream(key) { ... }
    /// ```
    ///
    /// An answer that breaks off is taken up where it ended, as long as the file is the same.
    ///
    /// - Parameters:
    ///   - key: The full key of the file.
    ///   - range: The part to read. Defaults to the whole.
    ///   - ifMatch: As for ``read(_:limit:range:ifMatch:ifNoneMatch:ifModifiedSince:ifUnmodifiedSince:progress:deadline:)``,
    ///     and so are the others.
    ///   - ifNoneMatch: Only another version than that of this entity tag.
    ///   - ifModifiedSince: Only if it was stored after this time.
    ///   - ifUnmodifiedSince: Only if it was not stored after this time.
    ///   - deadline: How long each piece may be waited for, in seconds. Defaults to 30.
    /// - Throws: As a read, save for the size. While it is read, `conflict` when the file is
    ///   replaced, and `checksum-mismatch`.
    public func stream(
        _ key: String, range: ByteRange? = nil, ifMatch: String? = nil,
        ifNoneMatch: String? = nil, ifModifiedSince: Date? = nil, ifUnmodifiedSince: Date? = nil,
        deadline: TimeInterval? = nil
    ) async throws(CasierError) -> FileStream {
        let options = ReadOptions(
            ifMatch: ifMatch, ifNoneMatch: ifNoneMatch, ifModifiedSince: ifModifiedSince,
            ifUnmodifiedSince: ifUnmodifiedSince, deadline: deadline)
        return try await wait {
            try await FileStream(
                core.stream(
                    key: key, range: range?.core, options: options, cancellation: $0))
        }
    }

    /// Downloads a file to a path, which appears whole or not at all. A file that is there is
    /// replaced. Large files come in several ranges at a time. Cancelled, nothing is left.
    ///
    /// - Parameters:
    ///   - key: The full key of the file.
    ///   - file: Where to write it, a `file:` URL.
    ///   - ifMatch: As for a read, and so are the others.
    ///   - ifNoneMatch: Only another version than that of this entity tag.
    ///   - ifModifiedSince: Only if it was stored after this time.
    ///   - ifUnmodifiedSince: Only if it was not stored after this time.
    ///   - progress: Tells how far it has come.
    ///   - deadline: How long the whole call may take, in seconds.
    /// - Throws: `file-not-found`; `precondition-failed`; `conflict` when it is replaced meanwhile;
    ///   `file-archived` when it must be restored from its archive first; `io-failed` when the
    ///   folder is missing or cannot be written to.
    @discardableResult
    public func download(
        _ key: String, to file: URL, ifMatch: String? = nil, ifNoneMatch: String? = nil,
        ifModifiedSince: Date? = nil, ifUnmodifiedSince: Date? = nil,
        progress: TransferProgress? = nil, deadline: TimeInterval? = nil
    ) async throws(CasierError) -> StoredFile {
        let options = ReadOptions(
            ifMatch: ifMatch, ifNoneMatch: ifNoneMatch, ifModifiedSince: ifModifiedSince,
            ifUnmodifiedSince: ifUnmodifiedSince, deadline: deadline)
        return try await watched(by: progress) { listener, cancellation in
            try await StoredFile(
                core.download(
                    key: key, file: file, options: options, progress: listener,
                    cancellation: cancellation))
        }
    }
}

/// The bytes of a file as they come. Nothing is read ahead of who takes them, save what the
/// connection holds; letting go of it ends the transfer. It is gone through once: all iterators take
/// from the same bytes.
public struct FileStream: AsyncSequence, Redacted, Sendable {
    /// The file, with the size of the whole.
    public let file: StoredFile
    /// Which of its bytes the stream gives.
    public let range: Range<UInt64>

    private let core: CasierInternal.FileStream

    init(_ core: CasierInternal.FileStream) throws {
        file = try StoredFile(core.file())
        range = try core.start()..<core.end()
        self.core = core
    }

    /// Takes the bytes, piece by piece.
    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let core: CasierInternal.FileStream

        /// The next piece; `nil` after the last, and after an error.
        public mutating func next() async throws(CasierError) -> Data? {
            let core = core
            return try await wait { try await core.next(cancellation: $0)?.data() }
        }
    }

    /// Goes on where the stream stands.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(core: core) }

    /// The file.
    public var description: String { "FileStream(\(file))" }
}
