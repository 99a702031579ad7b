// The Node code of the README does what its comments say.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startStack } from './stack.mjs'

const stack = await startStack()
after(() => stack.stop())

test('the README prints what it says', { timeout: 30_000 }, async () => {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8')
  const [, code] = /^## Node$.*?^```js\n(.*?)^```$/ms.exec(readme)
  const token = await stack.mint('user_ada', { tier: 'pro' })
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', `const token = '${token}'\n${code}`],
    { cwd: fileURLToPath(new URL('.', import.meta.url)), env: stack.childEnvironment(), timeout: 25_000 },
  )
  const said = [...code.matchAll(/console\.log\(.*\);\s+\/\/ (.*)$/gm)].map(([, comment]) => comment)
  assert.ok(said.length >= 3)
  assert.deepEqual(stdout.trimEnd().split('\n'), said)
})
