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

/** Something that a user asks for and that a policy allows or refuses. */
export declare class Action {
  private constructor()
  /** Pass where this tier or a higher one is needed. */
  static subscription(tier: string): Action
  /** Pass where this application role or a higher one is needed. */
  static role(role: string): Action
  /** Use a feature: `books`, or `u:books` and `o:books` for what the token itself grants. */
  static feature(feature: string): Action
  /**
   * Pass where this permission in the active organization is needed: `org:teams:manage` or
   * `teams:manage`.
   */
  static permission(permission: string): Action
  /**
   * Pass where the token must name this plan: `pro`, or `u:pro` and `o:pro` for one of the user
   * or of the active organization.
   */
  static plan(plan: string): Action
  /**
   * Pass where the token must grant all of this.
   *
   * @throws {CasierError} `invalid-request` when there is no such reverification.
   */
  static has(requirement: Requirement): Action
  /**
   * Store a file.
   *
   * @param kind The kind of file, for example `image`.
   * @param filename The name that it will have.
   * @param contentType Its content type.
   * @param size Its size in bytes.
   */
  static upload(kind: string, filename: string, contentType: string, size: number | bigint): Action
  /** Get a link that lives for this many seconds. */
  static link(seconds: number | bigint): Action
}

/**
 * An upload that the store has begun. Whoever acts for its user can go on with it by its id: neither
 * `console.log` nor `JSON.stringify` shows that.
 */
export declare class BegunUpload {
  private constructor()
  /** What `partUrls`, `uploadState`, `completeUpload` and `abortUpload` take. */
  get uploadId(): string
  /** The full key that the file will have. */
  get key(): string
  /** The size of every part but the last, in bytes. */
  get partSize(): number
  /** How many parts the file has: none, if it is empty. */
  get partCount(): number
  /** When the upload ends, by the store's clock. */
  get expiresAt(): Date
}

/**
 * Verifies who is calling and opens their files. Build one for a process; worker threads may each
 * build their own.
 *
 * Building it neither connects nor starts a thread.
 */
export declare class Casier {
  /**
   * Takes the settings given, by name, and nothing from the environment.
   *
   * @param settings Settings of the table in the documentation, such as `issuer` and `bucket`;
   * lists as arrays of strings; and `onAudit`. `null` and `undefined` leave one out.
   * @throws {CasierError} `config-invalid`: the first setting that is missing or wrong, by name,
   * never with its value.
   */
  constructor(settings: CasierOptions)
  /**
   * Takes every setting from the environment, `process.env`, save those that are given.
   *
   * @param settings As for `new Casier`; they beat the environment.
   * @throws {CasierError} `config-invalid`: the first variable that is missing or wrong, by
   * name, never with its value.
   */
  static fromEnv(settings?: CasierOptions | null): Casier
  /**
   * Verifies a session token that came in a header. Waits only when the issuer's keys have to
   * be fetched.
   *
   * @param token The token, without `Bearer`.
   * @throws {CasierError} `token-…`, `session-…`: the token must not be trusted, and why;
   * `invalid-user-id`: its `sub` cannot name a user; `jwk-remote-…`: the issuer's keys cannot be
   * fetched.
   */
  authenticate(token: string, options?: CallOptions): Promise<Session>
  /**
   * Takes the token from a request's headers or cookies and verifies it.
   *
   * The first source that is present decides: `Authorization`, `X-Clerk-Auth-Token`, then
   * Clerk's session cookies. A request by cookie that may change something must come from the
   * site itself.
   *
   * @param method The HTTP method; null where the framework does not tell it. Then a request that
   * names an `Origin` counts as one that may change something.
   * @param headers All headers as they came, names in any case: a `Headers`, pairs, or Node's
   * own `request.headers`.
   * @throws {CasierError} `token-missing`, `cross-site-request`, or what `authenticate` throws.
   */
  authenticateRequest(method: string | null, headers: RequestHeaders, options?: RequestOptions): Promise<Session>
  /**
   * The files of any user, for trusted server code such as a background job: no tier limits
   * apply.
   *
   * @param userId Whose files, as `User.userId` gives it.
   * @throws {CasierError} `invalid-user-id`; `config-invalid` when no bucket is configured.
   */
  storageFor(userId: string): UserStorage
  /**
   * Aborts the uploads in parts of the whole bucket whose ids have expired: what crashes have
   * left, of every user. By the store's own clock, so that no live upload is swept. Call it now
   * and then, once a day.
   *
   * @throws {CasierError} `config-invalid` when no bucket is configured.
   */
  sweepUploads(options?: CallOptions): Promise<SweptUploads>
  /**
   * Refuses every token of a session from now on. It lasts for as long as a token of now can
   * live, 24 hours; end the session at the issuer too, or it goes on making new ones. Kept in the
   * memory of this process.
   *
   * @param sessionId The session, as `User.sessionId` gives it.
   * @throws {CasierError} `invalid-request` when the id is empty; `state-unavailable`.
   */
  revoke(sessionId: string, options?: CallOptions): Promise<void>
  /**
   * Refuses every token of a user that was made at `at` or before, or that does not say when, as
   * `revoke` does those of a session. Of two such times the later holds. Tokens tell the time in
   * whole seconds, so that one made later in the same second is refused as well.
   *
   * @param userId The user, as `User.userId` gives it.
   * @param at Defaults to the present.
   * @throws {CasierError} `invalid-user-id` when the id is empty; `invalid-request` when `at` is
   * more than 5 minutes ahead; `state-unavailable`.
   */
  revokeUser(userId: string, at?: Date | null, options?: CallOptions): Promise<void>
}

/**
 * Cookies with which a browser reads every file of one scope through CloudFront. Whoever has them
 * can read these files until they end: neither `console.log` nor `JSON.stringify` shows them.
 *
 * The application sets them for a domain that its own host and the CDN's have in common (browsers
 * take no other): a `cloudfrontDomain` of `cdn.example.com` gets the cookies that `app.example.com`
 * sets for `example.com`:
 *
 * ```js
 * for (const cookie of files.cdnCookies().setCookieHeaders('example.com')) {
 *   headers.append('Set-Cookie', cookie)
 * }
 * ```
 */
