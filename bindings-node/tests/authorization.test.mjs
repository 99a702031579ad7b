// What a token grants, as Clerk's has() tells it, and what is revoked.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Action, Casier, Policy, User } from 'casier'
import { fails } from './expect.mjs'
import { startStack } from './stack.mjs'

const stack = await startStack()
after(() => stack.stop())
const app = new Casier(stack.settings())
const limit = { timeout: 30_000 }

const ADMIN = {
  organization: { id: 'org_1', slug: 'team', role: 'org:admin', permissions: ['org:teams:manage'] },
  plans: ['u:pro'],
  features: ['u:books'],
}
const recently = { level: 'first_factor', afterMinutes: 10 }

test('a session has what its token grants', limit, async () => {
  const session = await app.authenticate(await stack.mint('user_1', { ...ADMIN, claims: { fva: [3, -1] } }))
  assert.deepEqual(session.user.factorVerificationAge, [3, -1])
  for (const granted of [
    { role: 'org:admin' }, { role: 'admin' }, { permission: 'teams:manage' }, { feature: 'books' },
    { plan: 'u:pro' }, { reverification: 'strict' }, { reverification: recently },
    { role: 'admin', permission: 'org:teams:manage', feature: 'u:books', plan: 'pro', reverification: 'lax' },
    { role: 'admin', plan: null, feature: undefined },
  ]) {
    assert.equal(session.has(granted), true, JSON.stringify(granted))
    session.require(granted)
  }
  for (const [code, refused, required, actual] of [
    ['role-required', { role: 'org:owner' }, 'org:owner', 'org:admin'],
    ['permission-required', { role: 'admin', permission: 'org:teams:read' }, 'org:teams:read', 'org:teams:manage'],
    ['feature-required', { feature: 'o:books' }, 'o:books', 'o:teams, u:books'],
    ['plan-required', { plan: 'team' }, 'team', 'u:pro'],
    [
      'reverification-required', { reverification: { level: 'first_factor', afterMinutes: 3 } },
      'first_factor within 3 minutes', 'first_factor 3 minutes ago, second_factor never',
    ],
  ]) {
    assert.equal(session.has(refused), false)
    const error = await fails(code, () => session.require(refused))
    assert.equal(error.status, 403)
    assert.equal(error.details.required, required)
    const sorted = (list) => list.split(', ').sort()
    assert.deepEqual(code === 'feature-required' ? sorted(error.details.actual) : error.details.actual,
      code === 'feature-required' ? sorted(actual) : actual)
  }
  assert.deepEqual([session.hasPlan('pro'), session.hasPlan('o:pro')], [true, false])
  assert.deepEqual([session.hasPermission('teams:manage'), session.hasPermission('teams')], [true, false])
  session.requirePlan('u:pro')
  session.requirePermission('org:teams:manage')
  await fails('plan-required', () => session.requirePlan('team'))
  await fails('permission-required', () => session.requirePermission('org:teams:read'))
})

test('who asks for nothing, or for what there is not, is refused', limit, async () => {
  const session = await app.authenticate(await stack.mint('user_1', ADMIN))
  for (const nothing of [{}, { role: null }, undefined, null, { role: '' }]) {
    assert.equal(session.has(nothing), false)
  }
  await fails('invalid-request', () => session.require({}))
  await fails('invalid-request', () => session.require({ reverification: { level: 'first_factor', afterMinutes: 0 } }))
  for (const reverification of ['stricter', {}, { level: 'third_factor', afterMinutes: 3 }, { afterMinutes: 3 }]) {
    await fails('invalid-request', () => session.has({ reverification }))
  }
  for (const wrong of [
    'org:admin', { roles: ['admin'] }, { role: 3 }, { reverification: 10 },
    { reverification: { level: 'first_factor', afterMinutes: '10' } },
    { reverification: { level: 'first_factor', after_minutes: 10 } },
  ]) {
    assert.throws(() => session.has(wrong), TypeError)
  }
})

test('a policy decides the same of a user without a token', limit, async () => {
  const policy = Policy.builtin()
  const user = new User('user_1', { ...ADMIN, factorVerificationAge: [3, 20] })
  assert.deepEqual(user.organization, ADMIN.organization)
  assert.deepEqual(user.toJSON().factorVerificationAge, [3, 20])
  assert.equal(new User('user_1').factorVerificationAge, null)
  const code = (action) => policy.decide(user, action).error?.code ?? 'allowed'
  assert.deepEqual(
    [
      Action.permission('teams:manage'), Action.permission('teams:read'), Action.plan('pro'), Action.plan('o:pro'),
      Action.has({ role: 'admin', reverification: 'moderate' }), Action.has({ reverification: 'strict' }),
      Action.has({}),
    ].map(code),
    [
      'allowed', 'permission-required', 'allowed', 'plan-required', 'allowed', 'reverification-required',
      'invalid-request',
    ],
  )
  await fails('invalid-request', () => Action.has({ reverification: 'stricter' }))
  for (const wrong of [[1], [1, 2, 3], [1.5, 2], ['1', 2], 3, {}]) {
    assert.throws(() => new User('user_1', { factorVerificationAge: wrong }), TypeError)
  }
})

test('a session that is revoked is refused, remembered or not', limit, async () => {
  const token = await stack.mint('user_1', { sid: 'sess_revoked' })
  const other = await stack.mint('user_1', { sid: 'sess_other' })
  await app.authenticate(token)
  assert.equal(await app.revoke('sess_revoked'), undefined)
  assert.equal((await fails('session-revoked', app.authenticate(token))).status, 401)
  await app.authenticate(other)
  await fails('invalid-request', app.revoke(''))
})

test("a user's tokens are refused up to a time", limit, async () => {
  const old = await stack.mint('user_2', { issued_at: -20 })
  const fresh = await stack.mint('user_2', { issued_at: -5 })
  await app.authenticate(old)
  await app.revokeUser('user_2', new Date(Date.now() - 10_000))
  await fails('session-revoked', app.authenticate(old))
  await app.authenticate(fresh)
  await app.revokeUser('user_2')
  await fails('session-revoked', app.authenticate(fresh))
  await app.authenticate(await stack.mint('user_20'))
  await fails('invalid-user-id', app.revokeUser(''))
  await fails('invalid-request', app.revokeUser('user_2', new Date(Date.now() + 3_600_000)))
  await assert.rejects(app.revokeUser('user_2', '2026-01-01'), TypeError)
  await fails('cancelled', app.revokeUser('user_2', null, { signal: AbortSignal.abort() }))
})
