// What must never be shown is shown by no inspection, no JSON, no error and no log.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { inspect } from 'node:util'
import { Casier, setLogger, TokenVerifier } from 'casier'
import { fails } from './expect.mjs'
import { startStack } from './stack.mjs'

const stack = await startStack()
after(() => stack.stop())

test('nothing shows a secret', { timeout: 30_000 }, async () => {
  const records = []
  setLogger((record) => records.push(record))
  after(() => setLogger(null))
  const token = await stack.mint('user_1', { tier: 'pro', email: 'ada@example.com' })
  const secretKey = stack.environment.AWS_SECRET_ACCESS_KEY
  const app = new Casier(stack.settings())
  const session = await app.authenticate(token)
  const files = session.files()
  const stored = await files.uploadFileObject(Buffer.from('# a\n'), 'a.md', 'blog')
  const link = await files.presignedUrl(stored.key)
  const signature = new URL(link.url).searchParams.get('X-Amz-Signature')
  assert.equal(signature.length, 64)

  const verified = new TokenVerifier(stack.issuer, { jwks: await stack.jwks() }).verify(token)
  const things = [app, session, verified, files, files.scope, stored, await files.list(), link]
  const deep = { depth: Infinity, showHidden: true, getters: false }
  const shown = things.map((thing) => `${inspect(thing, deep)} ${thing}`)
  shown.push(inspect(session.user, deep), ...things.map((thing) => JSON.stringify(thing)))
  const bad = await stack.mint('user_1', { fault: 'tampered-signature' })
  for (const [code, call] of [
    ['token-invalid-signature', () => app.authenticate(bad)],
    ['token-invalid', () => app.authenticate(`${token}=`)],
    ['config-invalid', () => new Casier(stack.settings({ secretAccessKey: '' }))],
    ['config-invalid', () => new Casier(stack.settings({ secretKey: 'sk_test_abc', jwksUrl: 'nowhere' }))],
    ['not-owner', () => files.read('user_2/a.md')],
  ]) {
    const error = await fails(code, call)
    shown.push(`${inspect(error, deep)} ${error} ${error.stack}`)
  }
  shown.push(...records.map((record) => inspect(record)))
  const text = shown.join('\n')
  const [, , tokenSignature] = token.split('.')
  for (const secret of [token, bad, tokenSignature, secretKey, signature, 'sk_test_abc', 'ada@example.com']) {
    assert.ok(!text.includes(secret), `something shows ${secret.slice(0, 12)}…`)
  }
})