export declare class CdnCookies {
  private constructor()
  /**
   * The values by name: `CloudFront-Policy`, `CloudFront-Signature`, `CloudFront-Key-Pair-Id` and
   * `CloudFront-Hash-Algorithm`. They need no encoding.
   */
  get cookies(): Record<string, string>
  /** The host that must receive them. */
  get domain(): string
  /** The path of the scope, which all its files lie under: `/user_abc123/`. */
  get path(): string
  /** How long they really live, in seconds. */
  get expiresIn(): number
  /** When they end. */
  get expiresAt(): Date
  /**
   * The values of the `Set-Cookie` headers, one for each cookie, with `Path`, `Secure`, `HttpOnly`
   * and `SameSite=Lax`. They go when the browser is closed.
   *
   * @param domain The CDN's host, or a parent of it that the application's host lies under as well.
   * @throws {CasierError} `invalid-request` when cookies of this domain would not reach the CDN.
   */
  setCookieHeaders(domain: string): Array<string>
}

/** Allowed, on terms, or refused, with the error to throw. */
export declare class Decision {
  private constructor()
  /** Whether the action is allowed. */
  get allowed(): boolean
  /** Why it is refused; null when it is allowed. */
  get error(): CasierError | null
  /** How many seconds the link may really live; null when this is not about a link. */
  get linkSeconds(): number | null
  /** When that link ends; null when this is not about a link. */
  get linkExpiresAt(): Date | null
  /** The content type to store; null when this is not about an upload. */
  get contentType(): string | null
  /**
   * Returns when the action is allowed.
   *
   * @throws {CasierError} The refusal.
   */
  require(): void
}

/** Files one after the other: an async iterable. Leaving a loop over it ends the listing. */
export declare class FileList {
  private constructor()
  /** How many objects have been left out so far because their keys cannot be read. */
  get skipped(): number
  /** The next file. */
  next(): Promise<IteratorResult<StoredFile, undefined>>
  /** Ends the listing. */
  close(): Promise<void>
}

/**
 * The bytes of a file as they come: an async iterable. Nothing is read ahead of who takes them, save
 * what the connection holds; leaving a loop over it ends the transfer. `Readable.from(stream)` and
 * `ReadableStream.from(stream)` make the streams of Node and of the web of it.
 */
export declare class FileStream {
  private constructor()
  /** The file, with the size of the whole. */
  get file(): StoredFile
  /** Which of its bytes the stream gives: `end` is the one behind the last. */
  get range(): { start: number; end: number }
  /** The next piece. */
  next(): Promise<IteratorResult<Buffer, undefined>>
  /** Ends the transfer. What has not been taken is not read. */
  close(): Promise<void>
}

/**
 * A set of routes over a `Casier`. A request takes two steps: `begin` with its head, then, once the
 * body that the call wants is read, `HttpCall.answer`.
 */
export declare class HttpApi {
  /**
   * @param casier What serves the routes.
   * @param routes `secure`, `s3` or `files`.
   * @throws {CasierError} `config-invalid` when there is no such set of routes.
   */
  constructor(casier: Casier, routes: 'secure' | 's3' | 'files', options?: HttpApiOptions)
  /**
   * Finds the route of a request and signs the user in. What is refused is refused in the call's
   * answer. Waits when the issuer's keys have to be fetched.
   *
   * @param method The HTTP method.
   * @param path The path below the prefix that the routes are mounted at, beginning with `/`,
   * percent-decoded once.
   * @param query The query as it came, without the `?`.
   * @param headers All headers as they came.
   * @throws {CasierError} `cancelled`.
   */
  begin(method: string, path: string, query: string, headers: RequestHeaders, options?: RequestOptions): Promise<HttpCall>
}

/** A call to a route, whose body may still be unread. */
export declare class HttpCall {
  private constructor()
  /** What of the body is to be read before `answer`. */
  get wanted(): 'nothing' | 'json' | 'form'
  /** The most bytes of the body to read. */
  get limit(): number
  /** Who is signed in; null when the call is refused. */
  get session(): Session | null
  /** The id of the request, which the answer repeats as `X-Request-Id`. */
  get requestId(): string
  /**
   * Does what was asked. A failure is an answer, too. A call is answered once.
   *
   * @param body What was read of the body that the call wants, at most `limit` bytes. Defaults to
   * none.
   * @throws {CasierError} `cancelled`; `internal` when the call is answered already.
   */
  answer(body?: HttpBody | null, options?: CallOptions): Promise<HttpAnswer>
}

/**
 * The address that takes one part of an upload, by PUT. Whoever has it can send the part until it
 * ends: neither `console.log` nor `JSON.stringify` shows it.
 */
export declare class PartUrl {
  private constructor()
  /** The number of the part, from 1. */
  get partNumber(): number
  /** The address. */
  get url(): string
  /** What has to be sent with it. `fetch` sends `content-length` by itself, from the body. */
  get headers(): Record<string, string>
  /** The exact size of the part, in bytes. */
  get size(): number
  /** When the address ends. */
  get expiresAt(): Date
}

/**
 * Tiers, roles, kinds and their limits.
 *
 * Immutable and pure: no clock, no I/O, the same answers in every language.
 */
