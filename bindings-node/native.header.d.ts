// Generated from the doc comments in src/ and from native.header.d.ts: edit those.

import type { CasierError } from '#error'
import type { Link } from '#link'

/** What every call that waits takes. */
export interface CallOptions {
  /** Gives the call up: its promise is rejected with `cancelled`, whose `cause` is the signal's
   * reason. */
  signal?: AbortSignal | null | undefined
}

/** What a call that takes a request's headers may be told beside them. */
export interface RequestOptions extends CallOptions {
  /** The client's address, for the audit alone: the framework's word for it, behind a trusted proxy
   * what that proxy says. Defaults to none. */
  address?: string | null | undefined
}

/** Several texts, of which one may stand alone; commas separate them, too. */
export type Names = string | readonly string[]

/** Every setting, by its name in code. The documentation's table says what each means. `null` and
 * `undefined` leave it out. */
export interface Settings {
  issuer?: string | null | undefined
  publishableKey?: string | null | undefined
  provider?: string | null | undefined
  jwksUrl?: string | null | undefined
  jwtKey?: string | null | undefined
  secretKey?: string | null | undefined
  userLookup?: boolean | null | undefined
  clerkApiUrl?: string | null | undefined
  authorizedParties?: Names | null | undefined
  allowMissingAzp?: boolean | null | undefined
  audience?: Names | null | undefined
  algorithms?: Names | null | undefined
  clockSkew?: number | null | undefined
  publicMetadataClaim?: string | null | undefined
  clerkWebhookSecret?: Names | null | undefined
  accessKeyId?: string | null | undefined
  secretAccessKey?: string | null | undefined
  sessionToken?: string | null | undefined
  region?: string | null | undefined
  bucket?: string | null | undefined
  endpointUrl?: string | null | undefined
  publicEndpointUrl?: string | null | undefined
  addressingStyle?: string | null | undefined
  useSsl?: boolean | null | undefined
  linkSeconds?: number | null | undefined
  deadlineSeconds?: number | null | undefined
  serverSideEncryption?: string | null | undefined
  kmsKeyId?: string | null | undefined
  storageClass?: string | null | undefined
  grantRoleArn?: string | null | undefined
  stsEndpointUrl?: string | null | undefined
  cloudfrontDomain?: string | null | undefined
  cloudfrontKeyPairId?: string | null | undefined
  cloudfrontPrivateKey?: string | null | undefined
  policy?: string | null | undefined
  allowedOrigins?: Names | null | undefined
  tokenCache?: boolean | null | undefined
  local?: boolean | null | undefined
  redisUrl?: string | null | undefined
  secret?: Names | null | undefined
  webhookUrl?: string | null | undefined
  webhookSecret?: Names | null | undefined
  config?: string | null | undefined
}

/** What a `Casier` is made of: its settings, and what to call. */
export interface CasierOptions extends Settings {
  /** Is called with every decision, on this thread, before the call that decides gives its answer.
   * What it throws, or rejects, is warned of once and fails nothing; what it asks of Casier itself
   * is not told. Defaults to none. */
  onAudit?: ((event: AuditEvent) => void) | null | undefined
}

/** How recently a user must have proved who they are: a name of Clerk's, or the factors that count
 * and from how many minutes on a proof is too old. `strict_mfa` is both factors within 10 minutes,
 * `strict`, `moderate` and `lax` the second within 10, 60 and 1,440. For a user who has no second
 * factor, the first counts in its place. */
export type Reverification =
  | 'strict_mfa'
  | 'strict'
  | 'moderate'
  | 'lax'
  | { level: 'first_factor' | 'second_factor' | 'multi_factor'; afterMinutes: number }

/** What a token must grant, as the token alone tells it: every part that is given, at least one. The
 * meaning is that of `has()` in Clerk's backend SDKs. An empty name is never granted. */
export interface Requirement {
  /** The role in the active organization, never an application role: `org:admin` or, which is the
   * same, `admin`. */
  role?: string | null | undefined
  /** A permission in the active organization: `org:teams:manage` or `teams:manage`. */
  permission?: string | null | undefined
  /** A feature that the token grants: `books` to the user or to the active organization, `u:books`
   * to the user, `o:books` to the organization. What the tier includes does not count. */
  feature?: string | null | undefined
  /** A plan that the token names, with scopes like those of features. */
  plan?: string | null | undefined
  /** How recently the user must have proved who they are. */
  reverification?: Reverification | null | undefined
}

