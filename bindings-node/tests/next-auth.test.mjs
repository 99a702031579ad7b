// casier/next with plain requests: who is let in.

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { after, before, test } from 'node:test'

import { Casier, CasierError } from 'casier'
import {
  auth,
  configure,
  fileRoutes,
  hasFeatureAccess,
  hasSubscription,
  requireAuth,
  sharedCasier,
  withAuth,
} from 'casier/next'
import { startStack } from './stack.mjs'

const limit = { timeout: 60_000 }
const EVIL = { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }

let stack, casier, ada, ben

before(async () => {
  stack = await startStack()
  casier = new Casier(stack.settings())
  configure(casier)
  ada = await stack.mint('user_ada', { tier: 'pro', ttl: 3600 })
  ben = await stack.mint('user_ben', { tier: 'free', ttl: 3600 })
})
after(() => stack?.stop())

const bearer = (token) => ({ Authorization: `Bearer ${token}` })
const cookie = (token) => ({ Cookie: `__session=${token}` })
const request = (headers, method = 'GET') => new Request('http://app.example/page', { method, headers })

test('auth() gives the session, and null for whom nothing signs in', limit, async () => {
  const session = await auth(request(bearer(ada)))
  assert.deepEqual([session.user.userId, session.user.subscription], ['user_ada', 'pro'])
  assert.equal((await requireAuth(request(cookie(ada)))).user.userId, 'user_ada')

  for (const [code, headers] of [
    ['token-missing', {}],
    ['token-invalid', bearer('a.b.c')],
    ['token-expired', bearer(await stack.mint('user_ada', { fault: 'expired' }))],
    ['session-pending', bearer(await stack.mint('user_ada', { fault: 'pending-session' }))],
  ]) {
    assert.equal(await auth(request(headers)), null)
    await assert.rejects(
      requireAuth(request(headers)),
      (error) => error instanceof CasierError && error.code === code,
    )
    assert.equal(await hasSubscription('free', request(headers)), false)
    assert.equal(await hasFeatureAccess('blog', request(headers)), false)
  }
})

test('a cookie that another site sends along to change something signs nobody in', limit, async () => {
  const crossSite = () => request({ ...cookie(ada), ...EVIL }, 'POST')
  const fromNowhere = () => request(cookie(ada), 'POST')
  for (const refused of [crossSite, fromNowhere]) {
    assert.equal(await auth(refused()), null)
    assert.equal(await hasSubscription('free', refused()), false)
    assert.equal(await hasFeatureAccess('blog', refused()), false)
    await assert.rejects(requireAuth(refused()), { code: 'cross-site-request', status: 403 })
  }
})

test('what is no fault of the request is thrown, not taken for signed out', limit, async () => {
  configure(new Casier(stack.settings({ jwksUrl: 'http://127.0.0.1:1/jwks.json' })))
  try {
    await assert.rejects(auth(request(bearer(ada))), { code: 'jwk-remote-failed-to-load', status: 503 })
  } finally {
    configure(casier)
  }
})

test("tiers and features are the policy's", limit, async () => {
  const [adas, bens] = [request(bearer(ada)), request(bearer(ben))]
  assert.deepEqual(
    await Promise.all(['free', 'pro', 'premium', 'no-such-tier'].map((tier) => hasSubscription(tier, adas))),
    [true, true, false, false],
  )
  assert.deepEqual([await hasSubscription('basic', bens), await hasSubscription('free', bens)], [false, true])
  assert.deepEqual(
    [await hasFeatureAccess('books', adas), await hasFeatureAccess('books', bens)],
    [true, false],
  )
})

test('withAuth() calls the handler for a user, and answers for everybody else', limit, async () => {
  const context = { params: Promise.resolve({ id: '7' }) }
  const route = withAuth(async (request, session, context) => {
    session.requireSubscription('pro')
    const { id } = await context.params
    const headers = new Headers({ 'X-Own': request.method })
    headers.append('Set-Cookie', 'a=1')
    headers.append('Set-Cookie', 'b=2')
    return Response.json({ id, user: session.user.userId }, { status: 201, headers })
  })

  const given = await route(request({ ...bearer(ada), 'X-Request-Id': 'r1' }), context)
  assert.deepEqual(await given.json(), { id: '7', user: 'user_ada' })
  assert.equal(given.status, 201)
  assert.equal(given.headers.get('X-Request-Id'), 'r1')
  assert.equal(given.headers.get('X-Own'), 'GET')
  assert.deepEqual(given.headers.getSetCookie(), ['a=1', 'b=2'])

  const lower = await route(request({ ...bearer(ben), 'X-Request-Id': 'r2' }), context)
  assert.equal(lower.status, 403)
  assert.equal(lower.headers.get('X-Request-Id'), 'r2')
  const { error } = await lower.json()
  assert.equal(error.code, 'subscription-required')
  assert.deepEqual([error.details.required, error.details.actual], ['pro', 'free'])

  const nobody = await route(request({}), context)
  assert.equal(nobody.status, 401)
  assert.equal((await nobody.json()).error.code, 'token-missing')
  const elsewhere = await route(request({ ...cookie(ada), ...EVIL }, 'POST'), context)
  assert.equal((await elsewhere.json()).error.code, 'cross-site-request')
})