export declare class Policy {
  private constructor()
  /** The policy that holds where no policy file says otherwise. */
  static builtin(): Policy
  /**
   * The policy that the text of a policy file gives.
   *
   * @param text The file's text, TOML.
   * @param origin What error messages call the file. Defaults to `policy`.
   * @throws {CasierError} `config-invalid`: the text is not a policy; the message names the key.
   */
  static fromToml(text: string, origin?: string): Policy
  /**
   * Reads a policy file, of 1 MiB at most, at once: for the start of a program.
   *
   * @throws {CasierError} `config-invalid`: the file cannot be read or is not a policy.
   */
  static load(path: string): Policy
  /** The names of the tiers, lowest first. */
  get tiers(): Array<string>
  /** The names of the application roles, lowest first. */
  get roles(): Array<string>
  /** The names of the kinds of files. */
  get kinds(): Array<string>
  /**
   * Decides whether `user` may do `action`, and on what terms.
   *
   * A user whose tier or role the policy does not know counts as having the lowest. A tier or
   * role that is asked for and that the policy does not know is refused for everybody
   * (`config-invalid`). A feature that no tier has may still be granted by a token.
   *
   * @param user Who asks.
   * @param action What for.
   * @param facts What else is known. Defaults to a user who has stored nothing.
   * @param now The time of the call. Defaults to the present.
   */
  decide(user: User, action: Action, facts?: Facts | null, now?: Date | null): Decision
}

/**
 * A form that uploads one file. Whoever has it can send it, as often as they like, until it ends:
 * neither `console.log` nor `JSON.stringify` shows its fields.
 */
export declare class PresignedPost {
  private constructor()
  /** The full key that the file will have. */
  get key(): string
  /** Where the form is sent, as `multipart/form-data`. */
  get url(): string
  /** All fields but the file, which comes last, under the name `file`. */
  get fields(): Record<string, string>
  /** How long the form really lives, in seconds. */
  get expiresIn(): number
  /** When it ends. */
  get expiresAt(): Date
}

/**
 * A request that uploads one file. Whoever has it can send it, as often as they like, until it ends:
 * neither `console.log` nor `JSON.stringify` shows its address.
 */
export declare class PresignedUpload {
  private constructor()
  /** The full key that the file will have. */
  get key(): string
  /** The method: `PUT`. */
  get method(): string
  /** The address. */
  get url(): string
  /**
   * The headers that must be sent, with these values. `fetch` sends `content-length` by itself,
   * from the body.
   */
  get headers(): Record<string, string>
  /** How long the link really lives, in seconds. */
  get expiresIn(): number
  /** When it ends. */
  get expiresAt(): Date
}

/**
 * One user's place in the bucket. Pure: no network, no bucket.
 *
 * Two user ids never share a key, and no scope's prefix begins another's.
 */
export declare class Scope {
  /**
   * The scope of a user id, taken as it stands.
   *
   * @throws {CasierError} `invalid-user-id`: the id is empty, or with `user_` and encoded it
   * takes more than 255 bytes.
   */
  constructor(userId: string)
  /** The user id that the scope was made of. */
  get userId(): string
  /** What every key of the scope starts with, the slash included: `user_abc123/`. */
  get prefix(): string
  /**
   * The key of a new file: `user_abc123/books/mon_livre_2025.pdf`.
   *
   * @param kind The kind of file: `a-z`, `0-9` and `-`, 1 to 32 of them.
   * @param filename Its name, at most 255 bytes. Folders and what S3 advises against are taken
   * out of it.
   * @throws {CasierError} `invalid-kind`, `invalid-filename`.
   */
  key(kind: string, filename: string): string
  /**
   * Like `key`, with 128 random bits before the extension.
   *
   * @throws {CasierError} `invalid-kind`, `invalid-filename`.
   */
  unguessableKey(kind: string, filename: string): string
  /**
   * Takes a key apart, if it is one of this scope. Only the string decides, whatever is stored.
   *
   * @throws {CasierError} `invalid-key`: nobody could read such a key; `not-owner`: it belongs
   * to somebody else.
   */
  parse(key: string): ParsedKey
}

/**
 * The verified user of one request.
 *
 * Each `has…` answers yes or no; its `require…` twin throws what was required and what the user
 * has. A name that the policy does not know is never granted.
 */
export declare class Session {
  private constructor()
  /** Who this is. */
  get user(): User
  /** The token's claims, as they stood in it. A copy. */
  get claims(): Record<string, unknown>
  /** When the token expires. Clerk's session tokens live for 60 seconds. */
  get expiresAt(): Date
  /** Whether the user's tier is `tier` or a higher one. */
  hasSubscription(tier: string): boolean
  /**
   * Returns when the user's tier is `tier` or a higher one.
   *
   * @throws {CasierError} `subscription-required`; `config-invalid` when the policy has no such
   * tier.
   */
  requireSubscription(tier: string): void
  /**
   * Whether the user's application role is `role` or a higher one. A role in an organization
   * never counts.
   */
  hasRole(role: string): boolean
  /**
   * Returns when the user's application role is `role` or a higher one.
   *
   * @throws {CasierError} `role-required`; `config-invalid` when the policy has no such role.
   */
  requireRole(role: string): void
  /** Whether the user's tier includes `feature`, or the token grants it. */
  hasFeature(feature: string): boolean
  /**
   * Returns when the user's tier includes `feature`, or the token grants it.
   *
   * @throws {CasierError} `feature-required`.
   */
  requireFeature(feature: string): void
  /**
   * Whether the token names `plan`: `pro`, or `u:pro` and `o:pro` for one of the user or of the
   * active organization.
   */
  hasPlan(plan: string): boolean
  /**
   * Returns when the token names `plan`.
   *
   * @throws {CasierError} `plan-required`.
   */
  requirePlan(plan: string): void
  /**
   * Whether the user has `permission` in the active organization: `org:teams:manage` or
   * `teams:manage`.
   */
  hasPermission(permission: string): boolean
  /**
   * Returns when the user has `permission` in the active organization.
   *
   * @throws {CasierError} `permission-required`.
   */
  requirePermission(permission: string): void
  /**
   * Whether the token alone grants all that is asked for, as Clerk's `has()` tells it. `role` is
   * a role in the active organization here.
   *
   * @throws {CasierError} `invalid-request` when there is no such reverification.
   */
  has(requirement: Requirement): boolean
  /**
   * Returns when the token alone grants all that is asked for.
   *
   * @throws {CasierError} The first that is lacking: `role-required`, `permission-required`,
   * `feature-required`, `plan-required`, `reverification-required`; `invalid-request` when
   * nothing is asked for, there is no such reverification, or it is after 0 minutes.
   */
  require(requirement: Requirement): void
  /**
   * Whether a record that the application keeps belongs to this user.
   *
   * @param ownerId The `User.userId` that the record holds.
   */
  owns(ownerId: string): boolean
  /**
   * Returns when a record that the application keeps belongs to this user.
   *
   * @throws {CasierError} `not-owner`.
   */
  requireOwner(ownerId: string): void
  /**
   * The user's files, with the limits of their tier.
   *
   * @throws {CasierError} `config-invalid` when no bucket is configured.
   */
  files(): UserStorage
}

