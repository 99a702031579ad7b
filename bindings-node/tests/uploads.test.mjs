// casier/uploads, between a page and a server that are both played.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { CasierError, PAUSE, uploadFile } from 'casier/uploads'
import { catalogue } from '../native.js'
import { Drawer, failure, openPage, success, UploadServer } from './upload-page.mjs'

const BYTES = randomBytes(95)
const ALL = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]

describe('uploads from a page', { timeout: 120_000 }, () => {
  let network, server, storage, bars, phases

  before(() => {
    network = openPage()
  })

  beforeEach(async () => {
    server = new UploadServer()
    await server.start()
    network.arrived = []
    storage = new Drawer()
    bars = []
    phases = []
  })

  afterEach(async () => {
    network.restore()
    await server.stop()
    for (const bar of bars) {
      assert.deepEqual(bar, bar.toSorted((a, b) => a - b), 'the bar went backwards')
    }
  })

  /** The same file, chosen anew. */
  function film(bytes = BYTES, more = {}) {
    return new File([bytes], 'film é.txt', { type: 'text/plain', lastModified: 1_700_000_000_000, ...more })
  }

  function upload(file = film(), more = {}) {
    const bar = []
    bars.push(bar)
    return uploadFile(file, {
      baseUrl: server.baseUrl,
      kind: 'document',
      storage,
      onProgress: (sent, total) => bar.push(total === file.size ? sent : NaN),
      onPhase: (phase) => phases.push(phase),
      ...more,
    })
  }

  async function until(condition) {
    while (!condition()) {
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  const refused = (code, status, more = {}) => ({ name: 'CasierError', code, status, ...more })

  test('a file arrives whole, a few parts at a time, to addresses asked for shortly before', async () => {
    const stored = await upload(film(), { metadata: { title: 'Été' } })
    assert.deepEqual(stored, {
      key: 'user_1/documents/film é.txt',
      filename: 'film é.txt',
      kind: 'document',
      size: 95,
      contentType: 'text/plain',
      metadata: { title: 'Été' },
    })
    assert.deepEqual(server.only.stored, BYTES)
    assert.deepEqual(server.puts.toSorted((a, b) => a - b), ALL)
    assert.ok(server.most <= 4, `${server.most} parts at once`)
    assert.deepEqual([bars[0][0], bars[0].at(-1)], [0, 95])
    assert.deepEqual(phases, ['starting', 'sending', 'completing'])
    assert.equal(storage.size, 0, 'nothing is left to remember')
    const { wanted } = server.only
    assert.deepEqual(wanted, {
      filename: 'film é.txt',
      content_type: 'document',
      size: 95,
      mime_type: 'text/plain',
      metadata: { title: 'Été' },
    })
  })

  test('addresses are asked for a few parts ahead', async () => {
    await upload(film(randomBytes(400)), { parallel: 2 })
    const asked = server.log.filter((line) => line.startsWith('parts ')).map((line) => line.slice(6).split(','))
    assert.ok(asked.every((numbers) => numbers.length <= 8))
    assert.deepEqual(asked.flat().map(Number), Array.from({ length: 40 }, (_, at) => at + 1))
    assert.ok(server.most <= 2)
  })

  test('what the hooks of a page throw stops nothing', async () => {
    const hook = () => {
      throw new Error('of the page')
    }
    assert.equal((await upload(film(), { onProgress: hook, onPhase: hook })).size, 95)
  })

  test('a file without bytes is a file', async () => {
    assert.equal((await upload(film(''))).size, 0)
    assert.deepEqual(server.log, ['begin', 'complete'])
    assert.equal(server.only.stored.length, 0)
    assert.deepEqual(bars, [[0]])
  })

  test('a part that fails is sent again, and it alone', async () => {
    const failures = [500, 503, 'cut', 400, 404]
    server.fault = (what, _, part) => {
      const failing = what === 'put' && part === 3 ? failures.shift() : undefined
      return typeof failing === 'number' ? { status: failing } : failing
    }
    await upload()
    assert.deepEqual(server.only.stored, BYTES)
    assert.deepEqual(server.puts.toSorted((a, b) => a - b), [1, 2, 3, 3, 3, 3, 3, 3, 4, 5, 6, 7, 8, 9, 10])
    assert.ok(!phases.includes('waiting'))
  })

  test('a part that nobody answers is sent again', async () => {
    let silent = 1
    server.fault = (what, _, part) => (what === 'put' && part === 2 && silent-- > 0 ? 'silence' : undefined)
    await upload()
    assert.deepEqual(server.puts.filter((part) => part === 2).length, 2)
  })

  test('a connection that did not outlive the network is not waited for', async () => {
    server.fault = (what, _, part) => (what === 'put' && part === 2 ? 'silence' : undefined)
    const uploading = upload()
    await until(() => server.only?.parts.size === 9)
    server.fault = () => undefined
    network.waits = []
    network.restore()
    await uploading
    assert.ok(network.waits.includes(10_000), `${network.waits}`)
    assert.deepEqual(server.puts.filter((part) => part === 2).length, 2)
  })

  test('an address that has expired is replaced, and those of its age with it', async () => {
    server.fault = (what, _, __, address) => (what === 'put' && Number(address) <= 10 ? { status: 403 } : undefined)
    await upload()
    assert.deepEqual(server.only.stored, BYTES)
    assert.ok(server.puts.length <= 14, `${server.puts.length} parts sent`)
  })

  for (const isNoticed of [true, false]) {
    test(`while the network is away it waits, and goes on ${isNoticed ? 'when told' : 'by itself'}`, async () => {
      server.fault = (what, upload, part) => {
        if (what === 'put' && part === 6 && network.isUp && !server.wasCut) {
          server.wasCut = true
          network.cut()
          return 'cut'
        }
      }
      const uploading = upload()
      await until(() => phases.includes('waiting'))
      const before = [...network.arrived]
      network.restore({ isNoticed })
      await uploading
      assert.deepEqual(server.only.stored, BYTES)
      for (const part of before) {
        assert.equal(server.puts.filter((sent) => sent === part).length, 1, `part ${part} was there`)
      }
      assert.deepEqual(phases.slice(-3), ['waiting', 'sending', 'completing'])
    })
  }

  test('it begins when the network comes', async () => {
    network.cut()
    const uploading = upload()
    await until(() => phases.includes('waiting'))
    network.restore()
    assert.equal((await uploading).size, 95)
  })

  test('after a reload the same file goes on from what the store holds', async () => {
    server.fault = (what, _, part) => (what === 'put' && part > 5 ? 'silence' : undefined)
    const closed = new AbortController()
    const lost = upload(film(), { signal: closed.signal })
    await until(() => server.only?.parts.size === 5 && server.puts.length === 9)
    server.fault = () => undefined
    server.log.length = 0
    const stored = await upload()
    closed.abort(PAUSE)
    await assert.rejects(lost, refused('cancelled', 499))
    assert.equal(stored.size, 95)
    assert.deepEqual(server.only.stored, BYTES)
    assert.equal(server.log[0], 'state')
    assert.deepEqual(server.puts.toSorted((a, b) => a - b), [6, 7, 8, 9, 10])
    assert.equal(server.done('begin'), 0)
    assert.equal(storage.size, 0)
  })

  test('another file is another upload', async () => {
    const closed = new AbortController()
    server.fault = (what) => (what === 'put' ? 'silence' : undefined)
    const lost = upload(film(), { signal: closed.signal })
    await until(() => server.puts.length > 0)
    server.fault = () => undefined
    for (const [file, more] of [
      [film(BYTES, { lastModified: 1 }), {}],
      [film(BYTES.subarray(1)), {}],
      [film(), { kind: 'file' }],
      [film(), { filename: 'other.txt' }],
      [film(), { metadata: { a: 'b' } }],
      [film(), { overwrite: false }],
      [film(), { unguessable: true }],
      [film(), { storage: null }],
      [new Blob([BYTES], { type: 'text/plain' }), { filename: 'film é.txt' }],
    ]) {
      await upload(file, more)
    }
    assert.equal(server.done('begin'), 10)
    assert.equal(server.done('state'), 0)
    closed.abort(PAUSE)
    await assert.rejects(lost)
  })

  test('an upload that is no more is begun anew', async () => {
    await assert.rejects(upload(film(), { signal: pausing() }), refused('cancelled', 499))
    server.uploads.clear()
    await upload()
    assert.equal(server.only.stored.length, 95)
    assert.equal(server.done('begin'), 2)
    assert.equal(storage.size, 0)
  })

  test('an upload that ends while it is sent is told and forgotten', async () => {
    server.fault = (what) => (what === 'put' ? void server.uploads.clear() : undefined)
    await assert.rejects(upload(), refused('upload-not-found', 404, { retryable: false }))
    assert.equal(storage.size, 0)
  })

  test('an upload that another page completes meanwhile is done', async () => {
    server.fault = (what, found) => {
      if (what === 'put' && found.parts.size === 5) {
        found.stored = BYTES
        return { status: 404 }
      }
    }
    assert.equal((await upload()).size, 95)
    assert.equal(storage.size, 0)
  })

  test('what was completed unheard is not sent again', async () => {
    const closed = new AbortController()
    server.fault = (what) => {
      if (what === 'complete') {
        server.fault = () => undefined
        closed.abort(PAUSE)
      }
    }
    await assert.rejects(upload(film(), { signal: closed.signal }), refused('cancelled', 499))
    await until(() => server.only.stored)
    server.log.length = 0
    assert.equal((await upload()).size, 95)
    assert.deepEqual(server.log, ['complete'])
    assert.deepEqual(bars[1], [95])
    assert.equal(storage.size, 0)
  })

  test('a lost answer to the completion is asked for again', async () => {
    let lost = 2
    server.fault = (what, found) => {
      if (what === 'complete' && lost-- > 0) {
        return 'cut'
      }
    }
    await upload()
    assert.equal(server.done('complete'), 3)
  })

  test('parts that the store turns out to lack are sent again', async () => {
    server.fault = (what, found) => {
      if (what === 'complete' && server.done('complete') === 1) {
        found.parts.delete(2)
        found.parts.delete(10)
      }
    }
    await upload()
    assert.deepEqual(server.only.stored, BYTES)
    assert.deepEqual(server.puts.slice(10).toSorted((a, b) => a - b), [2, 10])

    server.fault = (what) => (what === 'complete' ? failure('upload-incomplete', 409) : undefined)
    await assert.rejects(upload(), refused('upload-incomplete', 409))
  })

  test('giving up aborts at the server, and forgets', async () => {
    const given = new AbortController()
    server.fault = (what, _, part) => (what === 'put' && part > 3 ? 'silence' : undefined)
    const uploading = upload(film(), { signal: given.signal })
    await until(() => server.only?.parts.size === 3 && server.puts.length === 7)
    const why = new Error('enough')
    given.abort(why)
    await assert.rejects(uploading, refused('cancelled', 499, { cause: why, retryable: false }))
    assert.equal(storage.size, 0)
    await until(() => server.uploads.size === 0)
  })

  test('what begins while it is given up is aborted as well', async () => {
    const given = new AbortController()
    server.fault = (what) => {
      if (what === 'begin') {
        given.abort()
        server.fault = () => undefined
      }
    }
    await assert.rejects(upload(film(), { signal: given.signal }), refused('cancelled', 499))
    await until(() => server.done('abort') === 1)
    assert.equal(server.uploads.size, 0)
  })

  test('a signal that is aborted already begins nothing, and gives up what is unfinished', async () => {
    await assert.rejects(upload(film(), { signal: AbortSignal.abort() }), refused('cancelled', 499))
    assert.deepEqual(server.log, [])
    await assert.rejects(upload(film(), { signal: pausing() }), refused('cancelled', 499))
    await assert.rejects(upload(film(), { signal: AbortSignal.abort() }), refused('cancelled', 499))
    await until(() => server.uploads.size === 0)
    assert.deepEqual([server.done('begin'), storage.size], [1, 0])
  })

  test('giving up while the network is away does not wait for it', async () => {
    const given = new AbortController()
    network.cut()
    const uploading = upload(film(), { signal: given.signal })
    await until(() => phases.includes('waiting'))
    given.abort()
    await assert.rejects(uploading, refused('cancelled', 499))
  })

  test('a pause keeps everything', async () => {
    await assert.rejects(upload(film(), { signal: pausing() }), refused('cancelled', 499, { cause: PAUSE }))
    assert.deepEqual([server.done('abort'), storage.size], [0, 1])
    const before = new Set(server.only.parts.keys())
    server.log.length = 0
    await upload()
    assert.deepEqual(server.only.stored, BYTES)
    assert.deepEqual(server.puts.filter((part) => before.has(part)), [])
  })

  test('what the server refuses is told with its code and facts', async () => {
    for (const [what, code, status, isKept] of [
      ['begin', 'quota-exceeded', 403, false],
      ['begin', 'type-not-allowed', 415, false],
      ['parts', 'storage-denied', 502, true],
      ['complete', 'content-mismatch', 415, false],
      ['complete', 'conflict', 409, true],
      ['complete', 'token-missing', 401, true],
    ]) {
      server.fault = (asked) => (asked === what ? failure(code, status, { limit: 3, used: 4 }) : undefined)
      storage.clear()
      const details = { limit: 3, used: 4 }
      await assert.rejects(upload(), refused(code, status, { retryable: code === 'conflict', details, message: 'Why.' }))
      assert.equal(storage.size === 1, isKept, code)
    }
  })

  test('a busy server is asked again', async () => {
    const faults = [
      failure('rate-limited', 429, { retry_after: 2 }),
      failure('storage-unavailable', 503),
      { status: 502, body: '<html>Bad gateway' },
    ]
    let tokens = 0
    const getToken = async () => `token ${(tokens += 1)}`
    server.fault = (what) => (what === 'parts' || what === 'complete' ? faults.shift() : undefined)
    await upload(film(), { getToken })
    faults.push(failure('token-expired', 401))
    await upload(film(), { getToken })
    assert.deepEqual(server.tokens, Array.from({ length: server.tokens.length }, (_, at) => `Bearer token ${at + 1}`))

    server.fault = (what) => (what === 'begin' ? failure('circuit-open', 503) : undefined)
    await assert.rejects(upload(), refused('circuit-open', 503, { retryable: true }))

    server.log.length = 0
    server.fault = () => failure('rate-limited', 429, { retry_after: 3600 })
    await assert.rejects(upload(), refused('rate-limited', 429, { details: { retryAfter: 3600 } }))
    assert.deepEqual(server.log, ['begin'])
  })

  test('a token that cannot be had is told', async () => {
    const cause = new Error('no session')
    await assert.rejects(upload(film(), { getToken: () => Promise.reject(cause) }), cause)
  })

  test('a store that takes nothing is told, and the upload can be gone on with', async () => {
    server.fault = (what) => (what === 'put' ? { status: 500 } : undefined)
    await assert.rejects(upload(), refused('storage-unavailable', 503, { retryable: true }))
    assert.equal(storage.size, 1)
    server.fault = () => undefined
    await upload()
    assert.equal(server.done('begin'), 1)
  })

  test('a file that cannot be read any more is told', async () => {
    const gone = film()
    gone.slice = () => ({ size: 10, slice: gone.slice, arrayBuffer: () => Promise.reject(new Error('gone')) })
    await assert.rejects(upload(gone), refused('io-failed', 500))
  })

  test('answers of something else are no success', async () => {
    const whole = { upload_id: 'u1.1', part_size: 10, part_count: 10, expires_at: '2099-01-01T00:00:00Z' }
    for (const [what, answer] of [
      ['begin', { status: 200, body: '<html>Please sign in' }],
      ['begin', { status: 200, body: '[]' }],
      ['begin', { status: 200, body: 'null' }],
      ['begin', { status: 404, body: '<html>Not found' }],
      ['begin', { status: 200, body: { success: false, error: { code: 'not-owner' } } }],
      ['begin', success(null)],
      ['begin', success({ ...whole, upload_id: '' })],
      ['begin', success({ ...whole, part_size: 0 })],
      ['begin', success({ ...whole, part_size: 1.5 })],
      ['begin', success({ ...whole, part_count: 9 })],
      ['begin', success({ ...whole, expires_at: 'never' })],
      ['parts', success({})],
      ['parts', success({ parts: [] })],
      ['parts', success({ parts: ALL.map((part_number) => ({ part_number, url: '', headers: {}, size: 10 })) })],
      ['parts', success({ parts: ALL.map((part_number) => ({ part_number, url: 'http://x', headers: {}, size: 9 })) })],
      ['complete', success({})],
    ]) {
      server.fault = (asked) => (asked === what ? answer : undefined)
      storage.clear()
      const error = await upload().then(assert.fail, (error) => error)
      assert.equal(error.code, 'internal', JSON.stringify(answer))
      assert.ok(error.status >= 400 && error instanceof CasierError)
    }
  })

  test('wrong arguments are TypeErrors', async () => {
    for (const [file, more] of [
      [new Blob([BYTES]), {}],
      [film(), { parallel: 0 }],
      [film(), { parallel: 17 }],
      [film(), { parallel: 1.5 }],
      [film(), { baseUrl: 'http://:1' }],
    ]) {
      await assert.rejects(upload(file, more), TypeError)
    }
    assert.deepEqual(server.log, [])
  })

  test('a storage that is full or forbidden stops nothing', async () => {
    const forbidden = new Proxy({}, { get: () => assert.fail('forbidden') })
    assert.equal((await upload(film(), { storage: forbidden })).size, 95)
  })

  test('what has expired is not remembered for ever', async () => {
    storage.setItem('casier-upload:old', JSON.stringify({ uploadId: 'u1.0', expiresAt: 1 }))
    storage.setItem('casier-upload:broken', '{')
    storage.setItem('theirs', '1')
    await upload()
    assert.deepEqual([...storage.keys()], ['theirs'])
  })

  test('what is retryable is so everywhere', () => {
    for (const { code, status, retryable } of catalogue()) {
      assert.equal(new CasierError(code, status, '').retryable, retryable, code)
    }
  })

  /** A signal that pauses once five parts are there. */
  function pausing() {
    const pause = new AbortController()
    server.fault = (what, found) => {
      if (what === 'put' && found.parts.size === 5) {
        server.fault = () => undefined
        pause.abort(PAUSE)
        return 'cut'
      }
    }
    return pause.signal
  }
})
