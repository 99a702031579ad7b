// The story of `examples/`: told in Node as in Rust, line for line.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { program, startStack } from './stack.mjs'

const stack = await startStack()
after(() => stack.stop())
const limit = { timeout: 60_000 }
const told = promisify(execFile)

// The example asks for `casier` by name, which resolves from inside the package.
const folder = await mkdtemp(fileURLToPath(new URL('story-', import.meta.url)))
after(() => rm(folder, { recursive: true }))
const story = join(folder, 'quickstart.mjs')
await copyFile(fileURLToPath(new URL('../../examples/node/quickstart.mjs', import.meta.url)), story)

async function lines(command, ...parameters) {
  const { stdout } = await told(command, parameters, { env: stack.childEnvironment(), timeout: 50_000 })
  return stdout.replaceAll(/(ada|ben)\d+/g, '$1').split('\n')
}

test('Node and Rust tell the same story', limit, async () => {
  const inNode = await lines(process.execPath, story)
  assert.equal(inNode.at(-2), 'The story ended as it should.')
  assert.deepEqual(inNode, await lines(join(dirname(program()), 'examples', 'quickstart')))
})

test('it says what it misses', limit, async () => {
  const error = await told(process.execPath, [story], { env: {}, timeout: 30_000 }).catch((error) => error)
  assert.equal(error.code, 1)
  assert.match(error.stderr, /^CASIER_LOCAL_MINT_URL is not set[^\n]*\n$/)
})