/**
 * Keys that reach one scope until they end, and what a client of S3 needs beside them. Whoever has
 * them can do there what they allow: neither `console.log` nor `JSON.stringify` shows them.
 */
export declare class TemporaryCredentials {
  private constructor()
  /** The access key. */
  get accessKeyId(): string
  /** Its secret. */
  get secretAccessKey(): string
  /** What every request has to bring beside its signature. */
  get sessionToken(): string
  /** When they end, as the store says. */
  get expiresAt(): Date
  /** The bucket. */
  get bucket(): string
  /** What every key begins with that they reach; a listing has to ask for it, or for more of it. */
  get prefix(): string
  /** The region to sign for. */
  get region(): string
  /** The address of the store for clients; null is AWS's. */
  get endpoint(): string | null
  /** Whether the bucket stands in the path and not in the host. */
  get pathStyle(): boolean
}

/**
 * Verifies the tokens of one issuer whose keys are given: no network, and the time may come from
 * outside. Applications test with it.
 */
export declare class TokenVerifier {
  /**
   * Give the keys as exactly one of `jwks`, `pem` and `jwk`.
   *
   * @param issuer What `iss` must be, byte for byte.
   * @throws {CasierError} `config-invalid`: the keys cannot be used, or a setting would weaken
   * the checks.
   */
  constructor(issuer: string, options: VerifierOptions)
  /**
   * Verifies a token.
   *
   * @param token The token, without `Bearer`.
   * @param now The time to check it against. Defaults to the present.
   * @param source Where it came in. Defaults to `header`.
   * @throws {CasierError} `token-…`, `session-…`: the token must not be trusted, and why;
   * `invalid-user-id`: its `sub` cannot name a user.
   */
  verify(token: string, now?: Date | null, source?: 'header' | 'cookie'): VerifiedToken
}

/**
 * Takes the bytes of an upload piece by piece. One piece waits here at most, so that JavaScript
 * gets no further ahead. `UserStorage.uploadFileObject` makes them.
 */
export declare class UploadPipe {
  /** A pipe for one upload. */
  constructor()
  /** Waits until there is room. Whether more is wanted: not once the upload has ended. */
  push(piece: Contents): Promise<boolean>
  /** All has been sent. */
  finish(): void
  /**
   * There will be no more, and what came is not the whole: the upload fails, as it does when the
   * pipe is lost.
   */
  fail(): void
}

/** Who is signed in, as a verified token tells it. */
export declare class User {
  /**
   * A user who needs no token, for tests and for `Policy.decide`.
   *
   * @param userId Names the person.
   */
  constructor(userId: string, options?: UserOptions)
  /** Names one person for good: `sub` of the primary issuer, `{namespace}::{sub}` of any other. */
  get userId(): string
  /** The e-mail address. */
  get email(): string | null
  /** Whether the issuer has verified the e-mail address. */
  get emailVerified(): boolean
  /** The first name. */
  get firstName(): string | null
  /** The last name. */
  get lastName(): string | null
  /** The whole name. */
  get fullName(): string | null
  /** The user name. */
  get username(): string | null
  /** The address of the user's picture. */
  get imageUrl(): string | null
  /** The phone number. */
  get phoneNumber(): string | null
  /** Whether the issuer has verified the phone number. */
  get phoneVerified(): boolean
  /** The subscription tier. */
  get subscription(): string
  /** The application role. A role in an organization never counts. */
  get role(): string
  /** The issuer's session. */
  get sessionId(): string | null
  /** The organization that is active in the session. */
  get organization(): Organization | null
  /** The plans, with their scope: `u:pro`, `o:team`. */
  get plans(): Array<string>
  /** The features that the token grants, with their scope: `u:books`, `o:reports`. */
  get features(): Array<string>
  /** What only the server can write about the user. A copy. */
  get metadata(): Record<string, unknown>
  /**
   * When the first and the second factor were last proved, in minutes before the token was made;
   * -1 where the user has not (Clerk's `fva`).
   */
  get factorVerificationAge(): [number, number] | null
  /** Who acts in the user's place, as the token tells it; null when nobody does. */
  get actor(): unknown
  /** Every claim of the token. A copy. */
  get claims(): Record<string, unknown>
}

/**
 * Everything inside one scope. No call reaches outside it, whatever its arguments hold.
 *
 * Every call that waits has a deadline (`timeout`) and takes a `signal`. A key that belongs to
 * somebody else is `not-owner`, one that nobody could read `invalid-key`; only the string decides,
 * and nothing is sent. A store that does not answer is `storage-unavailable`, one that refuses our
 * credentials `storage-denied`.
 */