/** The headers of a request: a `Headers`, pairs, or an object such as `request.headers` of
 * `node:http`. */
export type RequestHeaders =
  | Iterable<readonly [string, string]>
  | Readonly<Record<string, string | readonly string[] | undefined>>

/** The bytes of a file. */
export type Contents = Uint8Array | ArrayBuffer

/** The bytes of a file: in memory, or as they come. */
export type UploadSource =
  | Contents
  | Blob
  | ReadableStream<Contents>
  | NodeJS.ReadableStream
  | AsyncIterable<Contents>
  | Iterable<Contents>

/** How a transfer is watched and limited. */
export interface TransferOptions extends CallOptions {
  /** Is called on this thread with the bytes that have moved and with all that will, or null where
   * that is not known; the last time before the promise is settled. The numbers never fall. While
   * the thread is busy, steps are left out and the latest is told. What it throws, or rejects, is
   * warned of once and stops nothing. */
  onProgress?: ((moved: number, total: number | null) => void) | null | undefined
  /** How long the whole call may take, in seconds. Defaults to the setting `deadlineSeconds` and one
   * more for each 128 KiB. */
  deadline?: number | null | undefined
}

/** What an upload may say beside the file. */
export interface UploadOptions extends TransferOptions {
  /** User metadata: names of 1 to 64 of `a-z`, `0-9` and `-` (`casier-`, `minio-` and
   * `snowball-` are reserved), values in any script, 2 KB together. Defaults to none. */
  metadata?: Readonly<Record<string, string>> | null | undefined
  /** Tags of the object: 10 at most, names of 1 to 128 characters, values of up to 256. Defaults to
   * none. */
  tags?: Readonly<Record<string, string>> | null | undefined
  /** The content type. Defaults to that of the filename's extension, else
   * `application/octet-stream`. */
  contentType?: string | null | undefined
  /** Whether a file of the same key is replaced. Defaults to true. */
  overwrite?: boolean | null | undefined
  /** Whether 128 random bits go into the name, before its extension. Defaults to false. */
  unguessable?: boolean | null | undefined
  /** The storage class, as S3 names it (`STANDARD_IA`). Defaults to the setting
   * `storageClass`. */
  storageClass?: string | null | undefined
}

/** What an upload from disk may say. */
export interface UploadFileOptions extends UploadOptions {
  /** The name to store it under. Defaults to the last part of the path. It is cleaned: the answer
   * tells the name that was stored. */
  filename?: string | null | undefined
  /** Is called on this thread with the id of an upload in parts as soon as there is one: keep it, and
   * `resumeUpload` goes on after a restart. With it, a failure that may pass (`storage-unavailable`,
   * `timeout`) keeps what was sent. What it throws, or rejects, is warned of once. */
  onBegin?: ((uploadId: string) => void) | null | undefined
}

/** What an upload of bytes may say. */
export interface UploadObjectOptions extends UploadOptions {
  /** How many bytes there are. Defaults to what there are in memory, else to not known. Of another
   * size, the data is refused (`upload-incomplete`, `invalid-request`) and nothing is stored. */
  size?: number | bigint | null | undefined
}

/** What is to be listed. */
export interface ListOptions extends CallOptions {
  /** Only files whose name holds this, whatever its case and Unicode form. Defaults to all. */
  search?: string | null | undefined
  /** The most files of the page, 1 to 1000. Defaults to 1000. */
  limit?: number | bigint | null | undefined
  /** `nextCursor` of the page before, with the same kind. Defaults to the beginning. */
  cursor?: string | null | undefined
  /** Whether content types and user metadata are wanted, which takes one more call to the store for
   * each file. Defaults to false. */
  withMetadata?: boolean | null | undefined
}

/** A part of a file: `length` bytes from the offset `start` on, by default all that follow; or its
 * last bytes. What reaches beyond its end ends there; a part that holds no byte of it is
 * `range-invalid`. */
export type ByteRange =
  | { start: number | bigint; length?: number | bigint | null | undefined }
  | { last: number | bigint }

