// Bytes that move: streams, progress, ranges, what is given up and gone on with.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { getEventListeners, once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Casier, FileStream } from 'casier'
import { fails } from './expect.mjs'
import { startStack } from './stack.mjs'

const stack = await startStack()
after(() => stack.stop())
const app = new Casier(stack.settings())
const limit = { timeout: 120_000 }
const MIB = 1 << 20
const PART = 8 * MIB
const LARGE = Buffer.alloc(20 * MIB, Uint8Array.from({ length: 251 }, (_, at) => at))

let folder
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'casier-node-'))
  await writeFile(join(folder, 'large.bin'), LARGE)
})
after(() => rm(folder, { recursive: true }))

/** The files of another user for each test. */
let files
beforeEach(() => {
  files = app.storageFor(stack.newUser())
})

/** Nothing is left of any test: neither faults nor unfinished uploads. */
afterEach(async () => {
  await stack.faults('DELETE')
  await files.deleteAll()
})

function* pieces(data, size) {
  for (let at = 0; at < data.length; at += size) {
    yield data.subarray(at, at + size)
  }
}

async function* slowly(iterable) {
  for (const piece of iterable) {
    await setTimeout(1)
    yield piece
  }
}

async function collect(iterable) {
  const all = []
  for await (const piece of iterable) {
    all.push(piece)
  }
  return Buffer.concat(all)
}

/** Neither files nor uploads, finished or not. */
async function nothingIsLeft() {
  const { failed, ...counts } = await files.deleteAll()
  assert.deepEqual([failed, Object.values(counts)], [[], [0, 0, 0, 0, 0]])
}

const large = () => join(folder, 'large.bin')

test('streams and iterables of every kind', limit, async () => {
  const data = LARGE.subarray(0, 3 * MIB)
  const sources = [
    new Blob([data]),
    new File([data], 'a.bin'),
    new Blob([data]).stream(),
    new Response(data).body,
    Readable.from(pieces(data, 100_000)),
    Readable.from([data], { objectMode: false, highWaterMark: 5 }),
    Readable.from([data]).pipe(new PassThrough()),
    pieces(data, 700_000),
    slowly(pieces(data, 700_000)),
    [data.subarray(0, 5), new Uint8Array(), Uint8Array.from(data.subarray(5)).buffer],
    ReadableStream.from(slowly(pieces(data, 700_000))),
    { [Symbol.asyncIterator]: () => slowly([data]) },
  ]
  for (const [number, source] of sources.entries()) {
    const size = number % 2 === 0 ? data.length : undefined
    const stored = await files.uploadFileObject(source, 'a.bin', 'file', { size })
    assert.equal(stored.size, data.length)
    assert.ok(data.equals(await files.read(stored.key)), `source ${number}`)
  }
})

test('streams of every size', limit, async () => {
  for (const size of [0, 1, PART, 16 * MIB + 1, LARGE.length]) {
    const data = LARGE.subarray(0, size)
    for (const declared of [size, null]) {
      const stored = await files.uploadFileObject(pieces(data, 700_000), 'a.bin', 'file', { size: declared })
      assert.equal(stored.size, size)
      assert.ok(data.equals(await files.read(stored.key)))
    }
  }
})

test('a source is asked for no more than is sent', limit, async () => {
  await stack.inject('stall', { key_containing: files.scope.prefix })
  let asked = 0
  function* endless() {
    for (;;) {
      asked += 1
      yield LARGE.subarray(0, MIB)
    }
  }
  const giveUp = new AbortController()
  const upload = files.uploadFileObject(endless(), 'a.bin', 'file', { signal: giveUp.signal })
  upload.catch(() => {})
  for (let before; before !== asked; ) {
    before = asked
    await setTimeout(500)
  }
  assert.ok(asked < 100, `${asked} MiB`)
  giveUp.abort()
  await fails('cancelled', upload)
})