export declare class UserStorage {
  private constructor()
  /**
   * A link to read a file through CloudFront, signed here and at once: nobody is asked, not even
   * whether there is such a file. It lives as long as asked, but no longer than the tier allows.
   *
   * @param key The full key of the file.
   * @throws {CasierError} `config-invalid` without the setting `cloudfrontDomain`;
   * `invalid-request` for the life, when it is over before `startsAt`, and for `ipRange`.
   */
  cdnUrl(key: string, options?: CdnOptions): Link
  /**
   * Cookies with which a browser reads every file of the scope through CloudFront, for a while, by
   * its plain address: `https://{domain}/{key}`, percent-encoded. Signed here and at once.
   *
   * @throws {CasierError} What `cdnUrl` throws, but for the key.
   */
  cdnCookies(options?: CdnOptions): CdnCookies
  /**
   * Begins an upload whose parts a client sends straight to the store, to the addresses that
   * `partUrls` gives; `completeUpload` makes them a file, and looks at it. In parts at every size,
   * so that nothing exists before that, and no address changes anything after it.
   *
   * Where a file of the key is there, it stays until the new one has been looked at. Where there
   * is none, and another has come by the time of the completion, that is `conflict`.
   *
   * @param filename The name to store it under. It is cleaned: the answer tells the key.
   * @param kind The kind of file, for example `image`.
   * @param size How many bytes it has.
   * @throws {CasierError} `invalid-kind`, `invalid-filename`, `type-not-allowed`,
   * `file-too-large`, `quota-exceeded`, `metadata-too-large`, `invalid-request`; `file-exists`
   * when it exists and `overwrite` is false; `storage-unsupported` where the store cannot promise
   * not to overwrite.
   */
  beginUpload(filename: string, kind: string, size: number | bigint, options?: BeginUploadOptions): Promise<BegunUpload>
  /**
   * The addresses to which a client sends parts of an upload, each signed for the exact length of
   * its part. Signed here: the store is not asked. They live for 15 minutes, and no longer than
   * the upload: ask for them when they are about to be used, and again when they have ended. A
   * part that is sent again replaces itself.
   *
   * @param uploadId What `beginUpload` gave.
   * @param partNumbers 1 to 1,000 numbers from 1 to `partCount`, none twice.
   * @throws {CasierError} `upload-not-found` when the id is forged, another's, or has expired;
   * `invalid-request` for the numbers, and for the id of an upload that was not begun by
   * `beginUpload`.
   */
  partUrls(uploadId: string, partNumbers: readonly number[], options?: CallOptions): Promise<Array<PartUrl>>
  /**
   * Makes the parts of an upload a file: lists them, completes, and compares size and first bytes
   * with what the upload was begun for. What does not pass is deleted, and a file that was to be
   * replaced is as it was. It can be called again, and runs to its end even if it is given up.
   *
   * @param uploadId What `beginUpload` gave.
   * @throws {CasierError} `upload-incomplete` when parts are missing, with how many bytes there
   * are (`used`) of how many (`limit`): send them and call again. `content-mismatch`;
   * `file-exists` where it was not to overwrite; `conflict` where a file of the key has come
   * since the upload was begun: after these the upload is over, and nothing of it stays.
   * `upload-not-found` also when the upload was given up, or its file has been replaced since.
   */
  completeUpload(uploadId: string, options?: CallOptions): Promise<StoredFile>
  /**
   * Keys for a client that is to speak S3 to the store itself, confined to this scope by a session
   * policy. STS gives them for the role of the setting `grantRoleArn`.
   *
   * They live as long as asked, but no longer than a link of the caller's tier and than STS
   * allows the role; `expiresAt` says how long. They cannot be taken back before. With
   * `read-write` the store checks the place alone: not sizes, types, names or the quota.
   *
   * @throws {CasierError} `config-invalid` without a role; `invalid-request` for the life;
   * `subscription-required` when links of the tier live less than 900 seconds;
   * `storage-unsupported` when the store has no STS or does not keep the policy;
   * `storage-denied` when our own credentials may not assume the role.
   */
  temporaryCredentials(options?: GrantOptions): Promise<TemporaryCredentials>
  /**
   * A link to read a file. It is signed here: the store is not asked, not even whether there is
   * such a file.
   *
   * @param key The full key of the file.
   * @throws {CasierError} `invalid-request` for the life, `invalid-filename` for `downloadAs`.
   */
  presignedUrl(key: string, options?: LinkOptions): Promise<Link>
  /**
   * Links to read several files, in the order of their keys. They are signed here, all at once:
   * some thousands take as long as a few calls to the store.
   *
   * @param keys The full keys of the files.
   * @throws {CasierError} What `presignedUrl` throws; `invalid-key` or `not-owner` when one of the
   * keys is, before anything is signed.
   */
  presignedUrls(keys: readonly string[], options?: LinkOptions): Promise<Array<Link>>
  /**
   * Lists files of the scope, in the order of their keys.
   *
   * A page may hold fewer files than its limit, even none, and yet have a next one: go on until
   * `nextCursor` is null. `listAll` does.
   *
   * @param kind Only files of this kind. Defaults to all.
   * @throws {CasierError} `invalid-kind`, `invalid-cursor`; `invalid-request` for the limit.
   */
  list(kind?: string | null, options?: ListOptions): Promise<Page>
  /**
   * Every file of the scope, or of a kind, in the order of their keys, one page in memory at a
   * time:
   *
   * ```js
   * for await (const file of files.listAll('image')) show(file)
   * ```
   *
   * Nothing is sent before the first file is asked for.
   *
   * @param kind Only files of this kind. Defaults to all.
   * @param options As for `list`; `limit` is of a page.
   * @throws {CasierError} While it is iterated: what `list` throws.
   */
  listAll(kind?: string | null, options?: ListOptions): FileList
  /**
   * The files that were stored last, the newest first. The whole scope, or kind, is listed for
   * it.
   *
   * @param count How many, 1 to 1000.
   * @param kind Only files of this kind. Defaults to all.
   * @throws {CasierError} `invalid-kind`; `invalid-request` for the count.
   */
  newest(count: number | bigint, kind?: string | null, options?: CallOptions): Promise<Array<StoredFile>>
  /**
   * What is known of a file.
   *
   * @throws {CasierError} `file-not-found`.
   */
  metadata(key: string, options?: CallOptions): Promise<StoredFile>
  /** Whether there is such a file. */
  exists(key: string, options?: CallOptions): Promise<boolean>
  /**
   * Copies a file inside the scope, at the store. What the policy says of uploads holds for the
   * copy. Copied onto itself, a file gets other metadata, tags or another content type.
   *
   * @param key The full key of the file.
   * @throws {CasierError} `file-not-found`; `file-exists` when there is a file of the copy's key
   * and `overwrite` is false; `conflict` when the original is replaced meanwhile; what
   * `uploadFile` throws.
   */
  copy(key: string, options?: CopyOptions): Promise<StoredFile>
  /**
   * Moves a file inside the scope: copies it, and deletes the original once the copy is there.
   *
   * @param key The full key of the file.
   * @throws {CasierError} What `copy` throws; `conflict` also when the original is replaced after
   * it was copied: both are there then.
   */
  move(key: string, options?: CopyOptions): Promise<StoredFile>
  /**
   * Gives a file another name, in the folder of its kind.
   *
   * @param key The full key of the file.
   * @param filename The new name. It is cleaned: the answer tells the name that was stored.
   * @throws {CasierError} What `move` throws.
   */
  rename(key: string, filename: string, options?: RenameOptions): Promise<StoredFile>
  /** Deletes a file. Deleting what is not there succeeds. */
  delete(key: string, options?: CallOptions): Promise<void>
  /**
   * Deletes files, 1,000 in a request, and tells of each key, in the order given, what became of
   * it. Deleting what is not there succeeds.
   *
   * @throws {CasierError} Before anything is deleted: `invalid-key` or `not-owner` when one of
   * the keys is.
   */
  deleteMany(keys: readonly string[], options?: CallOptions): Promise<Array<Deletion>>
  /**
   * Deletes everything in the scope: files with all their versions, also those whose keys cannot
   * be read, and unfinished uploads. Safe to call again: what is gone is gone.
   */
  deleteAll(options?: CallOptions): Promise<Receipt>
  /** How many files the scope holds, and how many bytes. The whole scope is listed for it. */
  usage(options?: CallOptions): Promise<Usage>
  /**
   * The tags of a file.
   *
   * @throws {CasierError} `file-not-found`; `storage-unsupported` where the store has no tags.
   */
  tags(key: string, options?: CallOptions): Promise<Record<string, string>>
  /**
   * Replaces the tags of a file; no tags remove them.
   *
   * @param key The full key of the file.
   * @param tags 10 at most, names of 1 to 128 characters, values of up to 256.
   * @throws {CasierError} `file-not-found`; `invalid-request` for the tags; `storage-unsupported`
   * where the store has none.
   */
  setTags(key: string, tags: Readonly<Record<string, string>>, options?: CallOptions): Promise<void>
  /**
   * A link to upload one file of exactly `size` bytes, for clients that do not speak the protocol
   * of uploads:
   *
   * ```js
   * const { method, url, headers } = await files.presignedUpload('a.png', 'image', blob.size)
   * await fetch(url, { method, headers, body: blob }) // in the browser
   * ```
   *
   * Key, length, content type, disposition, metadata, encryption and storage class are signed: the
   * store refuses a request that changes one of them. The link can be used again until it ends,
   * after 15 minutes at most, and what is uploaded is not looked at. Where the tier limits what is
   * stored, `size` bytes are reserved until a while after its end.
   *
   * @param filename The name to store it under. It is cleaned: the answer tells the key.
   * @param kind The kind of file, for example `image`.
   * @param size How many bytes it has.
   * @throws {CasierError} `invalid-kind`, `invalid-filename`, `type-not-allowed`,
   * `file-too-large` above the tier's limit or 5 GiB, `quota-exceeded`, `metadata-too-large`;
   * `invalid-request` for the metadata and the life; `storage-unsupported` where the store cannot
   * promise what it must.
   */
  presignedUpload(filename: string, kind: string, size: number | bigint, options?: PresignedUploadOptions): Promise<PresignedUpload>
  /**
   * A form to upload one file whose size is within `sizes`, for pages without JavaScript and for
   * clients that do not know the size beforehand. What is signed binds the key, the range, the
   * content type and every other field to its very value.
   *
   * It lives, and is used, as `presignedUpload` says; `sizes.max` bytes are reserved. Not every
   * store takes forms: R2 does not.
   *
   * @param filename The name to store it under. It is cleaned: the answer tells the key.
   * @param kind The kind of file, for example `image`.
   * @param sizes The fewest and the most bytes that it may have.
   * @throws {CasierError} What `presignedUpload` throws; `invalid-request` also for an empty
   * range and for metadata that hold `${filename}`, which S3 would replace; `storage-unsupported`
   * when `overwrite` is false: forms have no such condition.
   */
  presignedPost(filename: string, kind: string, sizes: SizeRange, options?: PresignedPostOptions): Promise<PresignedPost>
  /**
   * Reads a file, or a part of it, into memory.
   *
   * @param key The full key of the file.
   * @throws {CasierError} `file-not-found`; `file-too-large` above the limit; `range-invalid` when
   * the range holds none of its bytes; `precondition-failed`; `file-archived` when it must be
   * restored from its archive first.
   */
  read(key: string, options?: ReadOptions): Promise<Buffer>
  /**
   * Reads a file, or a part of it, as a stream of any size:
   *
   * ```js
   * for await (const piece of await files.stream(key)) send(piece)
   * ```
   *
   * An answer that breaks off is taken up where it ended, as long as the file is the same.
   *
   * @param key The full key of the file.
   * @throws {CasierError} At once what `read` throws, save for the size; while it is read,
   * `conflict` when the file is replaced, and `checksum-mismatch`.
   */
  stream(key: string, options?: StreamOptions): Promise<FileStream>
  /**
   * Downloads a file to a path, which appears whole or not at all. A file that is there is
   * replaced. Large files come in several ranges at a time.
   *
   * @param key The full key of the file.
   * @param path Where to write it.
   * @throws {CasierError} `file-not-found`; `precondition-failed`; `conflict` when it is replaced
   * meanwhile; `file-archived` when it must be restored from its archive first; `io-failed` when
   * the folder is missing or cannot be written to.
   */
  download(key: string, path: string, options?: DownloadOptions): Promise<StoredFile>
  /**
   * Uploads a file from disk: small ones in one request, large ones in parts, several at a time.
   * Memory stays bounded whatever the size. An upload that fails or is given up is aborted at
   * the store.
   *
   * @param path The file to upload.
   * @param kind The kind of file, for example `image`.
   * @throws {CasierError} `invalid-kind`, `invalid-filename`, `type-not-allowed`,
   * `content-mismatch`, `file-too-large`, `metadata-too-large`, `invalid-request`,
   * `checksum-mismatch`; `file-exists` when it exists and `overwrite` is false; `io-failed` when
   * the file on disk cannot be read, or changes meanwhile.
   */
  uploadFile(path: string, kind: string, options?: UploadFileOptions): Promise<StoredFile>
  /**
   * Uploads what is in memory, or what a stream or an iterable gives. Bytes in memory are copied
   * first, so that they may change meanwhile; a stream is read while it is sent, as fast as the
   * store takes it, and never held in memory as a whole.
   *
   * @param data The bytes: in memory, a `Blob`, a `ReadableStream`, a `Readable` of Node's, or any
   * iterable or async iterable of `Uint8Array`s or `ArrayBuffer`s. What of it is not taken in the
   * end is ended (`cancel()`, `destroy()`, `return()`).
   * @param filename The name to store it under. It is cleaned: the answer tells the name that
   * was stored.
   * @param kind The kind of file, for example `image`.
   * @throws {CasierError} What `uploadFile` throws, less what concerns the disk;
   * `upload-incomplete` or `invalid-request` when it is not of the size that `size` says. What
   * the stream or the iterable itself throws comes through; nothing is stored then.
   */
  uploadFileObject(data: UploadSource, filename: string, kind: string, options?: UploadObjectOptions): Promise<StoredFile>
  /**
   * Goes on with an upload in parts that broke off, from what the store holds of it and is as in
   * the file.
   *
   * @param uploadId What `onBegin` was called with.
   * @param path The file that was being uploaded.
   * @throws {CasierError} `upload-not-found` when the id is forged, another's, has expired, or is
   * of an upload that was given up; what `uploadFile` throws.
   */
  resumeUpload(uploadId: string, path: string, options?: TransferOptions): Promise<StoredFile>
  /**
   * How far an upload in parts has come.
   *
   * @param uploadId What `onBegin` was called with.
   * @throws {CasierError} `upload-not-found`, as for `resumeUpload`.
   */
  uploadState(uploadId: string, options?: CallOptions): Promise<UploadState>
  /**
   * Gives up an upload in parts: what the store holds of it goes. One that is over already,
   * completed or given up, stays as it is.
   *
   * @param uploadId What `onBegin` was called with.
   * @throws {CasierError} `upload-not-found` when the id is forged, another's, or has expired.
   */
  abortUpload(uploadId: string, options?: CallOptions): Promise<void>
  /**
   * Aborts the uploads in parts of this scope whose ids have expired: what crashes have left. By
   * the store's own clock, so that no live upload is swept.
   */
  sweepUploads(options?: CallOptions): Promise<SweptUploads>
  /** The scope that this storage is confined to. */
  get scope(): Scope
  /** The bucket that the scope lies in. */
  get bucket(): string
}

