// What must never be shown is shown by no inspection, no JSON, no error and no log.
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
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
  const { S3_GRANT_ROLE_ARN: grantRoleArn, STS_ENDPOINT_URL: stsEndpointUrl } = stack.environment
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const cloudfrontPrivateKey = privateKey.export({ type: 'pkcs8', format: 'pem' })
  const cloudfront = { cloudfrontDomain: 'cdn.example.com', cloudfrontKeyPairId: 'K1', cloudfrontPrivateKey }
  const app = new Casier(stack.settings({ grantRoleArn, stsEndpointUrl, ...cloudfront }))
  const session = await app.authenticate(token)
  const files = session.files()
  const stored = await files.uploadFileObject(Buffer.from('# a\n'), 'a.md', 'blog')
  const link = await files.presignedUrl(stored.key)
  const upload = await files.presignedUpload('a.txt', 'file', 1)
  const post = await files.presignedPost('a.txt', 'file', { min: 0, max: 1 })
  const begun = await files.beginUpload('a.txt', 'file', 1)
  const parts = await files.partUrls(begun.uploadId, [1])
  const keys = await files.temporaryCredentials()
  const [cdnLink, cookies] = [files.cdnUrl(stored.key), files.cdnCookies()]
  const signatures = [link, upload, ...parts].map(({ url }) => new URL(url).searchParams.get('X-Amz-Signature'))
  signatures.push(post.fields['x-amz-signature'])
  assert.deepEqual(signatures.map(({ length }) => length), [64, 64, 64, 64])
  const opening = [link, upload, post, begun, ...parts, keys, cdnLink, cookies]
  const secrets = [
    begun.uploadId,
    new URL(cdnLink.url).searchParams.get('Signature'),
    cookies.cookies['CloudFront-Signature'],
    keys.accessKeyId,
    keys.secretAccessKey,
    keys.sessionToken,
    cloudfrontPrivateKey.split('\n')[1],
    ...signatures,
  ]

  const verified = new TokenVerifier(stack.issuer, { jwks: await stack.jwks() }).verify(token)
  const things = [app, session, verified, files, files.scope, stored, await files.list(), ...opening, opening]
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
  for (const secret of [token, bad, tokenSignature, secretKey, ...secrets, 'sk_test_abc', 'ada@example.com']) {
    assert.ok(!text.includes(secret), `something shows ${secret.slice(0, 12)}…`)
  }
})
