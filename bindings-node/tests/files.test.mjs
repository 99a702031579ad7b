// Files in, and the same bytes out.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, open, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { Casier, Link, UserStorage } from 'casier'
import { fails } from './expect.mjs'
import { startStack } from './stack.mjs'

const stack = await startStack()
after(() => stack.stop())
const app = new Casier(stack.settings())
const limit = { timeout: 60_000 }
const TEXT = Buffer.from('# Été\n')
const PDF = Buffer.from('%PDF-1.4\n')

let folder
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'casier-node-'))
})
after(() => rm(folder, { recursive: true }))

/** The files of a signed-in user of tier pro, another one for each test. */
let files
beforeEach(async () => {
  files = (await app.authenticate(await stack.mint(stack.newUser(), { tier: 'pro' }))).files()
})

test('there and back', limit, async () => {
  assert.ok(files instanceof UserStorage)
  const source = join(folder, 'Été à Paris.md')
  await writeFile(source, TEXT)
  const stored = await files.uploadFile(source, 'blog', { metadata: { place: 'Évreux 東京 🗼' } })
  assert.equal(stored.key, `${files.scope.prefix}blogs/Été à Paris.md`)
  assert.deepEqual([stored.filename, stored.kind, stored.size], ['Été à Paris.md', 'blog', TEXT.length])
  assert.equal(stored.lastModified, null)
  const read = await files.read(stored.key)
  assert.ok(Buffer.isBuffer(read))
  assert.deepEqual(read, TEXT)
  assert.equal(await files.exists(stored.key), true)

  const found = await files.metadata(stored.key)
  assert.deepEqual(found.metadata, { place: 'Évreux 東京 🗼' })
  assert.match(found.contentType, /^text\/markdown/)
  assert.ok(found.lastModified instanceof Date)
  assert.ok(Math.abs(found.lastModified - Date.now()) < 60_000)
  assert.equal(found.etag, stored.etag)

  const copy = join(folder, 'copy.md')
  assert.equal((await files.download(stored.key, copy)).key, stored.key)
  assert.deepEqual(await readFile(copy), TEXT)

  assert.equal(await files.delete(stored.key), undefined)
  await files.delete(stored.key)
  assert.equal(await files.exists(stored.key), false)
  await fails('file-not-found', files.metadata(stored.key))
  await fails('file-not-found', files.download(stored.key, join(folder, 'missing.md')))
  assert.deepEqual((await readdir(folder)).filter((name) => name.includes('missing')), [])
})

test('what is in memory', limit, async () => {
  const framed = Uint8Array.from([1, ...TEXT, 2])
  const forms = [TEXT, new Uint8Array(TEXT), Uint8Array.from(TEXT).buffer, framed.subarray(1, -1)]
  for (const data of forms) {
    const stored = await files.uploadFileObject(data, 'notes.md', 'blog')
    assert.deepEqual(await files.read(stored.key), TEXT)
  }
  const empty = await files.uploadFileObject(new Uint8Array(), 'empty.md', 'blog')
  assert.equal((await files.read(empty.key)).length, 0)
  for (const data of ['text', 5, null, undefined, {}, [1], new Uint16Array(2), new DataView(new ArrayBuffer(2))]) {
    await assert.rejects(files.uploadFileObject(data, 'no.md', 'blog'), TypeError)
  }
})

test('bytes may change while they are sent', limit, async () => {
  const data = Buffer.from(TEXT)
  const upload = files.uploadFileObject(data, 'notes.md', 'blog')
  data.fill(0)
  assert.deepEqual(await files.read((await upload).key), TEXT)
})

test('uploads say what they want', limit, async () => {
  await writeFile(join(folder, 'a.md'), TEXT)
  const named = await files.uploadFile(join(folder, 'a.md'), 'blog', { filename: 'b.md' })
  assert.equal(named.filename, 'b.md')
  await fails('file-exists', files.uploadFileObject(TEXT, 'b.md', 'blog', { overwrite: false }))
  const hidden = await files.uploadFileObject(TEXT, 'b.md', 'blog', { unguessable: true })
  assert.match(hidden.filename, /.+\.md$/)
  assert.notEqual(hidden.filename, 'b.md')
  const plain = await files.uploadFileObject(TEXT, 'c.txt', 'document', { contentType: 'text/plain' })
  assert.match((await files.metadata(plain.key)).contentType, /^text\/plain/)
  await fails('invalid-kind', files.uploadFileObject(TEXT, 'a.md', 'no such kind'))
  await fails('invalid-filename', files.uploadFileObject(TEXT, '..', 'blog'))
  await fails('content-mismatch', files.uploadFileObject(TEXT, 'a.png', 'image'))
  await fails('type-not-allowed', files.uploadFileObject(TEXT, 'a.mp4', 'image'))
  await fails('invalid-request', files.uploadFileObject(TEXT, 'a.md', 'blog', { metadata: { 'A B': 'c' } }))
  const long = { metadata: { a: 'b'.repeat(3000) } }
  await fails('metadata-too-large', files.uploadFileObject(TEXT, 'a.md', 'blog', long))
  await fails('io-failed', files.uploadFile(join(folder, 'nothing.md'), 'blog'))
})

