// The parts that need no network and no bucket.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Action, CasierError, Policy, Scope, TokenVerifier, User, VerifiedToken } from 'casier'
import { fails } from './expect.mjs'
import { startStack } from './stack.mjs'

const stack = await startStack()
after(() => stack.stop())
const limit = { timeout: 30_000 }

test('policy', limit, async () => {
  const policy = Policy.builtin()
  assert.deepEqual(policy.tiers, ['free', 'basic', 'pro', 'premium', 'enterprise'])
  assert.deepEqual(policy.roles, ['user', 'manager', 'admin'])
  assert.ok(policy.kinds.includes('book'))
  const free = new User('user_1', { subscription: 'free', features: ['u:books'] })
  assert.equal(policy.decide(free, Action.feature('books')).allowed, true)
  assert.equal(policy.decide(free, Action.role('user')).allowed, true)
  const refused = policy.decide(free, Action.subscription('pro'))
  assert.equal(refused.allowed, false)
  assert.ok(refused.error instanceof CasierError)
  const wanted = { required: 'pro', actual: 'free', limit: null, used: null, retryAfter: null }
  assert.deepEqual({ ...refused.error.details }, wanted)
  await fails('subscription-required', () => refused.require())

  const upload = Action.upload('image', 'a.png', 'IMAGE/PNG; q=1', 10)
  assert.equal(policy.decide(free, upload).contentType, 'image/png')
  assert.equal(policy.decide(free, upload, { storedBytes: 1n << 30n }).error.code, 'quota-exceeded')
  const big = policy.decide(free, Action.upload('image', 'a.png', 'image/png', 2n ** 64n - 1n)).error
  assert.deepEqual([big.code, big.details.limit, big.details.used], ['file-too-large', 10 << 20, 2 ** 64])

  const now = new Date('2025-10-22T10:30:00Z')
  const link = policy.decide(free, Action.link(86400), null, now)
  assert.equal(link.linkSeconds, 3600)
  assert.deepEqual(link.linkExpiresAt, new Date('2025-10-22T11:30:00Z'))
  assert.equal(link.error, null)
  link.require()
})