test('what a source throws comes through', limit, async () => {
  const broken = new Error('the disk is gone')
  async function* endsEarly() {
    yield LARGE.subarray(0, PART)
    yield LARGE.subarray(0, PART)
    throw broken
  }
  const stream = new Readable({ read: () => stream.destroy(broken) })
  const web = new ReadableStream({ pull: (controller) => controller.error(broken) })
  for (const source of [endsEarly(), stream, web]) {
    await assert.rejects(files.uploadFileObject(source, 'a.bin', 'file'), broken)
  }
  let ended = 0
  function* wrong(piece) {
    try {
      yield piece
    } finally {
      ended += 1
    }
  }
  for (const piece of ['text', 5, null, {}, new Uint16Array(2)]) {
    await assert.rejects(files.uploadFileObject(wrong(piece), 'a.bin', 'file'), TypeError)
  }
  await setTimeout(0)
  assert.equal(ended, 5)
  for (const source of ['text', 5, null, undefined, {}, () => {}, new Uint16Array(2)]) {
    await assert.rejects(files.uploadFileObject(source, 'a.bin', 'file'), TypeError)
  }
  const locked = new Blob(['a']).stream()
  locked.getReader()
  await assert.rejects(files.uploadFileObject(locked, 'a.bin', 'file'), TypeError)
  await nothingIsLeft()
})

test('a source that is not wanted any more is ended', limit, async () => {
  let ended
  const returned = new Promise((resolve) => (ended = resolve))
  async function* mine() {
    try {
      for (;;) {
        yield LARGE.subarray(0, MIB)
      }
    } finally {
      ended()
    }
  }
  await fails('invalid-request', files.uploadFileObject(mine(), 'a.bin', 'file', { size: 5 * MIB }))
  await returned

  // These wait for a piece that never comes.
  const stalled = new Readable({ read() {} })
  await fails('timeout', files.uploadFileObject(stalled, 'a.bin', 'file', { deadline: 0.2 }))
  assert.ok(stalled.destroyed)
  let cancelled
  const cancelling = new Promise((resolve) => (cancelled = resolve))
  const web = new ReadableStream({ cancel: () => cancelled() })
  await fails('invalid-kind', files.uploadFileObject(web, 'a.bin', 'no such kind'))
  await cancelling
  await nothingIsLeft()
})

test('a stream of another size', limit, async () => {
  for (const [data, size, code] of [
    [LARGE.subarray(0, 10), 11, 'upload-incomplete'],
    [LARGE.subarray(0, 10), 9n, 'invalid-request'],
    [LARGE, LARGE.length + 1, 'upload-incomplete'],
    [LARGE, LARGE.length - 1, 'invalid-request'],
  ]) {
    await fails(code, files.uploadFileObject(pieces(data, MIB), 'a.bin', 'file', { size }))
    await fails(code, files.uploadFileObject(data, 'a.bin', 'file', { size }))
  }
  await nothingIsLeft()
  // The tier takes 100 MiB, whatever the stream says of its length.
  const pro = (await app.authenticate(await stack.mint(files.scope.userId, { tier: 'pro' }))).files()
  const endless = { [Symbol.iterator]: () => ({ next: () => ({ done: false, value: LARGE }) }) }
  await fails('file-too-large', pro.uploadFileObject(endless, 'a.bin', 'file'))
  await nothingIsLeft()
})

test('progress', limit, async () => {
  let told = []
  const onProgress = (moved, total) => told.push([moved, total])
  const check = (...totals) => {
    const moved = told.map(([moved]) => moved)
    assert.deepEqual(moved, moved.toSorted((a, b) => a - b))
    assert.equal(moved.at(-1), LARGE.length)
    assert.ok(totals.includes(told.at(-1)[1]), `${told.at(-1)}`)
    const steps = told.length
    told = []
    return steps
  }
  const { key } = await files.uploadFile(large(), 'file', { onProgress })
  check(LARGE.length)
  await files.uploadFileObject(pieces(LARGE, MIB), 'b.bin', 'file', { onProgress })
  check(null, LARGE.length)
  await files.uploadFileObject(LARGE, 'c.bin', 'file', { onProgress })
  check(LARGE.length)
  await files.read(key, { onProgress })
  check(LARGE.length)
  await files.download(key, join(folder, 'b.bin'), { onProgress })
  check(LARGE.length)
  await collect(await files.stream(key, { onProgress }))
  assert.ok(check(LARGE.length) > 1)
})

test('progress is told while the transfer runs', limit, async () => {
  await stack.inject('stall', { operation: 'UploadPart', key_containing: files.scope.prefix, skip: 2 })
  const giveUp = new AbortController()
  const steps = []
  const onProgress = (moved) => {
    steps.push(moved)
    // The rest stalls: nobody else ends this.
    giveUp.abort()
  }
  await fails('cancelled', files.uploadFile(large(), 'file', { onProgress, signal: giveUp.signal }))
  assert.ok(steps[0] > 0 && steps.at(-1) < LARGE.length)
})

