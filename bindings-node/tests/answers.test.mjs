// What needs no waiting is answered at once, without the runtime's threads.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, test } from 'node:test'
import { inspect } from 'node:util'
import { Casier, Link } from 'casier'
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
  const begun = await files.beginUpload('a.txt', 'file', 1)
  const calls = [
    files.presignedUrls([key, key]),
    files.presignedUpload('a.txt', 'file', 1),
    files.presignedPost('a.txt', 'file', { min: 0, max: 1 }),
    files.partUrls(begun.uploadId, [1]),
  ]
  assert.deepEqual(calls.map(settled), [true, true, true, true])
  await Promise.all([...calls, files.abortUpload(begun.uploadId)])
  const refused = files.presignedUrl('user_2/a.pdf')
  assert.equal(settled(refused), true)
  await assert.rejects(refused, { code: 'not-owner' })
})

test('links wait for keys that have to be fetched, and only then', limit, async () => {
  const server = createServer((_, answer) => {
    const Expiration = new Date(Date.now() + 3_600_000)
    answer.end(JSON.stringify({ AccessKeyId: 'a', SecretAccessKey: 'b', Token: 'c', Expiration }))
  })
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI = `http://127.0.0.1:${server.address().port}/`
  try {
    const cold = () => new Casier(stack.settings({ accessKeyId: null, secretAccessKey: null })).storageFor('user_1')
    const files = cold()
    const key = `${files.scope.prefix}files/a.txt`
    const calls = [files.presignedUrl(key), files.presignedUrls([key])]
    assert.deepEqual(calls.map(settled), [false, false])
    const [link, [other]] = await Promise.all(calls)
    assert.ok(link instanceof Link && other instanceof Link)
    assert.equal(settled(files.presignedUrl(key)), true)
    const giveUp = new AbortController()
    const given = cold().presignedUrl(key, { signal: giveUp.signal })
    giveUp.abort()
    await assert.rejects(given, { code: 'cancelled' })
  } finally {
    delete process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI
    server.close()
    server.closeAllConnections()
  }
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
