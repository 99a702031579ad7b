//! The table of settings: their names in code, in the environment and in the file.

/// Writes the enum and its tables from one list, so that code, environment, file and docs agree.
macro_rules! settings {
    ($($(#[doc = $meaning:literal])+
        $variant:ident = $name:literal, [$($variable:literal),*], $file:literal, $default:literal;)+
    ) => {
        /// One setting. Code beats the environment, the environment beats the file.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Setting {
            $($(#[doc = $meaning])+ $variant,)+
        }

        impl Setting {
            /// All settings, in the order of the documentation.
            pub const ALL: &'static [Setting] = &[$(Setting::$variant),+];

            /// The name in code, for example `jwks_url`.
            pub const fn name(self) -> &'static str {
                match self { $(Setting::$variant => $name,)+ }
            }

            /// The environment variables that set it; where there are two they must agree. Empty
            /// where only code and the file can.
            pub const fn variables(self) -> &'static [&'static str] {
                match self { $(Setting::$variant => &[$($variable),*],)+ }
            }

            /// The key in the configuration file, `section.key`. Empty for the file's own path.
            pub const fn file_key(self) -> &'static str {
                match self { $(Setting::$variant => $file,)+ }
            }

            /// What holds when nothing sets it.
            pub const fn default_text(self) -> &'static str {
                match self { $(Setting::$variant => $default,)+ }
            }

            /// What it means.
            pub const fn meaning(self) -> &'static str {
                match self { $(Setting::$variant => concat!($($meaning),+).trim_ascii(),)+ }
            }
        }
    };
}