test('a hook that fails is warned of once and stops nothing', limit, async () => {
  const warnings = []
  const warn = (warning) => warnings.push(warning)
  process.on('warning', warn)
  try {
    const onProgress = () => {
      throw new Error('the bar is gone')
    }
    const onBegin = async () => {
      throw new Error('the list is gone')
    }
    const { key } = await files.uploadFile(large(), 'file', { onProgress, onBegin })
    assert.ok(LARGE.equals(await files.read(key, { onProgress })))
    await setTimeout(0)
  } finally {
    process.off('warning', warn)
  }
  assert.deepEqual(warnings.map(({ name }) => name), ['CasierWarning', 'CasierWarning'])
  assert.match(warnings.map(({ message, detail }) => message + detail).join(), /onBegin failed.*list is gone/s)
  assert.match(warnings.map(({ message, detail }) => message + detail).join(), /onProgress failed.*bar is gone/s)
})

test('hooks may call Casier', limit, async () => {
  const calls = []
  const onProgress = () => calls.push(files.exists(`${files.scope.prefix}files/large.bin`))
  await files.uploadFile(large(), 'file', { onProgress })
  assert.ok(calls.length > 0)
  await Promise.all(calls)
})

test('wrong options', limit, async () => {
  const { key } = await files.uploadFileObject(LARGE.subarray(0, 10), 'a.bin', 'file')
  for (const options of [
    { onProgress: 5 },
    { deadline: '3' },
    { deadline: NaN },
    { range: 5 },
    { range: {} },
    { range: { last: 1, start: 0 } },
    { range: { length: 1 } },
    { range: { begin: 1 } },
    { range: { start: 0.5 } },
    { range: { start: -5 } },
    { range: { last: -1 } },
    { ifMatch: 3 },
    { ifModifiedSince: 'yesterday' },
    { ifUnmodifiedSince: new Date(NaN) },
    { ifmatch: 'a' },
  ]) {
    await assert.rejects(files.read(key, options), TypeError, JSON.stringify(options))
    await assert.rejects(files.stream(key, options), TypeError, JSON.stringify(options))
  }
  await assert.rejects(files.download(key, join(folder, 'x'), { range: { start: 0 } }), TypeError)
  await assert.rejects(files.stream(key, { limit: 5 }), TypeError)
  await assert.rejects(files.uploadFileObject(LARGE, 'a.bin', 'file', { onBegin: () => {} }), TypeError)
  await assert.rejects(files.uploadFileObject(LARGE, 'a.bin', 'file', { size: 'all' }), TypeError)
  await assert.rejects(files.uploadFileObject(LARGE, 'a.bin', 'file', { size: -1 }), TypeError)
  await assert.rejects(files.uploadFileObject(LARGE, 'a.bin', 'file', { tags: { a: 1 } }), TypeError)
  assert.throws(() => files.listAll(null, { signal: 5 }), TypeError)
  assert.throws(() => files.listAll(null, { kind: 'blog' }), TypeError)
})

test('uploads are given up', limit, async () => {
  const giveUp = new AbortController()
  const onProgress = () => giveUp.abort('enough')
  const upload = files.uploadFile(large(), 'file', { onProgress, signal: giveUp.signal })
  assert.equal((await fails('cancelled', upload)).cause, 'enough')
  assert.deepEqual((await files.list()).items, [])
  for (let tries = 0; (await files.sweepUploads()).live > 0; tries++) {
    assert.ok(tries < 1000)
    await setTimeout(10)
  }
})

test('deadlines', limit, async () => {
  const { key } = await files.uploadFileObject(LARGE.subarray(0, 10), 'a.bin', 'file')
  await stack.inject('stall', { key_containing: files.scope.prefix })
  for (const deadline of [0, 0.2, -1]) {
    await fails('timeout', files.read(key, { deadline }))
  }
})