/** What a download may be asked for. Conditions that do not hold are `precondition-failed`. */
export interface DownloadOptions extends TransferOptions {
  /** Only the version of this entity tag. */
  ifMatch?: string | null | undefined
  /** Only another version than that of this entity tag. */
  ifNoneMatch?: string | null | undefined
  /** Only if it was stored after this time, to the second. The store looks at it only without
   * `ifNoneMatch`. */
  ifModifiedSince?: Date | null | undefined
  /** Only if it was not stored after this time, to the second. The store looks at it only without
   * `ifMatch`. */
  ifUnmodifiedSince?: Date | null | undefined
}

/** What a stream may be asked for. `deadline` is how long each piece may be waited for, by default
 * as long as any call; `signal` ends the stream, too. */
export interface StreamOptions extends DownloadOptions {
  /** The part to read. Defaults to the whole. */
  range?: ByteRange | null | undefined
}

/** What a read into memory may be asked for. */
export interface ReadOptions extends DownloadOptions {
  /** The part to read. Defaults to the whole. */
  range?: ByteRange | null | undefined
  /** The most bytes to take. Defaults to 64 MiB. */
  limit?: number | bigint | null | undefined
}

/** The bytes of a file as they come. */
export interface FileStream extends AsyncIterable<Buffer> {
  /** Ends the transfer, as leaving a loop does. */
  return(): Promise<IteratorResult<Buffer, undefined>>
  [Symbol.asyncIterator](): this
}

/** Files one after the other. */
export interface FileList extends AsyncIterable<StoredFile> {
  /** Ends the listing, as leaving a loop does. */
  return(): Promise<IteratorResult<StoredFile, undefined>>
  [Symbol.asyncIterator](): this
}

/** What a copy may be. */
export interface CopyOptions extends CallOptions {
  /** Its name. Defaults to the original's. */
  filename?: string | null | undefined
  /** Its kind. Defaults to the original's. */
  kind?: string | null | undefined
  /** Whether a file of its key is replaced. Defaults to true. */
  overwrite?: boolean | null | undefined
  /** Whether 128 random bits go into the name, before its extension. Defaults to false. */
  unguessable?: boolean | null | undefined
  /** User metadata in place of the original's. Defaults to the original's. */
  metadata?: Readonly<Record<string, string>> | null | undefined
  /** Defaults to the original's while the extension stays the same, and to the one of the new
   * extension otherwise. */
  contentType?: string | null | undefined
  /** Tags in place of the original's. Defaults to the original's. */
  tags?: Readonly<Record<string, string>> | null | undefined
}

/** What a new name may say. */
export interface RenameOptions extends CallOptions {
  /** Whether a file of that name is replaced. Defaults to true. */
  overwrite?: boolean | null | undefined
}

/** What a link may be asked for. */
export interface LinkOptions extends CallOptions {
  /** How long it should live, in seconds, 1 to 604800. Defaults to the setting `linkSeconds`. A link
   * longer than the tier allows is shortened, and the answer says how long it really lives. */
  expiresIn?: number | bigint | null | undefined
  /** The name under which browsers save the file. Without it, what a browser can show is shown: png,
   * jpeg, gif, webp, avif, mp4, webm, mp3, m4a, ogg, wav, pdf, txt. */
  downloadAs?: string | null | undefined
  /** Whether an earlier link for the same key, name and life is handed out again while at least three
   * quarters of its life are left, so that browsers find what they have kept under its address.
   * `expiresIn` of the answer then says how much is left. The last 10,000 are remembered, in memory.
   * Defaults to false. */
  reuse?: boolean | null | undefined
}

/** What a form to upload may say beside the file. */
export interface PresignedPostOptions extends CallOptions {
  /** The content type. Defaults to that of the filename's extension, else
   * `application/octet-stream`. */
  contentType?: string | null | undefined
  /** User metadata: names of 1 to 64 of `a-z`, `0-9` and `-` (`casier-`, `minio-` and
   * `snowball-` are reserved), values in any script, 2 KB together. Defaults to none. */
  metadata?: Readonly<Record<string, string>> | null | undefined
  /** Whether a file of the same key is replaced; if not, the store answers 412 where there is one.
   * Defaults to true, and a form takes nothing else. */
  overwrite?: boolean | null | undefined
  /** Whether 128 random bits go into the name, before its extension. Defaults to false. */
  unguessable?: boolean | null | undefined
  /** How long it should live, in seconds, 1 to 900. Defaults to 900. */
  expiresIn?: number | bigint | null | undefined
  /** The storage class, as S3 names it (`STANDARD_IA`). Defaults to the setting
   * `storageClass`. */
  storageClass?: string | null | undefined
}

