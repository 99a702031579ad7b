// Compiled, never run: everything that the package gives, used as its types allow.
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import {
  Action,
  type AuditEvent,
  type BegunUpload,
  type ByteRange,
  Casier,
  CasierError,
  type CasierOptions,
  type Category,
  type CdnCookies,
  type CdnOptions,
  type ClaimsMapping,
  type Deletion,
  type Details,
  type FileList,
  type FileStream,
  type GrantOptions,
  type Link,
  type Organization,
  type Page,
  type ParsedKey,
  type PartUrl,
  Policy,
  type PresignedPost,
  type PresignedUpload,
  type Receipt,
  type Requirement,
  type Reverification,
  Scope,
  Session,
  setLogger,
  type Settings,
  type SizeRange,
  type StoredFile,
  type SweptUploads,
  type TemporaryCredentials,
  TokenVerifier,
  type UploadState,
  type Usage,
  User,
  type UserStorage,
  type VerifiedToken,
  VERSION,
} from 'casier'

const settings: Settings = { issuer: 'https://clerk.example.com', audience: ['a'], linkSeconds: 60, bucket: null }
const app: Casier = new Casier(settings)
export const fromEnvironment: Casier[] = [Casier.fromEnv(), Casier.fromEnv(settings)]
export const version: string = VERSION

const onAudit = ({ time, action, allowed, code, userId, actor, address }: AuditEvent): void =>
  console.log(time.getTime(), action.length, allowed, code?.length, userId ?? actor ?? address)
const options: CasierOptions = { ...settings, onAudit }
export const audited: Casier[] = [new Casier(options), Casier.fromEnv({ onAudit }), Casier.fromEnv({ onAudit: null })]

export async function signOut({ user }: Session, signal: AbortSignal): Promise<void> {
  await app.revoke(user.sessionId ?? '', { signal })
  await app.revokeUser(user.userId)
  await app.revokeUser(user.userId, new Date(), { signal })
}

export async function signIn(request: IncomingMessage, standard: Request, signal: AbortSignal): Promise<Session> {
  await app.authenticate('token')
  await app.authenticate('token', { signal })
  await app.authenticateRequest(standard.method, standard.headers)
  await app.authenticateRequest('GET', [['Authorization', 'Bearer x']])
  await app.authenticateRequest('GET', new Map([['Authorization', 'Bearer x']]), { signal })
  await app.authenticateRequest('GET', {}, { address: request.socket.remoteAddress, signal })
  return await app.authenticateRequest(request.method ?? 'GET', request.headers)
}

export function read(session: Session): [User, Record<string, unknown>, Date] {
  const allowed: boolean = session.hasFeature('books') && session.hasRole('admin') && session.hasSubscription('pro')
  if (!allowed && !session.owns('user_1')) {
    session.requireFeature('books')
    session.requireRole('admin')
    session.requireSubscription('pro')
    session.requireOwner('user_1')
  }
  return [session.user, session.claims, session.expiresAt]
}

export function grants(session: Session): boolean {
  const reverification: Reverification = { level: 'multi_factor', afterMinutes: 10 }
  const requirement: Requirement = { role: 'org:admin', permission: 'teams:manage', feature: null, reverification }
  session.require({ plan: 'u:pro', reverification: 'strict_mfa' })
  session.requirePlan('pro')
  session.requirePermission('org:teams:manage')
  const [first, second]: [number, number] = session.user.factorVerificationAge ?? [-1, -1]
  return session.has(requirement) && session.hasPlan('pro') && session.hasPermission('a:b') && first > second
}

export function describe(user: User): (string | null)[] {
  const organization: Organization | null = user.organization
  const checked: boolean = user.emailVerified || user.phoneVerified
  const lists: string[] = [...user.plans, ...user.features, ...(organization?.permissions ?? [])]
  const unknown: unknown = user.actor ?? user.metadata['a'] ?? user.claims['b']
  return [
    user.userId, user.email, user.firstName, user.lastName, user.fullName, user.username, user.imageUrl,
    user.phoneNumber, user.subscription, user.role, user.sessionId, String(checked), String(unknown), ...lists,
    organization?.id ?? null, organization?.slug ?? null, organization?.role ?? null,
  ]
}

