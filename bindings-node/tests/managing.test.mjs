// Listing, copying, moving, deleting and counting.
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { after, afterEach, beforeEach, test } from 'node:test'
import { inspect } from 'node:util'
import { Casier, FileList } from 'casier'
import { fails } from './expect.mjs'
import { startStack } from './stack.mjs'

const stack = await startStack()
after(() => stack.stop())
const app = new Casier(stack.settings())
const limit = { timeout: 60_000 }
const TEXT = Buffer.from('# Hello\n')
const PDF = Buffer.from('%PDF-1.4\n')

/** Five articles and a document, of another user for each test. */
let files, keys
beforeEach(async () => {
  files = app.storageFor(stack.newUser())
  keys = []
  for (let number = 0; number < 5; number++) {
    const metadata = { number: String(number) }
    keys.push((await files.uploadFileObject(TEXT, `Été ${number}.md`, 'blog', { metadata })).key)
  }
  keys.push((await files.uploadFileObject(PDF, 'a.pdf', 'document')).key)
})
afterEach(async () => {
  await stack.faults('DELETE')
})

async function collect(iterable) {
  const all = []
  for await (const item of iterable) {
    all.push(item)
  }
  return all
}

test('everything is listed', limit, async () => {
  const articles = await collect(files.listAll('blog', { limit: 2 }))
  assert.deepEqual(articles.map(({ key }) => key), keys.slice(0, 5))
  assert.deepEqual(articles, (await files.list('blog')).items)
  const list = files.listAll(null, { withMetadata: true })
  assert.ok(list instanceof FileList)
  const numbers = (await collect(list)).map(({ metadata }) => metadata.number)
  assert.deepEqual(numbers, ['0', '1', '2', '3', '4', undefined])
  assert.equal(list.skipped, 0)
  assert.equal(inspect(list), 'FileList { skipped: 0 }')
  assert.deepEqual(await collect(list), [])
  assert.equal((await collect(Readable.from(files.listAll()))).length, 6)
  const { nextCursor: cursor } = await files.list(null, { limit: 1 })
  assert.equal((await collect(files.listAll(undefined, { cursor }))).length, 5)
})

test('a listing ends with its loop, an error and its signal', limit, async () => {
  const list = files.listAll(null, { limit: 2 })
  for await (const { key } of list) {
    assert.equal(key, keys[0])
    break
  }
  assert.deepEqual(await list.next(), { done: true, value: undefined })
  assert.deepEqual(await list.return(), { done: true, value: undefined })

  const refused = files.listAll('no such kind')
  await fails('invalid-kind', refused.next())
  assert.deepEqual(await refused.next(), { done: true, value: undefined })
  await fails('invalid-cursor', collect(files.listAll(null, { cursor: 'nonsense' })))

  const giveUp = new AbortController()
  const watched = files.listAll(null, { limit: 1, signal: giveUp.signal })
  assert.equal((await watched.next()).value.key, keys[0])
  giveUp.abort('enough')
  assert.equal((await fails('cancelled', watched.next())).cause, 'enough')
  assert.deepEqual(await watched.next(), { done: true, value: undefined })

  await stack.inject('unavailable', { operation: 'ListObjectsV2' })
  await fails('storage-unavailable', collect(files.listAll()))
})

test('names are searched', limit, async () => {
  for (const [search, found] of [['e\u0301TE\u0301', 5], ['3.md', 1], ['pdf', 1], ['zzz', 0]]) {
    assert.equal((await collect(files.listAll(null, { search }))).length, found, search)
    assert.equal((await files.list(null, { search })).items.length, found)
  }
})

test('the newest', limit, async () => {
  assert.equal((await files.newest(3)).length, 3)
  assert.deepEqual((await files.newest(1000n, 'document')).map(({ key }) => key), [keys[5]])
  for (const count of [0, 1001, -1, 1e30]) {
    await fails('invalid-request', files.newest(count))
  }
  await fails('invalid-kind', files.newest(1, 'no such kind'))
})

test('copies', limit, async () => {
  const copy = await files.copy(keys[0], { filename: 'Copie.md' })
  assert.deepEqual([copy.filename, copy.kind], ['Copie.md', 'blog'])
  assert.deepEqual(await files.read(copy.key), TEXT)
  assert.deepEqual((await files.metadata(copy.key)).metadata, { number: '0' })
  const other = await files.copy(keys[0], { kind: 'document', metadata: { a: 'b' }, unguessable: true })
  assert.deepEqual((await files.metadata(other.key)).metadata, { a: 'b' })
  await fails('file-exists', files.copy(keys[0], { filename: 'Copie.md', overwrite: false }))
  await fails('content-mismatch', files.copy(keys[0], { filename: 'a.png', kind: 'image' }))
  await fails('file-not-found', files.copy(`${keys[0]}x`, { filename: 'b.md' }))
  await fails('invalid-filename', files.copy(keys[0], { filename: '..' }))
  await assert.rejects(files.copy(keys[0], { name: 'b.md' }), TypeError)
})

