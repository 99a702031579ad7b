// The error class, and the catalogue behind it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { catalogue, errorAnswer } from '#native'
import { Action, CasierError, Policy, setLogger, User } from 'casier'

const limit = { timeout: 30_000 }

test('every code of the catalogue has its error', limit, () => {
  const entries = catalogue()
  assert.ok(entries.length > 50)
  for (const { code, status, retryable, category, meaning } of entries) {
    const error = new CasierError(code, meaning)
    assert.ok(error instanceof Error)
    const { name, message } = error
    assert.deepEqual([name, message, error.code], ['CasierError', meaning, code])
    assert.deepEqual([error.status, error.retryable, error.category], [status, retryable, category])
    assert.ok(category.length > 0 && status >= 400 && status < 600)
    assert.match(inspect(error), new RegExp(`code: '${code}'`))
  }
})

test('categories', limit, () => {
  for (const [code, category, status, retryable] of [
    ['token-expired', 'authentication', 401, false],
    ['not-owner', 'access-denied', 403, false],
    ['invalid-key', 'invalid-input', 400, false],
    ['file-too-large', 'invalid-input', 413, false],
    ['file-not-found', 'not-found', 404, false],
    ['file-exists', 'conflict', 409, false],
    ['rate-limited', 'unavailable', 429, true],
    ['storage-unavailable', 'unavailable', 503, true],
    ['storage-denied', 'storage', 502, false],
    ['config-invalid', 'config', 500, false],
    ['cancelled', 'other', 499, false],
  ]) {
    const error = new CasierError(code, 'why')
    assert.deepEqual([error.category, error.status, error.retryable], [category, status, retryable])
  }
})

test('details and cause', limit, () => {
  const cause = new Error('below')
  const error = new CasierError('not-owner', 'why', { details: { required: 'pro' }, cause })
  const details = { required: 'pro', actual: null, limit: null, used: null, retryAfter: null }
  assert.deepEqual({ ...error.details }, details)
  assert.equal(error.cause, cause)
  assert.ok(!('cause' in new CasierError('not-owner', 'why')))
  assert.throws(() => new CasierError('no-such-code', 'why'), RangeError)
})

test('an error that went to JavaScript comes back as it was', limit, () => {
  setLogger(null)
  const decision = Policy.builtin().decide(new User('user_1'), Action.subscription('pro'))
  const { status, headers, body } = errorAnswer(decision.error, 'request-1')
  assert.equal(status, 403)
  assert.ok(headers.some(([name, value]) => name === 'X-Request-Id' && value === 'request-1'))
  const { error } = JSON.parse(body)
  assert.equal(error.code, 'subscription-required')
  assert.equal(error.message, decision.error.message)
  assert.deepEqual(error.details, { required: 'pro', actual: 'free' })

  const foreign = JSON.parse(errorAnswer(new Error('SELECT secret'), 'request-2').body)
  assert.equal(foreign.error.code, 'internal')
  assert.ok(!JSON.stringify(foreign).includes('SELECT'))
})
