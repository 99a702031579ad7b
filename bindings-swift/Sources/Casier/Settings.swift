import Foundation

extension Casier {
    /// Every setting; what is `nil` is left out. Printing them shows none, since some are secret.
    ///
    /// ```swift
    /// var settings = Casier.Settings()
    /// settings.issuer = "https://clerk.example.com"
    /// settings.bucket = "my-bucket"
    /// let casier = try Casier(settings)
    /// ```
    public struct Settings: Redacted, Sendable {
        /// The primary issuer, compared byte for byte with the token's `iss`. Default: from the publishable key.
        public var issuer: String?
        /// Clerk's publishable key: names the issuer, and the suffix of Clerk's cookies.
        public var publishableKey: String?
        /// Who makes the primary issuer's tokens: `clerk`, `oidc`, `auth0`, `cognito`, `supabase`,
        /// `firebase` or `keycloak`. Default: `clerk`.
        public var provider: String?
        /// Where the primary issuer's keys are. Default: the provider's; for Clerk
        /// `{issuer}/.well-known/jwks.json`.
        public var jwksUrl: String?
        /// PEM public key of the primary issuer: tokens are then checked with no network.
        public var jwtKey: String?
        /// Clerk's secret key, sent to Clerk's API alone: when the key set is read from there, and to
        /// look users up.
        public var secretKey: String?
        /// Whether users whose tokens carry neither e-mail nor public metadata are looked up in Clerk's
        /// API. Needs the secret key. Default: no.
        public var userLookup: Bool?
        /// Clerk's API, where users are looked up. Default: `https://api.clerk.com`.
        public var clerkApiUrl: String?
        /// Allowed `azp`. Default: not checked.
        public var authorizedParties: [String]?
        /// Whether a token without `azp` passes although authorized parties are set (never by cookie).
        /// Default: no.
        public var allowMissingAzp: Bool?
        /// Allowed `aud`. Default: not checked for Clerk; `authenticated` for Supabase, the project for
        /// Firebase; required for every other provider.
        public var audience: [String]?
        /// Allowed algorithms: RS, PS or ES with 256, 384 or 512, or EdDSA. Default: the provider's:
        /// RS256, and ES256 for Supabase.
        public var algorithms: [String]?
        /// Seconds by which clocks may differ, 0 to 300. Default: 5.
        public var clockSkew: Int?
        /// Another claim that only the server can write, read like `public_metadata`.
        public var publicMetadataClaim: String?
        /// Secrets of Clerk's webhooks, `whsec_…`. Checked, not used yet.
        public var clerkWebhookSecret: [String]?
        /// AWS access key id; set together with its secret. Default: AWS's own chain.
        public var accessKeyId: String?
        /// AWS secret access key.
        public var secretAccessKey: String?
        /// AWS session token, for temporary credentials.
        public var sessionToken: String?
        /// AWS region of the bucket. Default: AWS's own chain; `us-east-1` with an endpoint.
        public var region: String?
        /// The bucket. Needed for files.
        public var bucket: String?
        /// Another S3 than AWS: scheme, host and port.
        public var endpointUrl: String?
        /// The endpoint to sign links for, when browsers know the store by another host. Default: the
        /// endpoint.
        public var publicEndpointUrl: String?
        /// How the bucket stands in addresses. Default: `auto`.
        public var addressingStyle: AddressingStyle?
        /// `false` lets an endpoint without a scheme mean http. Default: `true`.
        public var useSsl: Bool?
        /// Seconds that a link lives when nobody asks otherwise, 1 to 604800. Default: 3600.
        public var linkSeconds: Int?
        /// Seconds that a call to the store may take (transfers: more, by size), 1 to 3600. Default: 30.
        public var deadlineSeconds: Int?
        /// How the store encrypts what is uploaded: `AES256` or `aws:kms`. Default: the bucket's own rule.
        public var serverSideEncryption: String?
        /// The id, ARN or alias of the key for `aws:kms`. Default: AWS's own key for S3.
        public var kmsKeyId: String?
        /// The storage class of uploads that name none, as S3 names it. Default: the store's.
        public var storageClass: String?
        /// The ARN of the role that temporary credentials are given for. Default: none, and then there
        /// are none.
        public var grantRoleArn: String?
        /// Where temporary credentials are asked for (STS): scheme, host and port. Default: the endpoint;
        /// on AWS the region's.
        public var stsEndpointUrl: String?
        /// The host name of the CloudFront distribution that reads the bucket. Set together with the two
        /// below.
        public var cloudfrontDomain: String?
        /// The id, at CloudFront, of the public key that its links are checked with.
        public var cloudfrontKeyPairId: String?
        /// The private key that belongs to it, in PEM: RSA with 2048 bits, or ECDSA on P-256.
        public var cloudfrontPrivateKey: String?
        /// The policy file. Default: the built-in tiers.
        public var policy: URL?
        /// Origins that may change things by cookie. Default: the authorized parties.
        public var allowedOrigins: [String]?
        /// Whether a token that has passed is remembered, so that it passes again without its
        /// cryptography. Default: yes.
        public var tokenCache: Bool?
        /// Whether issuers and keys on http or loopback are allowed, for development. Default: no.
        public var local: Bool?
        /// Shared state for several processes. Not supported yet: refused, never ignored.
        public var redisUrl: String?
        /// 32 or more random bytes in base64, which the handles of uploads are sealed with; the first
        /// seals, all open. Default: random for each process, with a warning.
        public var secret: [String]?
        /// Where completion webhooks go. Checked, not used yet.
        public var webhookUrl: String?
        /// The secret of the completion webhooks, `whsec_…`. Checked, not used yet.
        public var webhookSecret: [String]?
        /// The configuration file.
        public var config: URL?