test('policy files', limit, async () => {
  const text = 'version = 1\ntiers = ["guest", "member"]\n'
  assert.deepEqual(Policy.fromToml(text).tiers, ['guest', 'member'])
  assert.match((await fails('config-invalid', () => Policy.fromToml('version = 2', 'shop.toml'))).message, /shop\.toml/)
  await fails('config-invalid', () => Policy.load('/nowhere/policy.toml'))
  const folder = await mkdtemp(join(tmpdir(), 'casier-node-'))
  try {
    await writeFile(join(folder, 'policy.toml'), text)
    assert.deepEqual(Policy.load(join(folder, 'policy.toml')).tiers, ['guest', 'member'])
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('scope', limit, async () => {
  const scope = new Scope('auth0|5f7c')
  assert.equal(scope.userId, 'auth0|5f7c')
  assert.equal(scope.prefix, 'user_auth0.7C5f7c/')
  const key = scope.key('book', 'Mon livre.pdf')
  assert.equal(key, 'user_auth0.7C5f7c/books/Mon livre.pdf')
  assert.deepEqual(scope.parse(key), { kind: 'book', filename: 'Mon livre.pdf' })
  assert.deepEqual(scope.parse(`${scope.prefix}a`), { kind: null, filename: 'a' })
  assert.notEqual(scope.unguessableKey('book', 'a.pdf'), scope.unguessableKey('book', 'a.pdf'))
  await fails('not-owner', () => scope.parse('user_1/books/a.pdf'))
  await fails('invalid-key', () => scope.parse(`${scope.prefix}../user_1/books/a.pdf`))
  await fails('invalid-key', () => scope.parse(`${scope.prefix}%2e%2e/a.pdf`))
  await fails('invalid-key', () => scope.parse(''))
  await fails('invalid-user-id', () => new Scope(''))
  await fails('invalid-request', () => scope.parse('\ud800'))
})

test('verifier', limit, async () => {
  const jwks = await stack.jwks()
  const verifier = new TokenVerifier(stack.issuer, { jwks })
  const organization = { id: 'org_1', slug: 'team', role: 'admin' }
  const token = await stack.mint('user_7', {
    tier: 'pro', role: 'admin', email: 'ada@example.com', organization,
    claims: JSON.parse('{"odd": {"__proto__": {"role": "admin"}, "n": [1, 2.5, null, true]}}'),
  })
  const verified = verifier.verify(token)
  assert.ok(verified instanceof VerifiedToken && verified.user instanceof User)
  const { user } = verified
  assert.deepEqual([user.userId, user.subscription, user.role, user.email], ['user_7', 'pro', 'admin', 'ada@example.com'])
  assert.deepEqual([user.organization.id, user.organization.slug], ['org_1', 'team'])
  assert.equal(user.actor, null)
  assert.equal(user.sessionId, verified.sessionId)
  assert.equal(verified.claims.sub, 'user_7')
  assert.deepEqual(verified.claims.odd.n, [1, 2.5, null, true])
  assert.equal(verified.claims.odd.role, undefined)
  assert.equal(verified.expiresAt - verified.issuedAt, 60_000)
  assert.equal(typeof verified.keyId, 'string')

  await fails('token-expired', () => verifier.verify(token, new Date(Date.now() + 3_600_000)))
  await fails('token-not-active-yet', () => verifier.verify(token, new Date('1960-01-01')))
  const tampered = await stack.mint('user_7', { fault: 'tampered-signature' })
  await fails('token-invalid-signature', () => verifier.verify(tampered))
  await fails('invalid-request', () => verifier.verify(token, null, 'query'))
})

test('settings of a verifier', limit, async () => {
  const jwks = await stack.jwks()
  const jwk = JSON.stringify(JSON.parse(jwks).keys[0])
  const token = await stack.mint('user_7', { azp: 'https://app.example.com' })
  const parties = { jwk, authorizedParties: ['https://app.example.com'], policy: Policy.builtin() }
  const verifier = new TokenVerifier(stack.issuer, parties)
  assert.equal(verifier.verify(token, null, 'cookie').user.userId, 'user_7')
  for (const tokenCache of [true, false]) {
    const verifier = new TokenVerifier(stack.issuer, { jwk, tokenCache })
    for (const again of [1, 2]) {
      assert.equal(verifier.verify(token).user.userId, 'user_7', `time ${again}`)
      await fails('token-expired', () => verifier.verify(token, new Date(Date.now() + 3_600_000)))
    }
  }
  const other = new TokenVerifier(stack.issuer, { jwk, authorizedParties: ['https://b.example'] })
  await fails('token-invalid-authorized-parties', () => other.verify(token))
  for (const wrong of [
    {}, { jwk, jwks }, { jwk, algorithms: ['none'] }, { jwk, clockSkew: -1 }, { jwk, clockSkew: 301 },
    { jwk, clockSkew: NaN },
  ]) {
    await fails('config-invalid', () => new TokenVerifier(stack.issuer, wrong))
  }
  for (const wrong of [{ jwk, audience: 'shop' }, { jwk, audiance: ['shop'] }, { jwk, tokenCache: 1 }, { jwk, policy: {} }, 3]) {
    assert.throws(() => new TokenVerifier(stack.issuer, wrong), TypeError)
  }
})

test('tokens of other providers', limit, async () => {
  const jwks = await stack.jwks()
  const token = await stack.mint('user_7', {
    email: 'ada@example.com', aud: ['https://api.example.com'],
    claims: { 'https://app/tier': 'pro', realm: { roles: ['viewer', 'admin'] }, tenant: 'org_1' },
  })
  const oidc = { jwks, provider: 'oidc', audience: ['https://api.example.com'] }
  const verify = (mapping) => new TokenVerifier(stack.issuer, { ...oidc, mapping }).verify(token).user
  const plain = verify(null)
  assert.deepEqual([plain.email, plain.subscription, plain.role, plain.organization], ['ada@example.com', 'free', 'user', null])
  const user = verify({ subscription: 'https://app/tier', role: ['realm', 'roles'], organizationId: 'tenant', email: undefined })
  assert.deepEqual([user.email, user.subscription, user.role, user.organization.id], ['ada@example.com', 'pro', 'admin', 'org_1'])

  for (const mapping of [{ role: [] }, { role: 'user_metadata' }, { userId: 'sub' }, { role: '' }]) {
    await fails('config-invalid', () => verify(mapping))
  }
  for (const mapping of ['role', ['role'], { role: 3 }, { role: ['a', 3] }]) {
    assert.throws(() => verify(mapping), TypeError)
  }
  await fails('config-invalid', () => new TokenVerifier(stack.issuer, { jwks, provider: 'oidc' }))
  await fails('config-invalid', () => new TokenVerifier(stack.issuer, { ...oidc, provider: 'okta' }))
})

test('times far away are told as the nearest', limit, () => {
  const last = new Date(8.64e15)
  const decision = Policy.builtin().decide(new User('user_1'), Action.link(60), null, last)
  assert.deepEqual(decision.linkExpiresAt, last)
})

test('calls that are written wrongly', limit, () => {
  const [policy, user] = [Policy.builtin(), new User('user_1')]
  for (const call of [
    () => new Scope(3),
    () => new Scope(),
    () => new Scope('user_1').key('book'),
    () => Action.upload('image', 'a.png', 'image/png', '10'),
    () => Action.upload('image', 'a.png', 'image/png', 1.5),
    () => Action.upload('image', 'a.png', 'image/png', -1),
    () => Action.link(NaN),
    () => policy.decide('user_1', Action.link(1)),
    () => policy.decide(user, user),
    () => policy.decide({ __proto__: User.prototype }, Action.link(1)),
    () => policy.decide(user, Action.link(1), { storedByte: 1 }),
    () => policy.decide(user, Action.link(1), null, '2025-10-22'),
    () => policy.decide(user, Action.link(1), null, new Date(NaN)),
    () => new User('user_1', { plans: 'u:pro' }),
  ]) {
    assert.throws(call, { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' })
  }
})
