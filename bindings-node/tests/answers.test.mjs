// What needs no waiting is answered at once, without the runtime's threads.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { inspect } from 'node:util'
import { Casier } from 'casier'
import { startStack } from './stack.mjs'

const stack = await startStack()
after(() => stack.stop())
const limit = { timeout: 30_000 }

/** Whether a promise is settled when the call returns, before anything else could run. */
const settled = (promise) => !inspect(promise).includes('<pending>')

test('a token is verified here when the keys are known', limit, async () => {
  const app = new Casier(stack.settings())
  const token = await stack.mint('user_1')
  const cold = app.authenticate(token)
  assert.equal(settled(cold), false)
  await cold
  const warm = app.authenticate(token)
  assert.equal(settled(warm), true)
  assert.equal((await warm).user.userId, 'user_1')
  const refused = app.authenticate('x')
  assert.equal(settled(refused), true)
  await assert.rejects(refused, { code: 'token-invalid' })
  const request = app.authenticateRequest('GET', { authorization: `Bearer ${token}` })
  assert.equal(settled(request), true)
  await request
})

test('links are signed here', limit, async () => {
  const files = new Casier(stack.settings()).storageFor('user_1')
  const key = `${files.scope.prefix}books/a.pdf`
  await files.presignedUrl(key)
  const link = files.presignedUrl(key)
  assert.equal(settled(link), true)
  assert.equal((await link).expiresIn, 3600)
})

test('what reaches the store or hashes does not hold JavaScript up', limit, async () => {
  const files = new Casier(stack.settings()).storageFor('user_1')
  const upload = files.uploadFileObject(Buffer.alloc(1 << 20, 'a'), 'a.txt', 'file')
  assert.equal(settled(upload), false)
  const { key } = await upload
  const calls = [files.read(key), files.list(), files.exists(key), files.metadata(key)]
  assert.deepEqual(calls.map(settled), [false, false, false, false])
  await Promise.all(calls)
})