        /// Settings of which none is set.
        public init() {}

        /// How the bucket stands in the addresses of the store.
        public enum AddressingStyle: String, Sendable {
            /// In the path.
            case path
            /// In the host name.
            case virtual
            /// In the path with an endpoint, in the host name on AWS.
            case auto
        }

        /// The name of the type alone.
        public var description: String { "Casier.Settings" }
    }
}

extension Casier.Settings {
    /// What is set, by its name in the core and in the form that the environment would give it.
    var texts: [String: String] {
        let texts: [String: String?] = [
            "issuer": issuer,
            "publishable_key": publishableKey,
            "provider": provider,
            "jwks_url": jwksUrl,
            "jwt_key": jwtKey,
            "secret_key": secretKey,
            "user_lookup": userLookup.map(String.init),
            "clerk_api_url": clerkApiUrl,
            "authorized_parties": authorizedParties?.joined(separator: ","),
            "allow_missing_azp": allowMissingAzp.map(String.init),
            "audience": audience?.joined(separator: ","),
            "algorithms": algorithms?.joined(separator: ","),
            "clock_skew": clockSkew.map(String.init),
            "public_metadata_claim": publicMetadataClaim,
            "clerk_webhook_secret": clerkWebhookSecret?.joined(separator: ","),
            "access_key_id": accessKeyId,
            "secret_access_key": secretAccessKey,
            "session_token": sessionToken,
            "region": region,
            "bucket": bucket,
            "endpoint_url": endpointUrl,
            "public_endpoint_url": publicEndpointUrl,
            "addressing_style": addressingStyle?.rawValue,
            "use_ssl": useSsl.map(String.init),
            "link_seconds": linkSeconds.map(String.init),
            "deadline_seconds": deadlineSeconds.map(String.init),
            "server_side_encryption": serverSideEncryption,
            "kms_key_id": kmsKeyId,
            "storage_class": storageClass,
            "grant_role_arn": grantRoleArn,
            "sts_endpoint_url": stsEndpointUrl,
            "cloudfront_domain": cloudfrontDomain,
            "cloudfront_key_pair_id": cloudfrontKeyPairId,
            "cloudfront_private_key": cloudfrontPrivateKey,
            "policy": policy.map(path),
            "allowed_origins": allowedOrigins?.joined(separator: ","),
            "token_cache": tokenCache.map(String.init),
            "local": local.map(String.init),
            "redis_url": redisUrl,
            "secret": secret?.joined(separator: ","),
            "webhook_url": webhookUrl,
            "webhook_secret": webhookSecret?.joined(separator: ","),
            "config": config.map(path),
        ]
        return texts.compactMapValues { $0 }
    }

    /// What is no file is passed on as it stands, for the core to refuse.
    private func path(_ file: URL) -> String {
        file.isFileURL ? file.path : file.absoluteString
    }
}