/** A token that has passed every check. */
export declare class VerifiedToken {
  private constructor()
  /** Whose token it is. */
  get user(): User
  /** Every claim. A copy. */
  get claims(): Record<string, unknown>
  /** When it was issued; null when it does not say. */
  get issuedAt(): Date | null
  /** When it becomes valid; null when it does not say. */
  get notBefore(): Date | null
  /** When it expires. */
  get expiresAt(): Date
  /** The id of the key that signed it. */
  get keyId(): string | null
  /** The issuer's session. */
  get sessionId(): string | null
}

/**
 * One decision. It never holds a token, a secret or a signed link; what clients wrote is cut to
 * 256 characters, with control characters and backslashes escaped.
 */
export interface AuditEvent {
  /** When it was decided. */
  time: Date
  /**
   * What was asked: `authenticate`, `subscription`, `role`, `feature`, `permission`, `plan`,
   * `has`, `owner`, `upload`, `link`, `grant`, `key`, `list-user`, `revoke`, `revoke-user`. More may
   * come.
   */
  action: string
  /** Whether it was allowed. */
  allowed: boolean
  /** Why not: a code of the catalogue. */
  code: string | null
  /** The user, once the token is verified; null where the server acts for nobody. */
  userId: string | null
  /** The issuer's session (`sid`). */
  sessionId: string | null
  /** The active organization. */
  organizationId: string | null
  /** Who acts in the user's place (`act`), as JSON text. */
  actor: string | null
  /** The issuer of the verified token. */
  issuer: string | null
  /** The id of the key that checked it. */
  keyId: string | null
  /** What was needed: a tier, a role, a kind of file, a limit. */
  required: string | null
  /** What the user has instead, when refused. */
  actual: string | null
  /**
   * What it was about: the route that a token was for, the key of a file, the owner of a record,
   * the session or the user who was revoked or listed.
   */
  target: string | null
  /**
   * The id of the request: the incoming `X-Request-Id` if it is 1 to 64 of `A-Z a-z 0-9 . _ -`;
   * on Casier's own routes a new one otherwise.
   */
  requestId: string | null
  /** The client's address, where it was given. */
  address: string | null
  /** The client's `User-Agent`. */
  userAgent: string | null
}

