// Every decision is told, on this thread, before its call answers; who listens fails nothing.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setTimeout as later } from 'node:timers/promises'
import { Casier } from 'casier'
import { HttpApi } from 'casier/http'
import { fails } from './expect.mjs'
import { startStack } from './stack.mjs'

const stack = await startStack()
after(() => stack.stop())
const limit = { timeout: 30_000 }

function listening(settings = {}) {
  const events = []
  const casier = new Casier(stack.settings({ ...settings, onAudit: (event) => events.push(event) }))
  return { casier, events, told: () => events.splice(0).map(({ action, allowed }) => [action, allowed]) }
}

const MEMBERS = [
  'time', 'action', 'allowed', 'code', 'userId', 'sessionId', 'organizationId', 'actor', 'issuer', 'keyId',
  'required', 'actual', 'target', 'requestId', 'address', 'userAgent',
]

test('an event tells who, what, and on which request', limit, async () => {
  const { casier, events } = listening()
  const organization = { id: 'org_1', slug: 'team', role: 'admin' }
  const token = await stack.mint('user_1', { tier: 'free', sid: 'sess_1', organization })
  const headers = { authorization: `Bearer ${token}`, 'x-request-id': 'r1', 'user-agent': 'test\n' }
  const session = await casier.authenticateRequest('GET', headers, { address: '203.0.113.9' })
  assert.equal(session.hasSubscription('pro'), false)
  const [signIn, refusal] = events
  for (const event of events) {
    assert.deepEqual(Object.keys(event).sort(), [...MEMBERS].sort())
    assert.ok(event.time instanceof Date && Math.abs(Date.now() - event.time) < 30_000)
    assert.match(event.keyId, /./)
    assert.deepEqual(
      [event.userId, event.sessionId, event.organizationId, event.actor, event.issuer],
      ['user_1', 'sess_1', 'org_1', null, stack.issuer],
    )
    assert.deepEqual([event.requestId, event.address, event.userAgent], ['r1', '203.0.113.9', 'test\\n'])
    assert.ok(!JSON.stringify(event).includes(token.split('.')[2]))
  }
  assert.deepEqual([signIn.action, signIn.allowed, signIn.code], ['authenticate', true, null])
  assert.deepEqual(
    [refusal.action, refusal.allowed, refusal.code, refusal.required, refusal.actual],
    ['subscription', false, 'subscription-required', 'pro', 'free'],
  )
  assert.equal(events.length, 2)
})

test('it is told before the call answers, whichever thread decides', limit, async () => {
  const { casier, told } = listening()
  await fails('token-invalid', casier.authenticate('a.b.c'))
  assert.deepEqual(told(), [['authenticate', false]])
  // The keys are fetched: this is decided elsewhere.
  const session = await casier.authenticate(await stack.mint('user_1', { tier: 'pro' }))
  assert.deepEqual(told(), [['authenticate', true]])
  assert.throws(() => session.requireOwner('user_2'))
  assert.deepEqual(told(), [['owner', false]])
  const files = session.files()
  const { key } = await files.uploadFileObject(Buffer.from('# a\n'), 'a.md', 'blog')
  await fails('not-owner', files.read('user_user_2/a.md'))
  assert.deepEqual(told(), [['upload', true], ['key', false]])
  await files.presignedUrl(key)
  assert.deepEqual(told(), [['link', true]])
  await casier.revoke('sess_1')
  await casier.revokeUser('user_9')
  assert.deepEqual(told(), [['revoke', true], ['revoke-user', true]])
})

test('nothing is lost when many calls run at once', limit, async () => {
  const { casier, events, told } = listening()
  const tokens = await Promise.all(Array.from({ length: 50 }, (_, n) => stack.mint(`user_${n}`)))
  const sessions = await Promise.all(tokens.map((token) => casier.authenticate(token)))
  assert.deepEqual(events.map(({ userId }) => userId).sort(), sessions.map(({ user }) => user.userId).sort())
  told()
  const foreign = sessions.map((session) => session.files().read('user_someone/a.md'))
  assert.equal((await Promise.allSettled(foreign)).filter(({ status }) => status === 'rejected').length, 50)
  assert.equal(new Set(events.map(({ userId }) => userId)).size, 50)
})

test('each Casier has its own hook, and one without has none', limit, async () => {
  const [one, two] = [listening(), listening()]
  const silent = new Casier(stack.settings({ onAudit: null }))
  const token = await stack.mint('user_1')
  await Promise.all([one.casier, two.casier, two.casier, silent].map((casier) => casier.authenticate(token)))
  assert.deepEqual([one.events.length, two.events.length], [1, 2])
})

test('the routes tell their names and the id that they answer with', limit, async () => {
  const { casier, events } = listening()
  const api = new HttpApi(casier, 'files')
  const headers = { authorization: `Bearer ${await stack.mint('user_1')}` }
  const call = await api.begin('GET', '/list', '', headers, { address: '203.0.113.9' })
  assert.equal((await call.answer()).status, 200)
  const [{ action, target, requestId, address }] = events
  assert.deepEqual([action, requestId, address], ['authenticate', call.requestId, '203.0.113.9'])
  assert.match(target, /list/)
})

test('a hook that throws or rejects fails nothing and is warned of once', limit, async () => {
  const warnings = []
  const listen = (warning) => warnings.push(warning)
  process.on('warning', listen)
  try {
    let calls = 0
    const token = await stack.mint('user_1')
    const failing = [
      () => { calls += 1; throw new Error('the log is full') },
      async () => { calls += 1; throw new Error('the log is full') },
      () => { calls += 1; throw undefined },
    ]
    for (const onAudit of failing) {
      const casier = new Casier(stack.settings({ onAudit }))
      const session = await casier.authenticate(token)
      assert.equal(session.hasFeature('blog'), true)
      await fails('token-invalid', casier.authenticate('a.b.c'))
    }
    await later(10)
    assert.equal(calls, 9)
    assert.deepEqual(warnings.map(({ name }) => name), Array(3).fill('CasierWarning'))
    assert.match(warnings[0].detail, /the log is full/)
  } finally {
    process.off('warning', listen)
  }
})

test('what a hook itself asks of Casier is not told', limit, async () => {
  const told = []
  let session
  const casier = new Casier(stack.settings({
    onAudit: ({ action }) => {
      told.push(action)
      session?.hasFeature('blog')
    },
  }))
  session = await casier.authenticate(await stack.mint('user_1'))
  session.hasRole('admin')
  assert.deepEqual(told, ['authenticate', 'role'])
})

test('a hook is a function', limit, async () => {
  for (const onAudit of ['log', {}, 3, true]) {
    assert.throws(() => new Casier(stack.settings({ onAudit })), TypeError)
  }
  process.env.CLERK_ISSUER = 'https://clerk.example.com'
  try {
    const events = []
    const casier = Casier.fromEnv({ onAudit: (event) => events.push(event) })
    await fails('token-invalid', casier.authenticate('a.b.c'))
    assert.equal(events.length, 1)
  } finally {
    delete process.env.CLERK_ISSUER
  }
})
