// Temporary credentials, used by a Casier of their own.
import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { Casier, TemporaryCredentials } from 'casier'
import { fails } from './expect.mjs'
import { startStack } from './stack.mjs'

const stack = await startStack()
after(() => stack.stop())
const grants = { grantRoleArn: stack.environment.S3_GRANT_ROLE_ARN, stsEndpointUrl: stack.environment.STS_ENDPOINT_URL }
const app = new Casier(stack.settings(grants))
const limit = { timeout: 60_000 }
const TEXT = Buffer.from('# Été\n')

/** The files of another user for each test. */
let files
beforeEach(() => {
  files = app.storageFor(stack.newUser())
})

/** The storage of any user, with these keys and nothing else. */
function withKeys(keys, userId) {
  const { accessKeyId, secretAccessKey, sessionToken, bucket, region, endpoint } = keys
  const settings = { accessKeyId, secretAccessKey, sessionToken, bucket, region, endpointUrl: endpoint }
  return new Casier(stack.settings(settings)).storageFor(userId)
}

test('keys to read one scope', limit, async () => {
  const { key } = await files.uploadFileObject(TEXT, 'a.txt', 'file')
  const keys = await files.temporaryCredentials()
  assert.ok(keys instanceof TemporaryCredentials)
  assert.deepEqual([keys.bucket, keys.prefix], [files.bucket, files.scope.prefix])
  assert.deepEqual([keys.endpoint, keys.pathStyle], [stack.environment.S3_ENDPOINT_URL, true])
  assert.equal(keys.region, stack.environment.AWS_REGION)
  const left = (keys.expiresAt - Date.now()) / 1000
  assert.ok(left > 3500 && left <= 3610, `${left} s`)

  const own = withKeys(keys, files.scope.userId)
  assert.deepEqual(await own.read(key), TEXT)
  assert.deepEqual((await own.list()).items.map((file) => file.key), [key])
  await fails('storage-denied', own.uploadFileObject(TEXT, 'b.txt', 'file'))
  await fails('storage-denied', own.delete(key))
  const link = await own.presignedUrl(key, { expiresIn: 604_800 })
  assert.ok(link.expiresIn <= 604_800)
  assert.deepEqual(Buffer.from(await (await fetch(link.url)).arrayBuffer()), TEXT)

  const neighbour = `${files.scope.userId}0`
  const theirs = await app.storageFor(neighbour).uploadFileObject(TEXT, 'a.txt', 'file')
  const others = withKeys(keys, neighbour)
  await fails('storage-denied', others.read(theirs.key))
  await fails('storage-denied', others.list())
})

test('keys to write one scope', limit, async () => {
  const keys = await files.temporaryCredentials({ access: 'read-write', expiresIn: 900n })
  assert.ok((keys.expiresAt - Date.now()) / 1000 <= 910)
  const own = withKeys(keys, files.scope.userId)
  const { key } = await own.uploadFileObject(TEXT, 'a.txt', 'file')
  assert.deepEqual(await files.read(key), TEXT)
  await own.delete(key)
  assert.equal(await files.exists(key), false)
  const others = withKeys(keys, `${files.scope.userId}0`)
  await fails('storage-denied', others.uploadFileObject(TEXT, 'a.txt', 'file'))
})

test('what is refused', limit, async () => {
  const without = new Casier(stack.settings()).storageFor(files.scope.userId)
  const error = await fails('config-invalid', without.temporaryCredentials())
  assert.match(error.message, /S3_GRANT_ROLE_ARN/)
  for (const expiresIn of [0, 899, 43_201]) {
    await fails('invalid-request', files.temporaryCredentials({ expiresIn }))
  }
  for (const options of [{ access: 'write' }, { access: true }, { acces: 'read' }, { expiresIn: '900' }, 1]) {
    await assert.rejects(files.temporaryCredentials(options), TypeError)
  }
  const signal = AbortSignal.abort('too late')
  assert.equal((await fails('cancelled', files.temporaryCredentials({ signal }))).cause, 'too late')
})