test('an upload goes on after a failure', limit, async () => {
  const begun = []
  const key_containing = files.scope.prefix
  await stack.inject('unavailable', { operation: 'UploadPart', key_containing, skip: 2 })
  const onBegin = (id) => begun.push(id)
  await fails('storage-unavailable', files.uploadFile(large(), 'file', { onBegin }))
  await stack.faults('DELETE')

  // Told before the promise was settled.
  const [id] = begun
  const state = await files.uploadState(id)
  assert.deepEqual([state.filename, state.kind, state.size], ['large.bin', 'file', LARGE.length])
  assert.deepEqual([state.partSize, state.partCount], [PART, 3])
  // A part that was on its way when another failed may have been given up.
  const missing = state.partCount - state.parts.length
  assert.ok(missing >= 1 && state.sent < state.size)
  assert.ok(state.expiresAt > new Date())
  assert.deepEqual(await files.sweepUploads(), { aborted: 0, live: 1 })

  const moved = []
  const stored = await files.resumeUpload(id, large(), { onProgress: (sent) => moved.push(sent) })
  assert.ok(LARGE.equals(await files.read(stored.key)))
  assert.equal(moved.at(-1), LARGE.length)
  assert.equal((await stack.faults('GET')).requests.UploadPart, missing)
  await files.abortUpload(id)
  assert.ok(await files.exists(stored.key))
  await fails('upload-not-found', files.uploadState('u1.forged'))
})

test('an upload is aborted', limit, async () => {
  const begun = []
  const key_containing = files.scope.prefix
  await stack.inject('unavailable', { operation: 'CompleteMultipartUpload', key_containing })
  const onBegin = (id) => begun.push(id)
  await fails('storage-unavailable', files.uploadFile(large(), 'file', { onBegin }))
  await stack.faults('DELETE')
  const other = app.storageFor(`${files.scope.userId}0`)
  await fails('upload-not-found', other.abortUpload(begun[0]))
  await files.abortUpload(begun[0])
  await fails('upload-not-found', files.resumeUpload(begun[0], large()))
  assert.equal((await app.sweepUploads()).aborted, 0)
  await nothingIsLeft()
})

test('ranges', limit, async () => {
  const { key } = await files.uploadFileObject(Buffer.from('0123456789'), 'a.txt', 'file')
  for (const [range, expected] of [
    [{ start: 0 }, '0123456789'],
    [{ start: 7, length: null }, '789'],
    [{ start: 2n, length: 3 }, '234'],
    [{ start: 8, length: 100 }, '89'],
    [{ last: 2 }, '89'],
  ]) {
    assert.equal(String(await files.read(key, { range })), expected)
    const stream = await files.stream(key, { range })
    assert.equal(stream.file.size, 10)
    const start = Number(expected[0])
    assert.deepEqual(stream.range, { start, end: start + expected.length })
    assert.equal(String(await collect(stream)), expected)
  }
  for (const range of [{ start: 10 }, { start: 0, length: 0 }, { last: 0 }]) {
    await fails('range-invalid', files.read(key, { range }))
  }
})

test('conditions', limit, async () => {
  const { key } = await files.uploadFileObject(Buffer.from('x'), 'a.txt', 'file')
  const { etag } = await files.metadata(key)
  const hour = 3_600_000
  for (const holds of [
    { ifMatch: etag },
    { ifNoneMatch: '0'.repeat(32) },
    { ifModifiedSince: new Date(Date.now() - hour) },
    { ifUnmodifiedSince: new Date(Date.now() + hour) },
  ]) {
    assert.equal(String(await files.read(key, holds)), 'x')
    assert.equal(String(await collect(await files.stream(key, holds))), 'x')
  }
  const target = join(folder, 'conditions')
  for (const broken of [
    { ifMatch: '0'.repeat(32) },
    { ifNoneMatch: etag },
    { ifUnmodifiedSince: new Date(Date.now() - hour) },
  ]) {
    await fails('precondition-failed', files.read(key, broken))
    await fails('precondition-failed', files.stream(key, broken))
    await fails('precondition-failed', files.download(key, target, broken))
  }
  assert.ok(!(await readdir(folder)).some((name) => name.includes('conditions')))
})

test('streams', limit, async () => {
  const { key } = await files.uploadFileObject(LARGE, 'a.bin', 'file')
  const stream = await files.stream(key)
  assert.ok(stream instanceof FileStream)
  assert.deepEqual([stream.file.key, stream.file.size, stream.range], [key, LARGE.length, { start: 0, end: LARGE.length }])
  for await (const piece of stream) {
    assert.ok(Buffer.isBuffer(piece) && LARGE.subarray(0, piece.length).equals(piece))
    break
  }
  assert.deepEqual(await stream.next(), { done: true, value: undefined })
  assert.equal((await collect(stream)).length, 0)

  assert.ok(LARGE.equals(await collect(await files.stream(key))))
  assert.ok(LARGE.equals(await collect(Readable.from(await files.stream(key)))))
  const response = new Response(ReadableStream.from(await files.stream(key)))
  assert.ok(LARGE.equals(Buffer.from(await response.arrayBuffer())))
  const copied = await files.uploadFileObject(await files.stream(key), 'b.bin', 'file', { size: LARGE.length })
  assert.ok(LARGE.equals(await files.read(copied.key)))
  await fails('file-not-found', files.stream(`${key}x`))
  await fails('not-owner', app.storageFor(`${files.scope.userId}0`).stream(key))
})

