import assert from 'node:assert/strict'
import { CasierError } from 'casier'

/** Expects a call, or a promise, to fail with this code, and gives the error. */
export async function fails(code, call) {
  const error = await (async () => (typeof call === 'function' ? call() : call))().then(
    () => assert.fail(`expected ${code}, but it was allowed`),
    (error) => error,
  )
  assert.ok(error instanceof CasierError, String(error))
  assert.equal(error.code, code, error.message)
  return error
}