/** What a link to upload may say beside the file. */
export interface PresignedUploadOptions extends PresignedPostOptions {
  /** The SHA-256 of the file's bytes, 32 of them: the store then takes no others. Defaults to none. */
  sha256?: Uint8Array | null | undefined
}

/** The fewest and the most bytes that a file may have. */
export interface SizeRange {
  min: number | bigint
  max: number | bigint
}

/** What an upload that a client sends may say beside the file. */
export interface BeginUploadOptions extends CallOptions {
  /** The content type. Defaults to that of the filename's extension, else
   * `application/octet-stream`. */
  contentType?: string | null | undefined
  /** User metadata: names of 1 to 64 of `a-z`, `0-9` and `-` (`casier-`, `minio-` and
   * `snowball-` are reserved), values in any script, 2 KB together. Defaults to none. */
  metadata?: Readonly<Record<string, string>> | null | undefined
  /** Tags of the object: 10 at most, names of 1 to 128 characters, values of up to 256. Defaults to
   * none. */
  tags?: Readonly<Record<string, string>> | null | undefined
  /** Whether a file of the same key is replaced. Defaults to true. */
  overwrite?: boolean | null | undefined
  /** Whether 128 random bits go into the name, before its extension. Defaults to false. */
  unguessable?: boolean | null | undefined
  /** The storage class, as S3 names it (`STANDARD_IA`). Defaults to the setting
   * `storageClass`. */
  storageClass?: string | null | undefined
}

/** What temporary credentials may be asked for. */
export interface GrantOptions extends CallOptions {
  /** What they may do: list the scope and read its files; or that, and store and delete files.
   * Defaults to `read`. */
  access?: 'read' | 'read-write' | null | undefined
  /** How long they should live, in seconds, 900 to 43200. Defaults to 3600. */
  expiresIn?: number | bigint | null | undefined
}

/** What a link or cookies for the CDN may be asked for. */
export interface CdnOptions {
  /** How long they should live, in seconds from now, 1 to 604800. Defaults to the setting
   * `linkSeconds`. */
  expiresIn?: number | bigint | null | undefined
  /** When they begin to be good, to the second. Defaults to at once. */
  startsAt?: Date | null | undefined
  /** The only addresses that may use them: an IPv4 address, or a range of them in CIDR notation
   * (`192.0.2.0/24`). CloudFront takes no IPv6 here, and refuses who comes by it. Defaults to any
   * address. */
  ipRange?: string | null | undefined
}

/** What a decision has to know beside the user and the policy. */
export interface Facts {
  /** The bytes that the user holds or has reserved now, without the file that the upload replaces.
   * Defaults to 0. */
  storedBytes?: number | bigint | null | undefined
}

/** What a user without a token is given. */
export interface UserOptions {
  /** The tier. Without it, the lowest, as with every tier that the policy does not know. */
  subscription?: string | null | undefined
  /** The application role. The same holds for it. */
  role?: string | null | undefined
  /** The e-mail address. */
  email?: string | null | undefined
  /** Plans with their scope: `u:pro`. */
  plans?: readonly string[] | null | undefined
  /** Features with their scope: `u:books`. */
  features?: readonly string[] | null | undefined
  /** The active organization, with names as tokens have them: `org:admin`, `org:teams:manage`. */
  organization?: {
    id: string
    slug?: string | null | undefined
    role?: string | null | undefined
    permissions?: readonly string[] | null | undefined
  } | null | undefined
  /** Minutes since the first and the second factor were proved; -1 for one that was not. */
  factorVerificationAge?: readonly [number, number] | null | undefined
}

/** Who makes tokens. */
export type Provider = 'clerk' | 'oidc' | 'auth0' | 'cognito' | 'supabase' | 'firebase' | 'keycloak'

/** Where a claim stands: its name, or several names from outside in, 8 at most. */
export type ClaimPath = string | readonly string[]

/** Which claims fill the user, where that is not what the provider says. A field that is mapped is
 * read from there alone. Claims that users write themselves are refused. */
