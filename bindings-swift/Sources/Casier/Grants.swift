import Foundation
internal import CasierInternal

extension UserStorage {
    /// Keys for a client that is to speak S3 to the store itself, confined to this scope by a session
    /// policy: STS gives them for the role of ``Casier/Settings/grantRoleArn``. They cannot be taken
    /// back before they end.
    ///
    /// - Parameters:
    ///   - access: What they may do. Defaults to reading.
    ///   - expiresIn: How long they should live, in seconds, 900 to 43200. Defaults to 3600. No
    ///     longer than a link of the tier, and than STS gives the role:
    ///     ``TemporaryCredentials/expiresAt`` says how long.
    /// - Throws: `invalid-request` for the life; `subscription-required` when links of the tier live
    ///   less than 900 seconds; `config-invalid` without a role, or when STS does not know it;
    ///   `storage-unsupported` when the store has no STS, or does not keep such keys to a scope;
    ///   `storage-denied` when our own keys may not have the role.
    public func temporaryCredentials(
        access: TemporaryCredentials.Access = .read, expiresIn: Int? = nil
    ) async throws(CasierError) -> TemporaryCredentials {
        try await wait {
            try await TemporaryCredentials(
                core.temporaryCredentials(
                    access: access.core, expiresIn: expiresIn.map(UInt64.init(clamping:)),
                    cancellation: $0))
        }
    }
}

/// Keys that reach one scope until they end, and what a client of S3 needs beside them. Whoever has
/// them can do there what they allow: treat them as a secret. Printing them shows none.
public struct TemporaryCredentials: Redacted, Sendable {
    /// What they may do.
    public enum Access: Sendable {
        /// List the scope, and read its files.
        case read
        /// That, and store and delete files. The store then checks the place alone: not sizes, types,
        /// names or the quota.
        case readWrite

        fileprivate var core: CasierInternal.Access {
            switch self {
            case .read: .read
            case .readWrite: .readWrite
            }
        }
    }

    /// The access key.
    public let accessKeyId: String
    /// Its secret.
    public let secretAccessKey: String
    /// What every request has to bring beside its signature.
    public let sessionToken: String
    /// When they end, as the store says.
    public let expiresAt: Date
    /// The bucket.
    public let bucket: String
    /// What every key begins with that they reach; a listing has to ask for it, or for more of it.
    public let prefix: String
    /// The region to sign for.
    public let region: String
    /// The address of the store for clients; `nil` is AWS's.
    public let endpoint: String?
    /// Whether the bucket stands in the path and not in the host.
    public let pathStyle: Bool

    init(_ keys: CasierInternal.TemporaryCredentials) {
        accessKeyId = keys.accessKeyId
        secretAccessKey = keys.secretAccessKey
        sessionToken = keys.sessionToken
        expiresAt = keys.expiresAt
        bucket = keys.bucket
        prefix = keys.prefix
        region = keys.region
        endpoint = keys.endpoint
        pathStyle = keys.pathStyle
    }

    /// What they reach.
    public var description: String { "TemporaryCredentials(bucket: \(bucket), prefix: \(prefix))" }
}
