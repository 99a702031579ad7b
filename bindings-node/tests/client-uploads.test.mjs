// Uploads whose parts a client sends straight to the store.
import assert from 'node:assert/strict'
import { after, afterEach, beforeEach, test } from 'node:test'
import { BegunUpload, Casier, PartUrl } from 'casier'
import { fails } from './expect.mjs'
import { startStack } from './stack.mjs'

const stack = await startStack()
after(() => stack.stop())
const app = new Casier(stack.settings())
const limit = { timeout: 120_000 }
const MIB = 1 << 20
const TEXT = Buffer.from('# Été\n')
const LARGE = Buffer.alloc(20 * MIB, Uint8Array.from({ length: 251 }, (_, at) => at))

/** The files of another user for each test. */
let files
beforeEach(() => {
  files = app.storageFor(stack.newUser())
})
afterEach(async () => {
  await stack.faults('DELETE')
  const { failed } = await files.deleteAll()
  assert.deepEqual(failed, [])
})

/** Sends the part that an address is for. */
async function put({ url, headers, partNumber, size }, data, partSize) {
  const body = data.subarray((partNumber - 1) * partSize, (partNumber - 1) * partSize + size)
  return await fetch(url, { method: 'PUT', headers, body })
}

/** Sends these parts. */
async function send({ uploadId, partSize }, data, partNumbers) {
  for (const part of await files.partUrls(uploadId, partNumbers)) {
    assert.equal((await put(part, data, partSize)).status, 200)
  }
}

/** Nothing is there that the user could see or that waits to be completed. */
async function isEmpty() {
  assert.deepEqual((await files.list()).items, [])
  const { files: count, uploads } = await files.deleteAll()
  assert.deepEqual([count, uploads], [0, 0])
}

test('in parts', limit, async () => {
  const options = { metadata: { place: 'Évreux' }, tags: { a: 'b' } }
  const upload = await files.beginUpload('large.bin', 'file', LARGE.length, options)
  assert.ok(upload instanceof BegunUpload)
  assert.equal(upload.key, `${files.scope.prefix}files/large.bin`)
  assert.ok(upload.partSize >= 5 * MIB && upload.partCount === Math.ceil(LARGE.length / upload.partSize))
  assert.ok(upload.expiresAt > new Date())
  const parts = await files.partUrls(upload.uploadId, [upload.partCount, 1])
  assert.deepEqual(parts.map(({ partNumber }) => partNumber), [upload.partCount, 1])
  for (const part of parts) {
    assert.ok(part instanceof PartUrl)
    assert.equal(part.headers['content-length'], String(part.size))
    assert.ok(part.expiresAt > new Date() && part.expiresAt <= new Date(Date.now() + 900_000))
    assert.equal((await put(part, LARGE, upload.partSize)).status, 200)
  }

  const missing = await fails('upload-incomplete', files.completeUpload(upload.uploadId))
  assert.equal(missing.details.limit, LARGE.length)
  assert.ok(missing.details.used < LARGE.length)
  const state = await files.uploadState(upload.uploadId)
  assert.deepEqual(state.parts, [1, upload.partCount])
  const rest = Array.from({ length: upload.partCount }, (_, at) => at + 1).filter((part) => !state.parts.includes(part))
  await send(upload, LARGE, rest)
  const stored = await files.completeUpload(upload.uploadId)
  assert.deepEqual([stored.key, stored.size, stored.metadata], [upload.key, LARGE.length, { place: 'Évreux' }])
  assert.deepEqual(await files.read(upload.key), LARGE)
  assert.deepEqual(await files.tags(upload.key), { a: 'b' })
  const again = await files.completeUpload(upload.uploadId)
  assert.deepEqual([again.key, again.etag], [stored.key, stored.etag])
  for (const used of parts) {
    assert.equal((await put(used, LARGE, upload.partSize)).ok, false)
  }
  assert.deepEqual(await files.read(upload.key), LARGE)
})

test('by two servers that share a secret', limit, async () => {
  const settings = stack.settings({ secret: stack.environment.CASIER_SECRET })
  const [here, there] = [0, 1].map(() => new Casier(settings).storageFor(files.scope.userId))
  const upload = await here.beginUpload('a.txt', 'file', TEXT.length)
  const [part] = await there.partUrls(upload.uploadId, [1])
  assert.equal((await put(part, TEXT, upload.partSize)).status, 200)
  assert.equal((await there.completeUpload(upload.uploadId)).key, upload.key)
  await fails('upload-not-found', files.partUrls(upload.uploadId, [1]))
})

test('an empty file has no parts', limit, async () => {
  const { uploadId, partCount } = await files.beginUpload('empty.txt', 'file', 0)
  assert.equal(partCount, 0)
  await fails('invalid-request', files.partUrls(uploadId, [1]))
  const { key, size } = await files.completeUpload(uploadId)
  assert.equal(size, 0)
  assert.equal((await files.read(key)).length, 0)
})