export interface ClaimsMapping {
  /** A text. */
  email?: ClaimPath | null | undefined
  /** `true`, and nothing else. */
  emailVerified?: ClaimPath | null | undefined
  /** A text. */
  firstName?: ClaimPath | null | undefined
  /** A text. */
  lastName?: ClaimPath | null | undefined
  /** A text. */
  fullName?: ClaimPath | null | undefined
  /** A text. */
  username?: ClaimPath | null | undefined
  /** A text. */
  imageUrl?: ClaimPath | null | undefined
  /** A text. */
  phoneNumber?: ClaimPath | null | undefined
  /** `true`, and nothing else. */
  phoneVerified?: ClaimPath | null | undefined
  /** A text, or a list of texts of which the highest tier of the policy counts. */
  subscription?: ClaimPath | null | undefined
  /** A text, or a list of texts of which the highest application role of the policy counts. */
  role?: ClaimPath | null | undefined
  /** An object. Its `subscription` and `role` count where these two have no claim of their own. */
  metadata?: ClaimPath | null | undefined
  /** A text; what `Casier.revoke` takes. */
  sessionId?: ClaimPath | null | undefined
  /** A text. */
  organizationId?: ClaimPath | null | undefined
  /** A text. */
  organizationSlug?: ClaimPath | null | undefined
  /** A text; never an application role. */
  organizationRole?: ClaimPath | null | undefined
  /** A list of texts: those in the organization. */
  permissions?: ClaimPath | null | undefined
  /** A list of texts, without scope. */
  features?: ClaimPath | null | undefined
  /** A list of texts, without scope. */
  plans?: ClaimPath | null | undefined
}

/** The keys and rules of one issuer. Exactly one of `jwks`, `pem` and `jwk` is given. */
export interface VerifierOptions {
  /** Whose tokens they are. Defaults to `clerk`. */
  provider?: Provider | null | undefined
  /** Which claims fill the user. Defaults to those of the provider. */
  mapping?: ClaimsMapping | null | undefined
  /** A JSON Web Key set, as JSON text. */
  jwks?: string | null | undefined
  /** One public key, as PEM. */
  pem?: string | null | undefined
  /** One public key, as the JSON text of a JSON Web Key. */
  jwk?: string | null | undefined
  /** Accepted `aud`. Defaults to what follows from the issuer (Firebase, Supabase); for Clerk to none:
   * not checked. Every other provider needs it. */
  audience?: readonly string[] | null | undefined
  /** Accepted `azp`. Defaults to none: not checked. */
  authorizedParties?: readonly string[] | null | undefined
  /** Whether a token from a header passes without `azp` although authorized parties are set. */
  allowMissingAzp?: boolean | null | undefined
  /** Allowed algorithms, by their JOSE names. Defaults to those of the provider; for Clerk RS256. */
  algorithms?: readonly string[] | null | undefined
  /** Seconds by which the issuer's clock may be off, 0 to 300. Defaults to 5. */
  clockSkew?: number | null | undefined
  /** For an issuer other than the primary one: the prefix of its user ids. */
  namespace?: string | null | undefined
  /** Another claim that only the issuer's server side can write, read like `public_metadata`. */
  publicMetadataClaim?: string | null | undefined
  /** Accepted `typ` headers. Defaults to those of the provider; for Clerk `JWT`. */
  tokenTypes?: readonly string[] | null | undefined
  /** Whether a token that has passed is remembered, so that it passes again without its cryptography;
   * its times are judged each time. Defaults to true. */
  tokenCache?: boolean | null | undefined
  /** Which tiers and roles there are. Defaults to the built-in policy. */
  policy?: Policy | null | undefined
}

/** What an application may decide about its routes. */
export interface HttpApiOptions {
  /** Whether `GET /list` of `s3` and `files` lets the highest role name another `user_id`. */
  adminMayList?: boolean | null | undefined
}

/** The body of a request, as it was read: one of these. */
export type HttpBody =
  | { json: Contents }
  | { form: HttpForm }
  | { tooLarge: true }
  | { unreadable: true }

/** A form of the type `multipart/form-data`. */
export interface HttpForm {
  /** Name and value of each text field, in order. */
  fields?: ReadonlyArray<readonly [string, string]>
  /** The file of the field `file`: its bytes, or where they are on disk. */
  file?: { filename: string; contentType?: string | null; bytes: Contents } |
    { filename: string; contentType?: string | null; path: string } | null
}
