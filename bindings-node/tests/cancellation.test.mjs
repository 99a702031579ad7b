// Calls that are given up: nothing is stored, nothing is left on disk, nobody goes on listening.
import assert from 'node:assert/strict'
import { getEventListeners, once, setMaxListeners } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { Casier } from 'casier'
import { fails } from './expect.mjs'
import { startStack } from './stack.mjs'

const stack = await startStack()
after(() => stack.stop())
const limit = { timeout: 60_000 }
const BYTES = Buffer.alloc(8 << 20, 'a')
const STALL_AT = 1 << 20

let folder
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'casier-node-'))
})
after(() => rm(folder, { recursive: true }))

/** A way to the store that goes silent once a megabyte has passed in one direction. */
async function stallingStore(t) {
  const { hostname, port } = new URL(stack.environment.S3_ENDPOINT_URL)
  const sockets = new Set()
  let stalled
  const stall = new Promise((resolve) => (stalled = resolve))
  const pass = (from, to) => {
    let passed = 0
    from.on('data', (piece) => {
      passed += piece.length
      if (passed > STALL_AT) {
        from.pause()
        stalled()
      } else {
        to.write(piece)
      }
    })
    from.on('close', () => to.destroy())
    from.on('error', () => to.destroy())
  }
  const server = createServer((near) => {
    const far = connect(port, hostname)
    sockets.add(near).add(far)
    pass(near, far)
    pass(far, near)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    sockets.forEach((socket) => socket.destroy())
    server.close()
  })
  const endpointUrl = `http://127.0.0.1:${server.address().port}`
  return { files: new Casier(stack.settings({ endpointUrl })).storageFor('user_1'), stall }
}

const direct = new Casier(stack.settings()).storageFor('user_1')

// Attack 105.
test('an upload from memory, half-way', limit, async (t) => {
  const { files, stall } = await stallingStore(t)
  const giveUp = new AbortController()
  const upload = files.uploadFileObject(BYTES, 'memory.txt', 'file', { signal: giveUp.signal })
  await stall
  giveUp.abort(new Error('changed my mind'))
  const error = await fails('cancelled', upload)
  assert.deepEqual([error.status, error.retryable, error.category], [499, false, 'other'])
  assert.equal(error.cause, giveUp.signal.reason)
  assert.equal(await direct.exists(`${direct.scope.prefix}files/memory.txt`), false)
})

// Attack 105.
test('an upload from disk, half-way', limit, async (t) => {
  const { files, stall } = await stallingStore(t)
  const source = join(folder, 'source.txt')
  await writeFile(source, BYTES)
  const giveUp = new AbortController()
  const upload = files.uploadFile(source, 'file', { signal: giveUp.signal })
  await stall
  giveUp.abort()
  assert.equal((await fails('cancelled', upload)).cause.name, 'AbortError')
  assert.equal(await direct.exists(`${direct.scope.prefix}files/source.txt`), false)
})

test('a download, half-way', limit, async (t) => {
  const { files, stall } = await stallingStore(t)
  const { key } = await direct.uploadFileObject(BYTES, 'stored.txt', 'file')
  const target = await mkdtemp(join(folder, 'target-'))
  const giveUp = new AbortController()
  const download = files.download(key, join(target, 'copy.txt'), { signal: giveUp.signal })
  download.catch(() => {})
  await stall
  while ((await readdir(target)).length === 0) {
    await setTimeout(10)
  }
  giveUp.abort('enough')
  assert.equal((await fails('cancelled', download)).cause, 'enough')
  assert.deepEqual(await readdir(target), [])
})

test('a signal with a time limit', limit, async (t) => {
  const { files } = await stallingStore(t)
  const signal = AbortSignal.timeout(100)
  const error = await fails('cancelled', files.uploadFileObject(BYTES, 'late.txt', 'file', { signal }))
  assert.equal(error.cause.name, 'TimeoutError')
})

test('a signal that is aborted already refuses at once', limit, async () => {
  const signal = AbortSignal.abort('too late')
  const app = new Casier(stack.settings())
  for (const call of [
    () => app.authenticate('x', { signal }),
    () => app.authenticateRequest('GET', {}, { signal }),
    () => direct.list(null, { signal }),
    () => direct.delete(`${direct.scope.prefix}files/stored.txt`, { signal }),
    () => direct.presignedUrl(`${direct.scope.prefix}files/stored.txt`, { signal }),
  ]) {
    assert.equal((await fails('cancelled', call)).cause, 'too late')
  }
})

test('a call that has ended no longer listens', limit, async () => {
  const { signal } = new AbortController()
  setMaxListeners(0, signal)
  const key = `${direct.scope.prefix}files/nothing.txt`
  const calls = Array.from({ length: 500 }, () => [
    direct.exists(key, { signal }),
    fails('not-owner', direct.read('user_2/files/a', { signal })),
    direct.presignedUrl(key, { signal }),
  ])
  assert.equal(getEventListeners(signal, 'abort').length, 1000)
  await Promise.all(calls.flat())
  assert.equal(getEventListeners(signal, 'abort').length, 0)
})

test('what is no signal', limit, async () => {
  for (const signal of ['now', 3, {}, () => {}, new EventTarget()]) {
    await assert.rejects(direct.list(null, { signal }), TypeError)
  }
  await direct.list(null, { signal: null })
  await direct.list(null, { signal: undefined })
})