export async function use(files: UserStorage, signal: AbortSignal): Promise<void> {
  const metadata = { place: 'Paris' }
  const stored: StoredFile = await files.uploadFile('/tmp/a.pdf', 'book', { filename: 'b.pdf', metadata, signal })
  await files.uploadFileObject(new Uint8Array(1), 'a.md', 'blog', { overwrite: false, unguessable: true })
  await files.uploadFileObject(new ArrayBuffer(1), 'a.md', 'blog', { contentType: 'text/markdown' })
  await files.uploadFileObject(Buffer.from('a'), 'a.md', 'blog')
  const page: Page = await files.list('book', { limit: 10n, cursor: null, withMetadata: true, signal })
  await files.list()
  const next: string | null = page.nextCursor
  const sizes: number = page.items.reduce((sum, { size }) => sum + size, page.skipped)
  const when: Date | null = stored.lastModified
  const texts: (string | null)[] = [stored.kind, stored.contentType, stored.etag, stored.storageClass, next]
  const place: string | undefined = stored.metadata['place']
  const bytes: Buffer = await files.read(stored.key, { limit: 1024, signal })
  const copy: StoredFile = await files.download(stored.key, '/tmp/copy', { signal })
  const known: boolean = (await files.exists(stored.key)) && (await files.metadata(stored.key)).size > 0
  const link: Link = await files.presignedUrl(stored.key, { expiresIn: 60, downloadAs: 'a.pdf' })
  const life: [string, number, Date] = [link.url, link.expiresIn, link.expiresAt]
  await files.delete(stored.key, { signal })
  const gone: Deletion[] = await files.deleteMany([stored.key] as const)
  const failed: CasierError | null = gone[0]?.error ?? null
  const scope: Scope = files.scope
  const bucket: string = files.bucket
  console.log(sizes, when, texts, place, bytes, copy, known, life, failed, scope, bucket)
}

export async function hand(files: UserStorage, signal: AbortSignal): Promise<Response> {
  const links: Link[] = await files.presignedUrls(['key'] as const, { expiresIn: 60n, reuse: true, signal })
  const common = { contentType: 'image/png', metadata: { a: 'b' }, unguessable: true, storageClass: null, signal }
  const sha256 = new Uint8Array(32)
  const put: PresignedUpload = await files.presignedUpload('a.png', 'image', 5n, { ...common, sha256, overwrite: false })
  const sent: Response = await fetch(put.url, { method: put.method, headers: put.headers, body: 'a' })
  const sizes: SizeRange = { min: 0, max: 5n }
  const post: PresignedPost = await files.presignedPost('a.png', 'image', sizes, { ...common, expiresIn: 60 })
  const fields: [string, string][] = Object.entries(post.fields)
  const begun: BegunUpload = await files.beginUpload('a.png', 'image', 5, { ...common, tags: { a: 'b' } })
  const parts: PartUrl[] = await files.partUrls(begun.uploadId, [1, begun.partCount], { signal })
  const moved: number[] = parts.map(({ partNumber, size }) => partNumber * begun.partSize + size)
  const stored: StoredFile = await files.completeUpload(begun.uploadId, { signal })
  const options: GrantOptions = { access: 'read-write', expiresIn: 900, signal }
  const keys: TemporaryCredentials = await files.temporaryCredentials(options)
  const { accessKeyId, secretAccessKey, sessionToken } = keys
  const client = { credentials: { accessKeyId, secretAccessKey, sessionToken }, forcePathStyle: keys.pathStyle }
  const place: [string | null, string, string, string] = [keys.endpoint, keys.region, keys.bucket, keys.prefix]
  const cdn: CdnOptions = { expiresIn: 60, startsAt: new Date(), ipRange: '192.0.2.0/24' }
  const fast: Link = files.cdnUrl('key', cdn)
  const cookies: CdnCookies = files.cdnCookies(cdn)
  const headers = cookies.setCookieHeaders('example.com').map((cookie): [string, string] => ['Set-Cookie', cookie])
  const ends: Date[] = [put, post, begun, keys, fast, cookies, ...parts].map(({ expiresAt }) => expiresAt)
  const names: string[] = [put.key, post.key, post.url, begun.key, cookies.domain, cookies.path]
  console.log(links, sent.status, fields, moved, stored, client, place, cookies.cookies, ends, names)
  return new Response(null, { headers })
}