test('a part is of its exact length', limit, async () => {
  const { uploadId } = await files.beginUpload('a.txt', 'file', TEXT.length)
  const [{ url }] = await files.partUrls(uploadId, [1])
  for (const body of [TEXT.subarray(1), Buffer.concat([TEXT, TEXT])]) {
    assert.equal((await fetch(url, { method: 'PUT', body })).status, 403)
  }
  assert.equal((await fetch(url.replace('partNumber=1', 'partNumber=2'), { method: 'PUT', body: TEXT })).status, 403)
  await files.abortUpload(uploadId)
  assert.equal((await fetch(url, { method: 'PUT', body: TEXT })).ok, false)
  await fails('upload-not-found', files.completeUpload(uploadId))
  await isEmpty()
})

test('a file stays until what replaces it has been looked at', limit, async () => {
  const { key } = await files.uploadFileObject(Buffer.from('%PDF-1.4\n'), 'a.pdf', 'document')
  const replace = async (data) => {
    const upload = await files.beginUpload('a.pdf', 'document', data.length)
    await send(upload, data, [1])
    return await files.completeUpload(upload.uploadId)
  }
  await fails('content-mismatch', replace(TEXT))
  assert.deepEqual(await files.read(key), Buffer.from('%PDF-1.4\n'))
  assert.equal((await replace(Buffer.from('%PDF-2.0\n'))).key, key)
  assert.deepEqual(await files.read(key), Buffer.from('%PDF-2.0\n'))
  await fails('file-exists', files.beginUpload('a.pdf', 'document', 6, { overwrite: false }))
  const left = await files.deleteAll()
  assert.deepEqual([left.files, left.uploads], [1, 0])
})

test('a file that has come meanwhile stays', limit, async () => {
  const upload = await files.beginUpload('a.txt', 'file', TEXT.length)
  await send(upload, TEXT, [1])
  const { key } = await files.uploadFileObject(Buffer.from('other'), 'a.txt', 'file')
  await fails('conflict', files.completeUpload(upload.uploadId))
  assert.deepEqual(await files.read(key), Buffer.from('other'))
})

test('what is refused', limit, async () => {
  await fails('invalid-kind', files.beginUpload('a.txt', 'No', 1))
  await fails('invalid-filename', files.beginUpload('..', 'file', 1))
  await fails('type-not-allowed', files.beginUpload('a.mp4', 'image', 1))
  await fails('file-too-large', files.beginUpload('a.txt', 'file', 10n ** 18n))
  await fails('invalid-request', files.beginUpload('a.txt', 'file', 1, { metadata: { 'A B': 'c' } }))
  for (const wrong of [-1, -(2n ** 70n), 1.5, '1', null]) {
    await assert.rejects(files.beginUpload('a.txt', 'file', wrong), TypeError)
  }
  await assert.rejects(files.beginUpload('a.txt', 'file', 1, { sha256: new Uint8Array(32) }), TypeError)

  const { uploadId } = await files.beginUpload('a.txt', 'file', TEXT.length)
  for (const numbers of [[], [0], [-1], [2], [2 ** 40], [1, 1], Array(1001).fill(1)]) {
    await fails('invalid-request', files.partUrls(uploadId, numbers))
  }
  for (const numbers of [1, null, ['1'], [1.5], [NaN], { 0: 1 }]) {
    await assert.rejects(files.partUrls(uploadId, numbers), TypeError)
  }
  const other = app.storageFor(`${files.scope.userId}0`)
  for (const [whose, id] of [[other, uploadId], [files, `${uploadId}x`], [files, 'x'], [files, '']]) {
    await fails('upload-not-found', whose.partUrls(id, [1]))
    await fails('upload-not-found', whose.completeUpload(id))
  }
  const gone = { signal: AbortSignal.abort('too late') }
  for (const call of [
    () => files.beginUpload('a.txt', 'file', 1, gone),
    () => files.partUrls(uploadId, [1], gone),
    () => files.completeUpload(uploadId, gone),
  ]) {
    assert.equal((await fails('cancelled', call)).cause, 'too late')
  }
  await files.abortUpload(uploadId)
  await isEmpty()
})

test('a completion that is given up', limit, async () => {
  const upload = await files.beginUpload('a.txt', 'file', TEXT.length)
  await send(upload, TEXT, [1])
  const rule = { operation: 'CompleteMultipartUpload', after_bytes: 10, times: 1 }
  await stack.inject('stall-answer', rule)
  const giveUp = new AbortController()
  const completing = files.completeUpload(upload.uploadId, { signal: giveUp.signal })
  setTimeout(() => giveUp.abort(), 100)
  await fails('cancelled', completing)
  await stack.faults('DELETE')
  const stored = await files.completeUpload(upload.uploadId)
  assert.deepEqual(await files.read(stored.key), TEXT)
})
