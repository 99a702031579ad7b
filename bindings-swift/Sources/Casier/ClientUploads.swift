import Foundation
internal import CasierInternal

extension UserStorage {
    /// Begins an upload whose parts a client sends straight to the store, to the addresses that
    /// ``partUrls(_:partNumbers:)`` gives; ``completeUpload(_:)`` makes them a file, and looks at it.
    /// Nothing is stored before that, and no address changes anything after it.
    ///
    /// Where a file of the key is there, it stays until the new one has been looked at. Where there
    /// is none, and another has come by the time of the completion, that is `conflict`. The upload
    /// can be gone on with for 24 hours, from any device.
    ///
    /// - Parameters:
    ///   - filename: The name to store it under. It is cleaned: the answer tells the key.
    ///   - kind: The kind of file, for example `image`.
    ///   - size: How many bytes it has.
    ///   - contentType: The content type. Defaults to that of the filename's extension, else
    ///     `application/octet-stream`.
    ///   - metadata: User metadata: names of 1 to 64 of `a-z`, `0-9` and `-` (`casier-` is
    ///     reserved), values in any script, 2 KB together.
    ///   - tags: Tags of the object: 10 at most, names of 1 to 128 characters, values of up to 256.
    ///   - overwrite: Whether a file of the same key is replaced.
    ///   - unguessable: Whether 128 random bits go into the name, before its extension.
    ///   - storageClass: The storage class, as S3 names it (`STANDARD_IA`). Defaults to the setting
    ///     ``Casier/Settings/storageClass``.
    /// - Throws: `invalid-kind`, `invalid-filename`, `type-not-allowed`, `file-too-large`,
    ///   `quota-exceeded`, `metadata-too-large`, `invalid-request`; `file-exists` when it is not to
    ///   be replaced; `storage-unsupported` where the store cannot promise not to overwrite.
    public func beginUpload(
        filename: String, kind: String, size: UInt64, contentType: String? = nil,
        metadata: [String: String] = [:], tags: [String: String] = [:], overwrite: Bool = true,
        unguessable: Bool = false, storageClass: String? = nil
    ) async throws(CasierError) -> BegunUpload {
        let options = BeginUploadOptions(
            contentType: contentType, metadata: metadata, tags: tags, overwrite: overwrite,
            unguessable: unguessable, storageClass: storageClass)
        return try await wait {
            try await BegunUpload(
                core.beginUpload(
                    filename: filename, kind: kind, size: size, options: options,
                    cancellation: $0))
        }
    }

    /// The addresses to which a client sends parts of an upload, each signed for the exact length of
    /// its part. They are signed here: the store is not asked. They live for 15 minutes, and no
    /// longer than the upload: ask for them when they are about to be used, and again when they have
    /// ended. A part that is sent again replaces itself.
    ///
    /// - Parameters:
    ///   - uploadId: What ``BegunUpload/uploadId`` says.
    ///   - partNumbers: 1 to 1000 numbers from 1 to ``BegunUpload/partCount``, none twice.
    /// - Throws: `upload-not-found` when the id is forged, another's, or has expired;
    ///   `invalid-request` for the numbers, and for an id that `onBegin` was called with.
    public func partUrls(
        _ uploadId: String, partNumbers: [UInt32]
    ) async throws(CasierError) -> [PartUrl] {
        try await wait {
            try await core.partUrls(
                uploadId: uploadId, partNumbers: partNumbers, cancellation: $0
            ).map(PartUrl.init)
        }
    }

    /// Makes the parts that a client has sent a file, once its size and first bytes have been
    /// compared with what the upload was begun for. What does not pass is deleted, and a file that
    /// was to be replaced is as it was.
    ///
    /// It can be called again, for instance when its answer was lost, and runs to its end even when
    /// the task is cancelled.
    ///
    /// - Parameter uploadId: What ``BegunUpload/uploadId`` says.
    /// - Throws: `upload-incomplete` when parts are missing, with how many bytes there are (`used`)
    ///   of how many (`limit`): send them and call again. `content-mismatch` when the first bytes
    ///   are not of the type; `file-exists` where it was not to overwrite; `conflict` where a file
    ///   of the key has come since the upload was begun: after these the upload is over, and nothing
    ///   of it stays. `upload-not-found` also when the upload was given up, or its file has been
    ///   replaced since; `invalid-request` for an id that `onBegin` was called with.
    public func completeUpload(_ uploadId: String) async throws(CasierError) -> StoredFile {
        try await wait {
            try await StoredFile(core.completeUpload(uploadId: uploadId, cancellation: $0))
        }
    }
}

/// An upload that the store has begun. Whoever acts for its user can go on with it by its id, which
/// printing does not show.
public struct BegunUpload: Redacted, Sendable {
    /// The id that ``UserStorage/partUrls(_:partNumbers:)``, ``UserStorage/uploadState(_:)``,
    /// ``UserStorage/completeUpload(_:)`` and ``UserStorage/abortUpload(_:)`` take.
    public let uploadId: String
    /// The full S3 key that the file will have.
    public let key: String
    /// The bytes of each part but the last.
    public let partSize: UInt64
    /// How many parts the file has: none, if it is empty.
    public let partCount: UInt32
    /// When the upload ends, by the store's clock.
    public let expiresAt: Date

    init(_ begun: CasierInternal.BegunUpload) {
        uploadId = begun.uploadId
        key = begun.key
        partSize = begun.partSize
        partCount = begun.partCount
        expiresAt = begun.expiresAt
    }

    /// The key, and how many parts it has.
    public var description: String { "BegunUpload(key: \(key), partCount: \(partCount))" }
}

/// The address that takes one part of an upload, by PUT. Whoever has it can send the part until it
/// ends: treat it as a secret. Printing it does not show it.
public struct PartUrl: Redacted, Sendable {
    /// The number of the part, from 1.
    public let partNumber: UInt32
    /// The address.
    public let url: URL
    /// What has to be sent with it. `URLSession` and browsers send `content-length` by themselves.
    public let headers: [String: String]
    /// The exact size of the part, in bytes.
    public let size: UInt64
    /// When the address ends.
    public let expiresAt: Date

    init(_ part: CasierInternal.PartUrl) throws {
        partNumber = part.partNumber
        url = try address(part.url)
        headers = part.headers
        size = part.size
        expiresAt = part.expiresAt
    }

    /// The number, and the size.
    public var description: String { "PartUrl(partNumber: \(partNumber), size: \(size))" }
}
