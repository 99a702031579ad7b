import Foundation
internal import CasierInternal

extension UserStorage {
    /// A request that uploads one file of exactly `size` bytes, straight to the store, for clients
    /// that do not speak the protocol of ``beginUpload(filename:kind:size:contentType:metadata:tags:overwrite:unguessable:storageClass:)``.
    ///
    /// Key, length, content type, disposition, metadata, encryption and storage class are signed:
    /// the store refuses a request that changes one of them. It can be sent again until it ends,
    /// after 15 minutes at most, and what is uploaded is not looked at. Where the tier limits what
    /// is stored, `size` bytes are reserved until a while after its end.
    ///
    /// - Parameters:
    ///   - filename: The name to store it under. It is cleaned: the key tells the name.
    ///   - kind: The kind of file, for example `image`.
    ///   - size: How many bytes it has, 5 GiB at most.
    ///   - contentType: The content type. Defaults to that of the filename's extension, else
    ///     `application/octet-stream`.
    ///   - metadata: User metadata: names of 1 to 64 of `a-z`, `0-9` and `-` (`casier-` is
    ///     reserved), values in any script, 2 KB together.
    ///   - overwrite: Whether a file of the same key is replaced; if not, the store answers 412
    ///     where there is one.
    ///   - unguessable: Whether 128 random bits go into the name, before its extension.
    ///   - expiresIn: How long it should live, in seconds, 1 to 900. Defaults to 900.
    ///   - storageClass: The storage class, as S3 names it (`STANDARD_IA`). Defaults to the setting
    ///     ``Casier/Settings/storageClass``.
    ///   - sha256: The SHA-256 of the file, 32 bytes: the store then takes no other file.
    /// - Throws: `invalid-kind`, `invalid-filename`, `type-not-allowed`, `file-too-large`,
    ///   `quota-exceeded`, `metadata-too-large`; `invalid-request` for the metadata, the life and
    ///   `sha256`; `storage-unsupported` where the store cannot promise not to overwrite, or to
    ///   encrypt.
    public func presignedUpload(
        filename: String, kind: String, size: UInt64, contentType: String? = nil,
        metadata: [String: String] = [:], overwrite: Bool = true, unguessable: Bool = false,
        expiresIn: Int? = nil, storageClass: String? = nil, sha256: Data? = nil
    ) async throws(CasierError) -> PresignedUpload {
        let options = PresignedUploadOptions(
            contentType: contentType, metadata: metadata, overwrite: overwrite,
            unguessable: unguessable, expiresIn: expiresIn.map(UInt64.init(clamping:)),
            storageClass: storageClass, sha256: sha256)
        return try await wait {
            try await PresignedUpload(
                core.presignedUpload(
                    filename: filename, kind: kind, size: size, options: options,
                    cancellation: $0))
        }
    }

    /// A form that uploads one file whose size is within a range, straight to the store: for pages
    /// without JavaScript, and for clients that do not know the size beforehand. What is signed
    /// binds the key, the range, the content type and every other field to its very value.
    ///
    /// It lives and is used as the request of
    /// ``presignedUpload(filename:kind:size:contentType:metadata:overwrite:unguessable:expiresIn:storageClass:sha256:)``,
    /// and replaces a file of the same key: forms have no condition. The most bytes that it takes
    /// are reserved. Not every store takes forms: R2 does not.
    ///
    /// - Parameters:
    ///   - filename: As for a request, and so are the others.
    ///   - kind: The kind of file.
    ///   - sizes: The fewest bytes and the most.
    ///   - contentType: The content type.
    ///   - metadata: User metadata.
    ///   - unguessable: Whether 128 random bits go into the name.
    ///   - expiresIn: How long it should live, in seconds, 1 to 900. Defaults to 900.
    ///   - storageClass: The storage class.
    /// - Throws: What a request throws; `invalid-request` also for metadata that hold
    ///   `${filename}`, which S3 would replace.
    public func presignedPost(
        filename: String, kind: String, sizes: ClosedRange<UInt64>, contentType: String? = nil,
        metadata: [String: String] = [:], unguessable: Bool = false, expiresIn: Int? = nil,
        storageClass: String? = nil
    ) async throws(CasierError) -> PresignedPost {
        let options = PresignedUploadOptions(
            contentType: contentType, metadata: metadata, overwrite: true,
            unguessable: unguessable, expiresIn: expiresIn.map(UInt64.init(clamping:)),
            storageClass: storageClass, sha256: nil)
        return try await wait {
            try await PresignedPost(
                core.presignedPost(
                    filename: filename, kind: kind, smallest: sizes.lowerBound,
                    largest: sizes.upperBound, options: options, cancellation: $0))
        }
    }
}

/// A request that uploads one file. Whoever has it can send it, as often as they like, until it
/// ends: treat it as a secret. Printing it does not show its address.
public struct PresignedUpload: Redacted, Sendable {
    /// The full S3 key that the file will have.
    public let key: String
    /// The method: `PUT`.
    public let method: String
    /// The address.
    public let url: URL
    /// The headers that must be sent, with these values. `URLSession` and browsers send
    /// `content-length` by themselves, from the body.
    public let headers: [String: String]
    /// How long it really lives, in seconds.
    public let expiresIn: UInt64
    /// When it ends.
    public let expiresAt: Date

    init(_ upload: CasierInternal.PresignedUpload) throws {
        key = upload.key
        method = upload.method
        url = try address(upload.url)
        headers = upload.headers
        expiresIn = upload.expiresIn
        expiresAt = upload.expiresAt
    }

    /// The key, and how long it lives.
    public var description: String { "PresignedUpload(key: \(key), expiresIn: \(expiresIn))" }
}

/// A form that uploads one file. Whoever has it can send it, as often as they like, until it ends:
/// treat it as a secret. Printing it does not show its fields.
public struct PresignedPost: Redacted, Sendable {
    /// The full S3 key that the file will have.
    public let key: String
    /// Where the form is sent, as `multipart/form-data`.
    public let url: URL
    /// All fields but the file, which comes last, under the name `file`.
    public let fields: [String: String]
    /// How long the form really lives, in seconds.
    public let expiresIn: UInt64
    /// When it ends.
    public let expiresAt: Date

    init(_ post: CasierInternal.PresignedPost) throws {
        key = post.key
        url = try address(post.url)
        fields = post.fields
        expiresIn = post.expiresIn
        expiresAt = post.expiresAt
    }

    /// The key, and how long it lives.
    public var description: String { "PresignedPost(key: \(key), expiresIn: \(expiresIn))" }
}