export async function move(files: UserStorage, request: Request, signal: AbortSignal): Promise<void> {
  const onProgress = (moved: number, total: number | null): void => console.log(moved / (total ?? Infinity))
  const ids: string[] = []
  const onBegin = (id: string): number => ids.push(id)
  const common = { tags: { a: 'b' }, storageClass: 'STANDARD_IA', onProgress, deadline: 60.5, signal }
  await files.uploadFile('/tmp/a.mp4', 'video', { ...common, onBegin })
  const [id = ''] = ids
  const state: UploadState = await files.uploadState(id)
  const percent: number = (100 * state.sent) / state.size
  await files.resumeUpload(id, '/tmp/a.mp4', { onProgress, deadline: 5, signal })
  await files.abortUpload(id, { signal })
  const swept: SweptUploads[] = [await files.sweepUploads(), await app.sweepUploads({ signal })]
  async function* pieces(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(1)
  }
  for (const data of [request.body!, new Blob(['a']), Readable.from(['a']), pieces(), [new ArrayBuffer(1)]]) {
    await files.uploadFileObject(data, 'a.bin', 'file', { ...common, size: 1n })
  }

  const ranges: ByteRange[] = [{ start: 3 }, { start: 0, length: 5n }, { last: 3 }]
  await files.read('key', { range: ranges[0], ifMatch: 'a', ifNoneMatch: null, ifModifiedSince: new Date(), onProgress })
  await files.download('key', '/tmp/b', { ifUnmodifiedSince: new Date(), onProgress, deadline: 1 })
  const stream: FileStream = await files.stream('key', { range: { last: 5 }, signal })
  const [size, behind]: [number, number] = [stream.file.size, stream.range.end - stream.range.start]
  for await (const piece of stream) {
    const bytes: Buffer = piece
    console.log(bytes.length, Readable.from(stream))
  }
  await stream.close()
  await stream.return()

  const list: FileList = files.listAll('image', { search: 'été', limit: 10, withMetadata: true, signal })
  for await (const { key } of list) {
    await files.copy(key, { filename: 'b', kind: 'image', overwrite: false, unguessable: true, metadata: {}, signal })
    await files.move(key, { contentType: 'image/png', tags: {} })
    await files.rename(key, 'c.png', { overwrite: false, signal })
    const tags: Record<string, string> = await files.tags(key)
    await files.setTags(key, { ...tags, a: 'b' }, { signal })
  }
  const newest: StoredFile[] = await files.newest(10n, 'image', { signal })
  const usage: Usage = await files.usage({ signal })
  const ofImages: number | undefined = usage.byKind['image']?.bytes
  const receipt: Receipt = await files.deleteAll({ signal })
  const failed: Deletion[] = receipt.failed
  console.log(percent, swept, size, behind, list.skipped, newest, usage.files, ofImages, receipt.deleteMarkers, failed)
}