test('moves', limit, async () => {
  const moved = await files.move(keys[0], { kind: 'document' })
  assert.deepEqual(await files.read(moved.key), TEXT)
  assert.equal(await files.exists(keys[0]), false)
  const renamed = await files.rename(moved.key, 'Nouveau nom.md')
  assert.equal(renamed.filename, 'Nouveau nom.md')
  assert.equal(await files.exists(moved.key), false)
  await fails('file-exists', files.rename(keys[1], 'Été 2.md', { overwrite: false }))
  await fails('file-not-found', files.rename(keys[0], 'b.md'))
  assert.equal((await files.usage()).files, 6)
})

test('more than one request of keys', limit, async () => {
  const missing = Array.from({ length: 1500 }, (_, number) => `${files.scope.prefix}files/${number}.txt`)
  const all = [...keys, ...missing]
  assert.deepEqual(await files.deleteMany(all), all.map((key) => ({ key, error: null })))
  assert.deepEqual(await collect(files.listAll()), [])
})

test('usage, and an empty scope', limit, async () => {
  const bytes = 5 * TEXT.length + PDF.length
  assert.deepEqual(await files.usage(), {
    files: 6,
    bytes,
    byKind: { blog: { files: 5, bytes: 5 * TEXT.length }, document: { files: 1, bytes: PDF.length } },
  })
  const neighbour = app.storageFor(`${files.scope.userId}0`)
  const kept = await neighbour.uploadFileObject(TEXT, 'kept.md', 'blog')
  const receipt = { files: 6, versions: 0, deleteMarkers: 0, uploads: 0, bytes, failed: [] }
  assert.deepEqual(await files.deleteAll(), receipt)
  assert.deepEqual(await files.deleteAll(), { ...receipt, files: 0, bytes: 0 })
  assert.deepEqual(await files.usage(), { files: 0, bytes: 0, byKind: {} })
  assert.deepEqual(await neighbour.read(kept.key), TEXT)
})

test('what cannot be deleted is told', limit, async () => {
  await stack.inject('unavailable', { operation: 'DeleteObjects' })
  const codes = (await files.deleteMany(keys)).map(({ error }) => error.code)
  assert.deepEqual(codes, Array(6).fill('storage-unavailable'))
  await stack.faults('DELETE')
  assert.equal((await files.usage()).files, 6)
})

test('tags', limit, async () => {
  const tags = { état: 'brouillon', ['__proto__']: 'a name like others' }
  const { key } = await files.uploadFileObject(TEXT, 'a.md', 'blog', { tags })
  assert.deepEqual(await files.tags(key), tags)
  await files.setTags(key, { a: 'b', c: '' })
  assert.deepEqual(await files.tags(key), { a: 'b', c: '' })
  await files.setTags(key, {})
  assert.deepEqual(await files.tags(key), {})
  const many = Object.fromEntries(Array.from({ length: 11 }, (_, number) => [`n${number}`, '']))
  await fails('invalid-request', files.setTags(key, many))
  await fails('file-not-found', files.tags(`${key}x`))
  for (const wrong of [null, 'a', ['a'], { a: 5 }]) {
    await assert.rejects(files.setTags(key, wrong), TypeError)
  }
})

test('a storage class', limit, async () => {
  const { key } = await files.uploadFileObject(TEXT, 'a.md', 'blog', { storageClass: 'GLACIER' })
  assert.equal((await files.metadata(key)).storageClass, 'GLACIER')
  await fails('file-archived', files.read(key))
  await fails('file-archived', files.stream(key))
})

test("nobody else's", limit, async () => {
  const other = app.storageFor(`${files.scope.userId}0`)
  for (const call of [
    () => other.copy(keys[0], { filename: 'b.md' }),
    () => other.move(keys[0], { filename: 'b.md' }),
    () => other.rename(keys[0], 'b.md'),
    () => other.tags(keys[0]),
    () => other.setTags(keys[0], {}),
    () => other.deleteMany([keys[0]]),
  ]) {
    await fails('not-owner', call)
  }
  assert.deepEqual(await collect(other.listAll()), [])
  assert.deepEqual(await files.read(keys[0]), TEXT)
})