settings! {
    /// The primary issuer, compared byte for byte with the token's `iss`.
    Issuer = "issuer", ["CLERK_ISSUER"], "clerk.issuer", "from the publishable key";
    /// Clerk's publishable key: names the issuer, and the suffix of Clerk's cookies.
    PublishableKey = "publishable_key", ["CLERK_PUBLISHABLE_KEY", "NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY"], "clerk.publishable_key", "none";
    /// Who makes the primary issuer's tokens: `clerk`, `oidc`, `auth0`, `cognito`, `supabase`, `firebase` or `keycloak`.
    Provider = "provider", ["CASIER_PROVIDER"], "casier.provider", "`clerk`";
    /// Where the primary issuer's keys are.
    JwksUrl = "jwks_url", ["CLERK_JWKS_URL"], "clerk.jwks_url", "the provider's; for Clerk `{issuer}/.well-known/jwks.json`";
    /// PEM public key of the primary issuer: tokens are then checked with no network.
    JwtKey = "jwt_key", ["CLERK_JWT_KEY"], "clerk.jwt_key", "none";
    /// Clerk's secret key, sent to Clerk's API alone: when the key set is read from there, and to look users up.
    SecretKey = "secret_key", ["CLERK_SECRET_KEY"], "clerk.secret_key", "none";
    /// Whether users whose tokens carry neither e-mail nor public metadata are looked up in Clerk's API. Needs the secret key.
    UserLookup = "user_lookup", ["CLERK_USER_LOOKUP"], "clerk.user_lookup", "false";
    /// Clerk's API, where users are looked up.
    ClerkApiUrl = "clerk_api_url", ["CLERK_API_URL"], "clerk.api_url", "`https://api.clerk.com`";
    /// Allowed `azp`, separated by commas.
    AuthorizedParties = "authorized_parties", ["CLERK_AUTHORIZED_PARTIES"], "clerk.authorized_parties", "`azp` is not checked";
    /// Whether a token without `azp` passes although authorized parties are set (never by cookie).
    AllowMissingAzp = "allow_missing_azp", [], "clerk.allow_missing_azp", "false";
    /// Allowed `aud`, separated by commas. Required for every provider but Clerk, Firebase (its project) and Supabase (`authenticated`).
    Audience = "audience", ["CLERK_AUDIENCE"], "clerk.audience", "not checked for Clerk";
    /// Allowed algorithms, separated by commas: RS, PS or ES with 256, 384 or 512, or EdDSA.
    Algorithms = "algorithms", ["JWT_ALGORITHM"], "clerk.algorithms", "the provider's: RS256, and ES256 for Supabase";
    /// Seconds by which clocks may differ, 0 to 300.
    ClockSkew = "clock_skew", [], "clerk.clock_skew", "5";
    /// Another claim that only the server can write, read like `public_metadata`.
    PublicMetadataClaim = "public_metadata_claim", [], "clerk.public_metadata_claim", "none";
    /// Secrets of Clerk's webhooks, `whsec_…`, separated by commas. Checked, not used yet.
    ClerkWebhookSecret = "clerk_webhook_secret", ["CLERK_WEBHOOK_SECRET"], "clerk.webhook_secret", "none";
    /// AWS access key id; set together with its secret.
    AccessKeyId = "access_key_id", ["AWS_ACCESS_KEY_ID"], "aws.access_key_id", "the standard AWS credential chain";
    /// AWS secret access key.
    SecretAccessKey = "secret_access_key", ["AWS_SECRET_ACCESS_KEY"], "aws.secret_access_key", "the standard AWS credential chain";
    /// AWS session token, for temporary credentials.
    SessionToken = "session_token", ["AWS_SESSION_TOKEN"], "aws.session_token", "none";
    /// AWS region of the bucket.
    Region = "region", ["AWS_REGION"], "aws.region", "the standard AWS chain; `us-east-1` with an endpoint";
    /// The bucket.
    Bucket = "bucket", ["S3_BUCKET_NAME", "S3_BUCKET"], "s3.bucket", "none; needed for files";
    /// Another S3 than AWS: scheme, host and port.
    EndpointUrl = "endpoint_url", ["S3_ENDPOINT_URL"], "s3.endpoint_url", "AWS";
    /// The endpoint to sign links for, when browsers know the store by another host.
    PublicEndpointUrl = "public_endpoint_url", ["S3_PUBLIC_ENDPOINT_URL"], "s3.public_endpoint_url", "the endpoint";
    /// `path`, `virtual` or `auto`.
    AddressingStyle = "addressing_style", ["S3_ADDRESSING_STYLE"], "s3.addressing_style", "`auto`: path with an endpoint, virtual on AWS";
    /// `false` lets an endpoint without a scheme mean http.
    UseSsl = "use_ssl", ["S3_USE_SSL"], "s3.use_ssl", "true";
    /// Seconds that a link lives when nobody asks otherwise, 1 to 604800.
    LinkSeconds = "link_seconds", ["PRESIGNED_URL_EXPIRATION"], "s3.link_seconds", "3600";
    /// Seconds that a call to the store may take (transfers: more, by size), 1 to 3600.
    DeadlineSeconds = "deadline_seconds", [], "s3.deadline_seconds", "30";
    /// How the store encrypts what is uploaded: `AES256` or `aws:kms`.
    ServerSideEncryption = "server_side_encryption", ["S3_SERVER_SIDE_ENCRYPTION"], "s3.server_side_encryption", "the bucket's own rule";
    /// The id, ARN or alias of the key for `aws:kms`.
    KmsKeyId = "kms_key_id", ["S3_KMS_KEY_ID"], "s3.kms_key_id", "AWS's own key for S3";
    /// The storage class of uploads that name none, as S3 names it: `STANDARD_IA`.
    StorageClass = "storage_class", ["S3_STORAGE_CLASS"], "s3.storage_class", "the store's";
    /// The ARN of the role that temporary credentials are given for.
    GrantRoleArn = "grant_role_arn", ["S3_GRANT_ROLE_ARN"], "s3.grant_role_arn", "none; needed for temporary credentials";
    /// Where temporary credentials are asked for (STS): scheme, host and port.
    StsEndpointUrl = "sts_endpoint_url", ["STS_ENDPOINT_URL"], "s3.sts_endpoint_url", "the endpoint; on AWS the region's";
    /// The host name of the CloudFront distribution that reads the bucket. Set together with the two below.
    CloudfrontDomain = "cloudfront_domain", ["CLOUDFRONT_DOMAIN"], "cloudfront.domain", "none";
    /// The id, at CloudFront, of the public key that its links are checked with.
    CloudfrontKeyPairId = "cloudfront_key_pair_id", ["CLOUDFRONT_KEY_PAIR_ID"], "cloudfront.key_pair_id", "none";
    /// The private key that belongs to it, in PEM: RSA with 2048 bits, or ECDSA on P-256.
    CloudfrontPrivateKey = "cloudfront_private_key", ["CLOUDFRONT_PRIVATE_KEY"], "cloudfront.private_key", "none";
    /// Path of the policy file.
    Policy = "policy", ["CASIER_POLICY"], "casier.policy", "the built-in tiers";
    /// Origins that may change things by cookie, separated by commas.
    AllowedOrigins = "allowed_origins", ["CASIER_ALLOWED_ORIGINS"], "casier.allowed_origins", "the authorized parties";
    /// Whether a token that has passed is remembered, so that it passes again without its cryptography; for every issuer.
    TokenCache = "token_cache", ["CASIER_TOKEN_CACHE"], "casier.token_cache", "true";
    /// `1` allows issuers and keys on http or loopback, for development.
    Local = "local", ["CASIER_LOCAL"], "casier.local", "off";
    /// Shared state for several processes. Not supported yet: refused, never ignored.
    RedisUrl = "redis_url", ["REDIS_URL"], "casier.redis_url", "memory";
    /// 32 or more random bytes in base64, which the handles of uploads are sealed with. Several by comma while it changes: the first seals, all open.
    Secret = "secret", ["CASIER_SECRET"], "casier.secret", "random for each process, with a warning";
    /// Where completion webhooks go. Checked, not used yet.
    WebhookUrl = "webhook_url", ["CASIER_WEBHOOK_URL"], "casier.webhook_url", "none";
    /// The secret of the completion webhooks, `whsec_…`. Checked, not used yet.
    WebhookSecret = "webhook_secret", ["CASIER_WEBHOOK_SECRET"], "casier.webhook_secret", "none";
    /// Path of the configuration file.
    ConfigFile = "config", ["CASIER_CONFIG"], "", "none";
}

impl Setting {
    /// The setting of this name in code.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|setting| setting.name() == name)
    }

    /// The setting of this `section.key` in the file.
    pub(crate) fn from_file_key(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|setting| !key.is_empty() && setting.file_key() == key)
    }

    /// What an error calls a setting that is missing: the variable where there is one.
    pub(crate) fn label(self) -> &'static str {
        self.variables().first().copied().unwrap_or(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_variables_and_file_keys_are_unique() {
        let unique = |mut names: Vec<&str>| {
            let count = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), count);
        };
        unique(Setting::ALL.iter().map(|s| s.name()).collect());
        unique(Setting::ALL.iter().map(|s| s.file_key()).collect());
        unique(Setting::ALL.iter().flat_map(|s| s.variables()).copied().collect());
    }
}