export function decide(policy: Policy = Policy.builtin()): string {
  const user = new User('user_1', { subscription: 'free', role: 'user', email: 'a@example.com', plans: ['u:pro'] })
  const organization = { id: 'org_1', role: 'org:admin', permissions: ['org:teams:manage'] }
  new User('user_1', { organization, factorVerificationAge: [3, -1] })
  const actions = [
    Action.subscription('pro'), Action.role('admin'), Action.feature('books'), Action.link(60),
    Action.permission('org:teams:manage'), Action.plan('pro'), Action.has({ reverification: 'lax' }),
    Action.upload('image', 'a.png', 'image/png', 2n ** 40n),
  ]
  for (const action of actions) {
    const decision = policy.decide(user, action, { storedBytes: 3 }, new Date())
    const error: CasierError | null = decision.error
    const terms: [number | null, Date | null, string | null] = [
      decision.linkSeconds, decision.linkExpiresAt, decision.contentType,
    ]
    if (!decision.allowed) {
      console.log(error, terms)
    }
    decision.require()
  }
  const others: Policy[] = [Policy.fromToml('version = 1'), Policy.fromToml('', 'shop.toml'), Policy.load('/a.toml')]
  return [...others.flatMap(({ tiers }) => tiers), ...policy.roles, ...policy.kinds].join()
}

export function verify(policy: Policy): VerifiedToken {
  const verifier = new TokenVerifier('https://issuer.example.com', { jwks: '{}', clockSkew: 5, policy, tokenCache: false })
  const mapping: ClaimsMapping = { role: ['realm', 'roles'], subscription: 'https://app/tier' }
  new TokenVerifier('https://issuer.example.com', { jwks: '{}', provider: 'auth0', audience: ['api'], mapping })
  const verified = verifier.verify('token', new Date(), 'cookie')
  const times: (Date | null)[] = [verified.issuedAt, verified.notBefore, verified.expiresAt]
  const ids: (string | null)[] = [verified.keyId, verified.sessionId, verified.user.userId]
  console.log(times, ids, verified.claims)
  return verifier.verify('token')
}

export function parse(scope: Scope): ParsedKey {
  const key: string = scope.key('book', 'a.pdf') || scope.unguessableKey('book', 'a.pdf')
  return scope.parse(`${scope.prefix}${scope.userId}${key}`)
}

export function explain(error: unknown): Category | undefined {
  if (error instanceof CasierError) {
    const details: Details = error.details
    const limit: number | null = details.limit ?? details.used ?? details.retryAfter
    console.log(error.code, error.status, error.retryable, error.message, error.cause, limit, details.required)
    return error.category
  }
  return undefined
}

export const made: CasierError = new CasierError('not-owner', 'why', { details: { limit: 3 }, cause: 'a' })
setLogger(({ level, logger, message }) => console.log(level, logger, message))
setLogger(null)

// @ts-expect-error a setting that there is not
new Casier({ buckett: 'files' })
// @ts-expect-error an option that there is not
void app.authenticate('token', { sginal: null })
// @ts-expect-error a reverification that there is not
Action.has({ reverification: 'stricter' })
// @ts-expect-error both members are needed
Action.has({ reverification: { level: 'first_factor' } })
// @ts-expect-error a member that there is not
Action.has({ roles: ['org:admin'] })
// @ts-expect-error a number is no token
void app.authenticate(3)
// @ts-expect-error sessions are made by authenticate
new Session()
// @ts-expect-error a stream has no limit
void app.storageFor('user_1').stream('key', { limit: 3 })
// @ts-expect-error streams come from files
new (await import('casier')).FileStream()
// @ts-expect-error an iterable of text is no file
void app.storageFor('user_1').uploadFileObject(['text'], 'a.md', 'blog')
// @ts-expect-error text is no file
void app.storageFor('user_1').uploadFileObject('text', 'a.md', 'blog')
// @ts-expect-error a provider that there is not
new TokenVerifier('a', { jwks: '', provider: 'okta' })
// @ts-expect-error a field that no claim fills
new TokenVerifier('a', { jwks: '', mapping: { userId: 'sub' } })
// @ts-expect-error a source that there is not
new TokenVerifier('a', { jwks: '' }).verify('token', null, 'query')
