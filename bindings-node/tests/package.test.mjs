// The package from both module systems, and its types.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import * as imported from 'casier'
import * as http from 'casier/http'

const require = createRequire(import.meta.url)

test('both module systems get the same classes', { timeout: 30_000 }, () => {
  const required = require('casier')
  const names = Object.keys(required)
  assert.ok(names.length > 10)
  for (const name of names) {
    assert.equal(imported[name], required[name], name)
  }
  assert.equal(http.HttpApi, require('casier/http').HttpApi)
  assert.equal(imported.VERSION, require('casier/package.json').version)
})

test('what is for browsers is one file that imports nothing', { timeout: 30_000 }, async () => {
  const file = fileURLToPath(import.meta.resolve('casier/uploads'))
  const script = await readFile(file, 'utf8')
  assert.doesNotMatch(script, /\b(import|require)\b[ ({"']|\bprocess\b|#native/)
  const flask = new URL('../../bindings-python/python/casier/flask/uploads.js', import.meta.url)
  assert.equal(await readFile(flask, 'utf8'), script, 'generate the script of the Python package again')
})

for (const folder of ['types', 'types/browser']) {
  test(`the types fit how the package is used: ${folder}`, { timeout: 120_000 }, async () => {
    const compiler = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url))
    const project = fileURLToPath(new URL(folder, import.meta.url))
    const run = promisify(execFile)(process.execPath, [compiler, '-p', project], { timeout: 110_000 })
    const { stdout } = await run.catch((error) => error)
    assert.equal(stdout, '')
  })
}