test('a big file goes from disk to disk while JavaScript runs on', limit, async () => {
  const source = join(folder, 'big.bin')
  const handle = await open(source, 'w')
  const piece = Buffer.alloc(1 << 20)
  for (let number = 0; number < 48; number++) {
    piece.fill(number)
    await handle.write(piece)
  }
  await handle.close()
  let turns = 0
  const turning = setInterval(() => turns++, 1)
  const stored = await files.uploadFile(source, 'file')
  assert.equal(stored.size, 48 << 20)
  assert.ok(turns > 0)
  const copy = join(folder, 'big.copy')
  await files.download(stored.key, copy)
  clearInterval(turning)
  assert.equal(await sha256(copy), await sha256(source))
})

async function sha256(path) {
  const hash = createHash('sha256')
  for await (const piece of createReadStream(path)) {
    hash.update(piece)
  }
  return hash.digest('hex')
}

test('pages', limit, async () => {
  for (let number = 0; number < 5; number++) {
    await files.uploadFileObject(TEXT, `${number}.md`, 'blog', { metadata: { number: String(number) } })
  }
  await files.uploadFileObject(PDF, 'a.pdf', 'document')
  assert.equal((await files.list()).items.length, 6)
  assert.equal((await files.list(null, {})).items[0].contentType, null)
  const numbers = []
  let cursor = null
  do {
    const page = await files.list('blog', { limit: 2n, cursor, withMetadata: true })
    assert.ok(page.items.length <= 2)
    assert.equal(page.skipped, 0)
    numbers.push(...page.items.map((file) => file.metadata.number))
    cursor = page.nextCursor
  } while (cursor !== null)
  assert.deepEqual(numbers, ['0', '1', '2', '3', '4'])
  for (const bad of [0, -1, 1001, 1e30, 10n ** 30n, -(10n ** 30n)]) {
    await fails('invalid-request', files.list(null, { limit: bad }))
  }
  await fails('invalid-cursor', files.list(null, { cursor: 'nonsense' }))
  await fails('invalid-kind', files.list('no such kind'))
})

test('reads are bounded', limit, async () => {
  const { key } = await files.uploadFileObject(TEXT, 'a.md', 'blog')
  assert.deepEqual(await files.read(key, { limit: TEXT.length }), TEXT)
  await fails('file-too-large', files.read(key, { limit: TEXT.length - 1 }))
})

test('links', limit, async () => {
  const { key } = await files.uploadFileObject(PDF, 'a.pdf', 'document')
  const link = await files.presignedUrl(key, { expiresIn: 60, downloadAs: "Rapport d'août.pdf" })
  assert.ok(link instanceof Link)
  assert.equal(link.expiresIn, 60)
  assert.ok(link.expiresAt > new Date() && link.expiresAt <= new Date(Date.now() + 60_000))
  const answer = await fetch(link.url)
  assert.match(answer.headers.get('content-disposition'), /^attachment/)
  assert.deepEqual(Buffer.from(await answer.arrayBuffer()), PDF)
  assert.equal((await fetch(link.url.replace('a.pdf', 'b.pdf'))).status, 403)
  assert.equal((await files.presignedUrl(key, { expiresIn: 7 * 86400 })).expiresIn, 86400)
  for (const expiresIn of [0, -1, 604801, 10n ** 30n]) {
    await fails('invalid-request', files.presignedUrl(key, { expiresIn }))
  }
})

test("nobody else's", limit, async () => {
  const { key } = await files.uploadFileObject(TEXT, 'a.md', 'blog')
  const other = app.storageFor(`${files.scope.userId}0`)
  const stolen = join(folder, 'stolen')
  await fails('not-owner', other.read(key))
  await fails('not-owner', other.metadata(key))
  await fails('not-owner', other.exists(key))
  await fails('not-owner', other.delete(key))
  await fails('not-owner', other.deleteMany([key]))
  await fails('not-owner', other.download(key, stolen))
  await fails('not-owner', other.presignedUrl(key))
  await fails('invalid-key', other.read(`${other.scope.prefix}../${key}`))
  assert.ok(!(await readdir(folder)).includes('stolen'))
  assert.deepEqual((await other.list()).items, [])
  assert.equal(await files.exists(key), true)
})

test('trusted code reaches the same files', limit, async () => {
  const { key } = await files.uploadFileObject(TEXT, 'a.md', 'blog')
  const trusted = app.storageFor(files.scope.userId)
  assert.deepEqual(await trusted.read(key), TEXT)
  assert.deepEqual((await trusted.list()).items, (await files.list()).items)
  await fails('invalid-user-id', () => app.storageFor(''))
})

test('many are deleted at once', limit, async () => {
  const keys = []
  for (const name of ['a.md', 'b.md', 'c.md']) {
    keys.push((await files.uploadFileObject(TEXT, name, 'blog')).key)
  }
  const gone = [keys[0], `${files.scope.prefix}blogs/never.md`, keys[2]]
  assert.deepEqual(await files.deleteMany(gone), gone.map((key) => ({ key, error: null })))
  assert.deepEqual((await files.list()).items.map(({ key }) => key), [keys[1]])
})

test('a store that refuses us or is not there', limit, async () => {
  const denied = new Casier(stack.settings({ secretAccessKey: 'wrong' })).storageFor('user_1')
  const refused = await fails('storage-denied', denied.list())
  assert.equal(refused.retryable, false)
  assert.ok(!refused.message.includes('wrong'))
  const gone = new Casier(stack.settings({ endpointUrl: 'http://127.0.0.1:9' })).storageFor('user_1')
  assert.equal((await fails('storage-unavailable', gone.list())).retryable, true)
  const [deletion] = await denied.deleteMany([`${denied.scope.prefix}blogs/a.md`])
  assert.equal(deletion.error.code, 'storage-denied')
})
