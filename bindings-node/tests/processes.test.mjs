// Processes and worker threads. Each story runs in a process of its own, under a time limit.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startStack } from './stack.mjs'

const stack = await startStack()
after(() => stack.stop())
const limit = { timeout: 60_000 }
const onLinux = { ...limit, skip: process.platform === 'linux' ? false : 'reads /proc' }

async function run(story, environment = stack.childEnvironment()) {
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', story],
    { cwd: fileURLToPath(new URL('.', import.meta.url)), env: environment, timeout: 50_000 },
  )
  return { stdout, stderr }
}

test('nothing is started before a call waits', onLinux, async () => {
  const token = await stack.mint('user_1')
  await run(`
    import assert from 'node:assert/strict'
    import { readFileSync, readdirSync } from 'node:fs'
    const names = () => readdirSync('/proc/self/task').map((id) => readFileSync('/proc/self/task/' + id + '/comm', 'utf8'))
    const ours = () => names().filter((name) => name.startsWith('casier')).length
    const { Casier } = await import('casier')
    const app = Casier.fromEnv()
    const files = app.storageFor('user_1')
    files.scope.key('book', 'a.pdf')
    assert.equal(ours(), 0)
    await app.authenticate('${token}')
    assert.ok(ours() > 0)
  `)
})

test('a call that waits keeps the process, one that has ended does not', limit, async () => {
  const { stdout } = await run(`
    import { Casier } from 'casier'
    const files = Casier.fromEnv().storageFor('user_1')
    files.list().then(({ items }) => console.log('listed', items.length))
  `)
  assert.match(stdout, /^listed 0/)
})

test('an audit hook keeps no process, and is told on its own thread', limit, async () => {
  const token = await stack.mint('user_1')
  const { stdout } = await run(`
    import { Worker } from 'node:worker_threads'
    import { Casier } from 'casier'
    const source = \`
      const { threadId, workerData } = require('node:worker_threads')
      const { Casier } = require('casier')
      const casier = Casier.fromEnv({ onAudit: ({ action }) => console.log(threadId === 0 ? 'elsewhere' : action) })
      casier.authenticate(workerData).then((session) => session.hasFeature('books'))
    \`
    const worker = new Worker(source, { eval: true, execArgv: [], workerData: '${token}' })
    await new Promise((resolve) => worker.once('exit', resolve))
    const casier = Casier.fromEnv({ onAudit: ({ action }) => console.log('main', action) })
    casier.authenticate('${token}').then((session) => session.hasRole('admin'))
  `)
  assert.equal(stdout, 'authenticate\nfeature\nmain authenticate\nmain role\n')
})

test('warnings are warnings of the process, once for each', limit, async () => {
  const story = `
    import { Casier } from 'casier'
    const seen = []
    process.on('warning', ({ name, message }) => seen.push([name, message]))
    Casier.fromEnv()
    setImmediate(() => console.log(JSON.stringify(seen)))
  `
  const { stdout, stderr } = await run(story, stack.childEnvironment({ NODE_NO_WARNINGS: '0' }))
  const [[name, message], ...others] = JSON.parse(stdout)
  assert.deepEqual([name, others], ['CasierWarning', []])
  assert.match(message, /CASIER_LOCAL/)
  assert.match(stderr, /CasierWarning: CASIER_LOCAL/)
})

const WORKER = `
  const { parentPort, workerData } = require('node:worker_threads')
  const { Casier, CasierError, setLogger } = require('casier')
  setLogger(null)
  const files = Casier.fromEnv().storageFor('user_worker_' + workerData)
  async function work() {
    for (let round = 0; round < 10; round++) {
      const data = Buffer.from('# ' + workerData + ' ' + round)
      const { key } = await files.uploadFileObject(data, round + '.md', 'blog')
      if (!data.equals(await files.read(key))) throw new Error('other bytes')
    }
    const error = await files.read('user_2/a').catch((error) => error)
    if (!(error instanceof CasierError)) throw new Error('another class')
    return (await files.list()).items.map(({ filename }) => filename)
  }
  work().then((names) => parentPort.postMessage(names))
`

// Attack 103.
test('worker threads work side by side', limit, async () => {
  await run(`
    import assert from 'node:assert/strict'
    import { once } from 'node:events'
    import { Worker } from 'node:worker_threads'
    const source = ${JSON.stringify(WORKER)}
    const workers = Array.from({ length: 4 }, (_, workerData) => new Worker(source, { eval: true, execArgv: [], workerData }))
    for (const [names] of await Promise.all(workers.map((worker) => once(worker, 'message')))) {
      assert.deepEqual(names, Array.from({ length: 10 }, (_, round) => round + '.md'))
    }
    const { Casier } = await import('casier')
    assert.equal((await Casier.fromEnv().storageFor('user_worker_0').list()).items.length, 10)
  `)
})

test('a worker that is ended in the middle of its calls takes nothing with it', limit, async () => {
  const { stdout } = await run(`
    import { Worker } from 'node:worker_threads'
    const source = \`
      const { parentPort } = require('node:worker_threads')
      const { Casier } = require('casier')
      const files = Casier.fromEnv().storageFor('user_1')
      const { signal } = new AbortController()
      const data = Buffer.alloc(4 << 20, 'a')
      for (let n = 0; n < 8; n++) files.uploadFileObject(data, n + '.txt', 'file', { signal })
      parentPort.postMessage('begun')
    \`
    for (let round = 0; round < 3; round++) {
      const worker = new Worker(source, { eval: true, execArgv: [] })
      await new Promise((resolve) => worker.once('message', resolve))
      await worker.terminate()
    }
    const { Casier } = await import('casier')
    const files = Casier.fromEnv().storageFor('user_2')
    const { key } = await files.uploadFileObject(Buffer.from('# a'), 'a.md', 'blog')
    console.log((await files.read(key)).toString())
  `)
  assert.equal(stdout, '# a\n')
})