test('who lacks what a route or a page asks for is refused', limit, async () => {
  const organization = { id: 'org_1', role: 'admin', permissions: ['org:reports:read'] }
  const member = request(bearer(await stack.mint('user_ada', { organization, claims: { fva: [1, -1] } })))
  const handler = (request, session) => Response.json({ user: session.user.userId })
  const reading = withAuth(handler, { permission: 'org:reports:read', role: 'org:admin' })
  assert.deepEqual(await (await reading(member)).json(), { user: 'user_ada' })
  const refused = await reading(request(bearer(ada)))
  assert.equal(refused.status, 403)
  const { error } = await refused.json()
  assert.deepEqual([error.code, error.details], ['role-required', { required: 'org:admin', actual: 'none' }])
  assert.equal((await withAuth(handler, { plan: 'pro' })(member)).status, 403)
  assert.equal((await withAuth(handler, { reverification: 'strict' })(member)).status, 200)

  assert.equal((await requireAuth(member, { permission: 'reports:read' })).user.userId, 'user_ada')
  await assert.rejects(requireAuth(member, { reverification: { level: 'first_factor', afterMinutes: 1 } }), {
    code: 'reverification-required',
  })
  await assert.rejects(requireAuth(member, {}), { code: 'invalid-request' })
})

test('a session that the shared Casier revokes is refused at once', limit, async () => {
  assert.equal(sharedCasier(), casier)
  const token = await stack.mint('user_ada', { ttl: 3600 })
  const route = withAuth((_, { user }) => Response.json(user.sessionId))
  await sharedCasier().revoke(await (await route(request(bearer(token)))).json())
  const answer = await route(request(bearer(token)))
  assert.deepEqual([answer.status, (await answer.json()).error.code], [401, 'session-revoked'])
  assert.equal(await auth(request(bearer(token))), null)
  assert.equal((await route(request(bearer(ada)))).status, 200)
})

test('the audit is told the id that a route answers with', limit, async () => {
  const events = []
  configure(new Casier(stack.settings({ onAudit: (event) => events.push(event) })))
  try {
    const route = withAuth(() => new Response())
    const answer = await route(request({ ...bearer(ada), 'User-Agent': 'test' }))
    await route(request({ ...bearer(ada), 'X-Request-Id': 'r1' }))
    await requireAuth(request({ ...bearer(ada), 'X-Request-Id': 'r2' }))
    assert.deepEqual(
      events.map(({ requestId, userAgent, address }) => [requestId, userAgent, address]),
      [[answer.headers.get('X-Request-Id'), 'test', null], ['r1', null, null], ['r2', null, null]],
    )
  } finally {
    configure(casier)
  }
})

test('settings given to configure() go over the environment', limit, async () => {
  const events = []
  const before = { ...process.env }
  Object.assign(process.env, stack.environment)
  try {
    configure({ onAudit: (event) => events.push(event) })
    assert.equal((await requireAuth(request(bearer(ada)))).user.userId, 'user_ada')
    assert.equal(events.length, 1)
    assert.throws(() => configure({ issuer: 'ftp://elsewhere' }), { code: 'config-invalid' })
  } finally {
    process.env = before
    configure(casier)
  }
})

test("withAuth() leaves to Next what is not Casier's", limit, async () => {
  const bug = new Error('NEXT_REDIRECT')
  await assert.rejects(
    withAuth(() => {
      throw bug
    })(request(bearer(ada))),
    (error) => error === bug,
  )
  const moved = await withAuth(() => Response.redirect('http://app.example/'))(request(bearer(ada)))
  assert.deepEqual([moved.status, moved.headers.get('Location')], [302, 'http://app.example/'])
  assert.equal((await withAuth(() => new Response(null, { status: 204 }))(request(bearer(ada)))).status, 204)
})

test('required or imported, it is one module', limit, () => {
  const required = createRequire(import.meta.url)('casier/next')
  assert.deepEqual(Object.keys(required).sort(), [
    'auth',
    'configure',
    'fileRoutes',
    'hasFeatureAccess',
    'hasSubscription',
    'requireAuth',
    'sharedCasier',
    'withAuth',
  ])
  assert.equal(required.fileRoutes, fileRoutes)
})