/** Every code of the catalogue. */
export declare function catalogue(): Array<CatalogueEntry>

/** A code of the catalogue, and what belongs to it. */
export interface CatalogueEntry {
  /** The stable kebab-case code. */
  code: string
  /** The HTTP status. */
  status: number
  /** Whether it is worth another try. */
  retryable: boolean
  /** What an application does about it. */
  category: string
  /** What it means, in one sentence. */
  meaning: string
}

/** Names the function that makes the error of a code, for this thread. */
export declare function defineErrors(make: (code: string, message: string, details: Details, cause: unknown) => Error): void

/** Names the function that calls hooks, for this thread. */
export declare function defineHooks(tell: (name: string, hook: (...told: unknown[]) => unknown, calls: unknown[][]) => void): void

/** What became of one key of many. */
export interface Deletion {
  /** The key, as it was given. */
  key: string
  /** Why the file could not be deleted; null when it is gone. */
  error: CasierError | null | null
}

/**
 * The facts that some codes carry, under the same names in every language. A fact that does not
 * apply is null.
 */
export interface Details {
  /** What the call needed: a tier, a role, a feature, a content type. */
  required: string | null
  /** What the caller has instead. */
  actual: string | null
  /** The limit that was met, in the unit that it is about: bytes, seconds, files or requests. */
  limit: number | null
  /** How much was used or asked for, in the same unit. */
  used: number | null
  /** Seconds to wait before another try. */
  retryAfter: number | null
}