test('a stream that breaks off is taken up', limit, async () => {
  const { key } = await files.uploadFileObject(LARGE, 'a.bin', 'file')
  const key_containing = files.scope.prefix
  await stack.inject('cut-answer', { operation: 'GetObject', key_containing, after_bytes: PART, times: 1 })
  assert.ok(LARGE.equals(await collect(await files.stream(key))))
})

test('a stream ends by close, by its signal and by an error', limit, async () => {
  const { key } = await files.uploadFileObject(LARGE, 'a.bin', 'file')
  const key_containing = files.scope.prefix
  await stack.inject('stall-answer', { operation: 'GetObject', key_containing, after_bytes: MIB })
  const drain = async (stream) => {
    for await (const piece of stream) {
      assert.ok(piece.length > 0)
    }
  }
  const closed = await files.stream(key)
  const draining = drain(closed)
  await setTimeout(100)
  await closed.close()
  await draining

  const { signal } = new AbortController()
  const late = await files.stream(key, { deadline: 0.3, signal })
  await fails('timeout', drain(late))
  assert.deepEqual(await late.next(), { done: true, value: undefined })
  assert.equal(getEventListeners(signal, 'abort').length, 0)

  const giveUp = new AbortController()
  const stream = await files.stream(key, { signal: giveUp.signal })
  const draining2 = drain(stream)
  draining2.catch(() => {})
  await setTimeout(100)
  giveUp.abort('enough')
  assert.equal((await fails('cancelled', draining2)).cause, 'enough')

  const idle = new AbortController()
  const unread = await files.stream(key, { signal: idle.signal })
  idle.abort()
  await fails('cancelled', drain(unread))
  await drain(unread)
})

test('a process ends although a transfer has hooks, and waits for one that runs', limit, async () => {
  const script = `
    import { Casier } from 'casier'
    const files = Casier.fromEnv().storageFor(${JSON.stringify(files.scope.userId)})
    let told = 0
    files.uploadFile(process.argv[1], 'file', { onProgress: () => told++, onBegin: () => {} })
      .then(({ size }) => process.stdout.write(JSON.stringify([told > 0, size])))`
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, large()], {
    cwd: new URL('..', import.meta.url),
    env: stack.childEnvironment(),
    timeout: 60_000,
  })
  assert.deepEqual(JSON.parse((await run).stdout), [true, LARGE.length])
})

test('a worker that is terminated in the middle of a transfer takes nothing with it', limit, async () => {
  const { Worker } = await import('node:worker_threads')
  const source = `
    const { parentPort, workerData } = require('node:worker_threads')
    const { Casier, setLogger } = require(workerData.casier)
    setLogger(null)
    const files = new Casier(workerData.settings).storageFor(workerData.userId)
    const onProgress = () => parentPort.postMessage('moved')
    const piece = new Uint8Array(1 << 20)
    function* endless() { for (;;) yield piece }
    files.uploadFile(workerData.path, 'file', { onProgress })
    files.uploadFileObject(endless(), 'endless.bin', 'file')`
  // Where the worker's text stands, no package is near.
  const casier = createRequire(import.meta.url).resolve('casier')
  const workerData = { casier, settings: stack.settings(), userId: files.scope.userId, path: large() }
  for (let round = 0; round < 3; round++) {
    const worker = new Worker(source, { eval: true, workerData })
    await once(worker, 'message')
    await worker.terminate()
  }
  assert.ok(!(await files.exists(`${files.scope.prefix}files/endless.bin`)))
  assert.equal((await files.uploadFile(large(), 'file')).size, LARGE.length)
})

test('a download is whole or not there', limit, async () => {
  const { key } = await files.uploadFile(large(), 'file')
  const target = join(folder, 'copy.bin')
  await files.download(key, target, { deadline: 60 })
  assert.ok(LARGE.equals(await readFile(target)))
})
