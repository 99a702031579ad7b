import Foundation
internal import CasierInternal

extension UserStorage {
    /// Lists files of the scope, in the order of their keys.
    ///
    /// A page may hold fewer files than its limit, even none, and yet have a next one: go on until
    /// ``Page/nextCursor`` is `nil`.
    /// ``listAll(kind:search:limit:cursor:withMetadata:)`` does.
    ///
    /// - Parameters:
    ///   - kind: Only files of this kind. Defaults to all.
    ///   - search: Only files whose name holds this, whatever its case and Unicode form.
    ///   - limit: The most files of the page, 1 to 1000. Defaults to 1000.
    ///   - cursor: ``Page/nextCursor`` of the page before, with the same kind. Defaults to the
    ///     beginning.
    ///   - withMetadata: Whether content types and user metadata are wanted, which takes one more
    ///     call to the store for each file.
    /// - Throws: `invalid-kind`, `invalid-cursor`; `invalid-request` for the limit.
    public func list(
        kind: String? = nil, search: String? = nil, limit: Int? = nil, cursor: String? = nil,
        withMetadata: Bool = false
    ) async throws(CasierError) -> Page {
        let options = ListOptions(
            kind: kind, search: search, limit: limit.map(UInt32.init(clamping:)), cursor: cursor,
            withMetadata: withMetadata)
        return try await wait { try await Page(core.list(options: options, cancellation: $0)) }
    }

    /// Every file of the scope, or of a kind, in the order of their keys; one page is in memory at a
    /// time. Nothing is sent before the first file is asked for.
    ///
    /// - Parameters:
    ///   - kind: As for a page, and so are the others.
    ///   - search: Only files whose name holds this.
    ///   - limit: The most files of a page. Defaults to 1000.
    ///   - cursor: Where to begin.
    ///   - withMetadata: Whether content types and user metadata are wanted.
    /// - Throws: Nothing at once; while it is iterated, what ``list(kind:search:limit:cursor:withMetadata:)``
    ///   throws.
    public func listAll(
        kind: String? = nil, search: String? = nil, limit: Int? = nil, cursor: String? = nil,
        withMetadata: Bool = false
    ) throws(CasierError) -> FileList {
        let options = ListOptions(
            kind: kind, search: search, limit: limit.map(UInt32.init(clamping:)), cursor: cursor,
            withMetadata: withMetadata)
        return try call { try FileList(core.listAll(options: options)) }
    }

    /// The files that were stored last, the newest first. The whole scope, or kind, is listed for
    /// it.
    ///
    /// - Parameters:
    ///   - count: How many, 1 to 1000.
    ///   - kind: Only files of this kind. Defaults to all.
    /// - Throws: `invalid-kind`; `invalid-request` for the count.
    public func newest(_ count: Int, kind: String? = nil) async throws(CasierError) -> [StoredFile] {
        try await wait {
            try await core.newest(count: UInt64(clamping: count), kind: kind, cancellation: $0)
                .map(StoredFile.init)
        }
    }
}

/// Files one after the other. It is gone through once: all iterators take from the same files.
public struct FileList: AsyncSequence, Sendable {
    private let core: CasierInternal.FileList

    init(_ core: CasierInternal.FileList) { self.core = core }

    /// Takes the files.
    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let core: CasierInternal.FileList
        private var batch: ArraySlice<StoredFile> = []

        fileprivate init(core: CasierInternal.FileList) { self.core = core }

        /// The next file; `nil` after the last, and after an error.
        public mutating func next() async throws(CasierError) -> StoredFile? {
            if batch.isEmpty {
                let core = core
                batch = try await wait {
                    try await core.nextBatch(cancellation: $0).map(StoredFile.init)[...]
                }
            }
            return batch.popFirst()
        }
    }

    /// Goes on where the list stands.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(core: core) }

    /// How many objects have been left out so far because their keys cannot be read.
    public var skipped: UInt64 {
        get async throws(CasierError) { try await wait { _ in try await core.skipped() } }
    }
}