/**
 * The answer that tells of an error, in the one form of every answer. Of a 5xx it tells nothing
 * but the code and its meaning; the rest goes to the log under the request's id.
 *
 * @param error A `CasierError`.
 * @param requestId What `requestId` has given for the request.
 */
export declare function errorAnswer(error: CasierError, requestId: string): HttpAnswer

/** What goes back to the client. */
export interface HttpAnswer {
  /** The status. */
  status: number
  /** Name and value of each header. */
  headers: Array<[string, string]>
  /** JSON text, or empty. */
  body: string
}

/** What a scope holds of one kind. */
export interface KindUsage {
  /** How many files. */
  files: number
  /** Their bytes. */
  bytes: number
}

/** Something that Casier has to say. It never holds a token, a secret or a signed link. */
export interface LogRecord {
  /** How much it matters. */
  level: 'error' | 'warn' | 'info'
  /** Where it was said: `casier.token.verifier`. */
  logger: string
  /** What was said. */
  message: string
}

/** The most parts of a form, for whoever takes it apart: even an empty part costs memory. */
export declare const MAX_FORM_PARTS: number

/** The most bytes of a form's names and texts together. */
export declare const MAX_FORM_TEXT_BYTES: number

/** The organization that is active in a session. */
export interface Organization {
  /** Names the organization. */
  id: string
  /** Its readable name. */
  slug: string | null
  /** The user's role in it, which is never an application role. */
  role: string | null
  /** The user's permissions in it. */
  permissions: Array<string>
}

/** Some files of a scope. */
export interface Page {
  /** The files. */
  items: Array<StoredFile>
  /** Where the next page begins; null when there is no more. */
  nextCursor: string | null
  /**
   * How many objects were left out because their keys cannot be read: folders that consoles
   * make, objects of other tools.
   */
  skipped: number
}

/** A key of a scope, taken apart. */
export interface ParsedKey {
  /** The kind; null for a file that lies in no folder of a kind. */
  kind: string | null
  /** The last part of the key. */
  filename: string
}

/** What `deleteAll` has deleted. */
export interface Receipt {
  /** How many files: the current versions. */
  files: number
  /** How many older versions. */
  versions: number
  /** How many delete markers. */
  deleteMarkers: number
  /** How many unfinished uploads. */
  uploads: number
  /** The bytes of the files and the older versions. */
  bytes: number
  /** What is still there, and why; empty when all is gone. */
  failed: Array<Deletion>
}

/** The id of a request: the incoming `X-Request-Id` where it may be kept, else a new one. */
export declare function requestId(incoming?: string | null): string

/**
 * Names the function that gets what Casier has to say, for this thread; null throws it away. By
 * default warnings and errors become `process.emitWarning`.
 *
 * A record is handed over at the end of the next call. What the function throws is lost.
 */
export declare function setLogger(logger: ((record: LogRecord) => void) | null): void

/** A setting: its name in code, its environment variables, its default and its meaning. */
export interface SettingEntry {
  /** The name in the table of the documentation, in snake case. */
  name: string
  /** The environment variables that set it. */
  variables: Array<string>
  /** What holds when nothing sets it. */
  defaultText: string
  /** What it means. */
  meaning: string
}

/** Every setting. */
export declare function settings(): Array<SettingEntry>

/** A stored file. */
export interface StoredFile {
  /** The full S3 key. */
  key: string
  /** The last part of the key. */
  filename: string
  /** The kind; null when the key lies in no folder of a kind. */
  kind: string | null
  /** The size in bytes. */
  size: number
  /** The content type; null in a listing without metadata. */
  contentType: string | null
  /** The entity tag, without its quotes. Not always an MD5. */
  etag: string | null
  /** When the file was stored; null after an upload. */
  lastModified: Date | null | null
  /** The user metadata; empty in a listing without metadata. */
  metadata: Record<string, string>
  /** The storage class, where the store names one. */
  storageClass: string | null
}

/** What `sweepUploads` has found. */
export interface SweptUploads {
  /** How many uploads have been aborted. */
  aborted: number
  /** How many may still be completed, and were left alone. */
  live: number
}

/** How far an upload in parts has come. */
export interface UploadState {
  /** The full S3 key that the file will have. */
  key: string
  /** The last part of the key. */
  filename: string
  /** The kind. */
  kind: string | null
  /** The size of the file in bytes. */
  size: number
  /** The bytes of each part but the last. */
  partSize: number
  /** How many parts the file has. */
  partCount: number
  /** The numbers of the parts that the store holds, from 1 on. */
  parts: Array<number>
  /** The bytes that the store holds. */
  sent: number
  /** When the id of the upload ends. */
  expiresAt: Date
}

/** What a scope holds. */
export interface Usage {
  /** How many files. */
  files: number
  /** Their bytes. */
  bytes: number
  /** The same for each kind. What lies in no kind's folder counts above alone. */
  byKind: Record<string, KindUsage>
}

/** The version of the package. */
export declare const VERSION: string
