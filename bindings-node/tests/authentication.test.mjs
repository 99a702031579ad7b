// From a token or a request to a session.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Casier, Session } from 'casier'
import { fails } from './expect.mjs'
import { startStack } from './stack.mjs'

const stack = await startStack()
after(() => stack.stop())
const app = new Casier(stack.settings())
const limit = { timeout: 30_000 }

test('a session', limit, async () => {
  const session = await app.authenticate(await stack.mint('user_1', { tier: 'pro', role: 'manager' }))
  assert.ok(session instanceof Session)
  assert.equal(session.user.userId, 'user_1')
  assert.equal(session.claims.iss, stack.issuer)
  assert.ok(session.expiresAt > new Date())
  assert.equal(session.hasSubscription('basic'), true)
  assert.equal(session.hasSubscription('enterprise'), false)
  assert.equal(session.hasSubscription('no-such-tier'), false)
  assert.equal(session.hasRole('user'), true)
  assert.equal(session.hasFeature('books'), true)
  assert.equal(session.owns('user_1'), true)
  assert.equal(session.owns('user_10'), false)
  session.requireSubscription('pro')
  session.requireRole('manager')
  session.requireFeature('blog')
  session.requireOwner('user_1')
  await fails('subscription-required', () => session.requireSubscription('enterprise'))
  await fails('config-invalid', () => session.requireSubscription('no-such-tier'))
  await fails('role-required', () => session.requireRole('admin'))
  await fails('feature-required', () => session.requireFeature('videos'))
  await fails('not-owner', () => session.requireOwner('user_10'))
})

const faults = {
  expired: 'token-expired',
  'not-yet-valid': 'token-not-active-yet',
  'issued-in-the-future': 'token-iat-in-the-future',
  'other-key': 'token-invalid-signature',
  'tampered-payload': 'token-invalid-signature',
  'tampered-signature': 'token-invalid-signature',
  'other-issuer': 'token-invalid-issuer',
  'unknown-kid': 'jwk-kid-mismatch',
  'alg-none': 'token-invalid-algorithm',
  'alg-hs256-public-key': 'token-invalid-algorithm',
  'pending-session': 'session-pending',
  'missing-sub': 'token-invalid',
}
for (const [fault, code] of Object.entries(faults)) {
  test(`a bad token: ${fault}`, limit, async () => {
    const token = await stack.mint('user_1', { fault })
    const error = await fails(code, app.authenticate(token))
    assert.equal(error.status, 401)
    assert.ok(!error.message.includes(token))
  })
}

test('garbage', limit, async () => {
  for (const garbage of ['', 'x', 'a.b.c', 'é'.repeat(9), 'x'.repeat(100_000)]) {
    await fails('token-invalid', app.authenticate(garbage))
  }
})

test('requests', limit, async () => {
  const token = await stack.mint('user_1')
  const cookies = { host: 'app.example.com', cookie: `a=b; __session=${token}` }
  for (const headers of [
    { Authorization: `Bearer ${token}` },
    { authorization: token, 'set-cookie': ['a=b', 'c=d'], te: undefined },
    [['X-Clerk-Auth-Token', token], ['Accept', '*/*']],
    new Map([['x-clerk-auth-token', token]]),
    new Headers({ authorization: `Bearer ${token}` }),
    new Headers(cookies),
    cookies,
  ]) {
    assert.equal((await app.authenticateRequest('GET', headers)).user.userId, 'user_1')
  }
  await fails('token-missing', app.authenticateRequest('GET', {}))
  await fails('cross-site-request', app.authenticateRequest('POST', cookies))
  const twice = [['Authorization', token], ['Authorization', token]]
  await fails('token-invalid', app.authenticateRequest('GET', twice))
  await fails('token-invalid', app.authenticateRequest('GET', { authorization: [token, token] }))
  await fails('token-invalid', app.authenticateRequest('GET', new Headers(twice)))
  for (const headers of [undefined, 3, 'a', [['Authorization']], [['a', 3]], { a: 3 }]) {
    await assert.rejects(app.authenticateRequest('GET', headers), TypeError)
  }
})

test('keys that cannot be fetched', limit, async () => {
  const unreachable = new Casier(stack.settings({ jwksUrl: 'http://127.0.0.1:9/jwks.json' }))
  const error = await fails('jwk-remote-failed-to-load', unreachable.authenticate(await stack.mint('user_1')))
  assert.deepEqual([error.status, error.retryable], [503, true])
})
