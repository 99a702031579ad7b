// Configuration by name and from the environment.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { settings } from '#native'
import { Casier, setLogger } from 'casier'
import { fails } from './expect.mjs'
import { startStack } from './stack.mjs'

const stack = await startStack()
after(() => stack.stop())
const limit = { timeout: 30_000 }
const issuer = 'https://clerk.example.com'
const SECRET = 'do-not-show-this-value'

const camelCase = (name) => name.replace(/_(.)/g, (_, letter) => letter.toUpperCase())
const names = settings().map(({ name }) => camelCase(name))

test('the typed settings are those of the core', limit, async () => {
  const header = await readFile(new URL('../native.header.d.ts', import.meta.url), 'utf8')
  const [, body] = /export interface Settings \{([^}]*)\}/.exec(header)
  const typed = [...body.matchAll(/^ {2}(\w+)\?:/gm)].map(([, name]) => name)
  assert.deepEqual(typed, names)
})

test('values that are empty or wrong are named and not shown', limit, async () => {
  for (const name of names) {
    for (const value of ['', ' ']) {
      const error = await fails('config-invalid', () => new Casier({ issuer, bucket: 'files', [name]: value }))
      assert.match(error.message.replace(/_(.)/g, (_, letter) => letter.toUpperCase()), new RegExp(name))
    }
    if (name === 'policy') {
      continue
    }
    try {
      new Casier({ issuer, bucket: 'files', [name]: `\n${SECRET}\0` })
    } catch (error) {
      assert.ok(!`${error} ${error.stack}`.includes(SECRET))
    }
  }
})

test('unknown settings and forms are refused', limit, async () => {
  for (const settings of [{ onAudt: 'files' }, { onAudt: () => {} }, { onAudt: {} }]) {
    const error = await fails('config-invalid', () => new Casier({ issuer, ...settings }))
    assert.equal(error.message, 'there is no setting `onAudt`')
  }
  for (const wrong of [undefined, null, 'issuer', [], { issuer, audience: {} }, { issuer, audience: [3] }]) {
    assert.throws(() => new Casier(wrong), TypeError)
  }
})

test('the environment counts where it is asked for, and only there', limit, async () => {
  process.env.CLERK_ISSUER = issuer
  try {
    await fails('config-invalid', () => new Casier({}))
    assert.ok(Casier.fromEnv() instanceof Casier)
    assert.ok(Casier.fromEnv(null) instanceof Casier)
    assert.equal(Casier.fromEnv({ bucket: 'files' }).storageFor('user_1').bucket, 'files')
    await fails('config-invalid', () => Casier.fromEnv({ issuer: 'ftp://elsewhere' }))
    assert.throws(() => Casier.fromEnv(3), TypeError)
    process.env.PRESIGNED_URL_EXPIRATION = '0'
    assert.match((await fails('config-invalid', () => Casier.fromEnv())).message, /PRESIGNED_URL_EXPIRATION/)
  } finally {
    delete process.env.CLERK_ISSUER
    delete process.env.PRESIGNED_URL_EXPIRATION
  }
})

test('values of every form', limit, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'casier-node-'))
  try {
    const policy = join(folder, 'policy.toml')
    await writeFile(policy, 'version = 1\ntiers = ["guest", "member"]\n')
    new Casier({
      issuer,
      bucket: 'files',
      policy,
      linkSeconds: 60,
      useSsl: false,
      local: false,
      region: null,
      accessKeyId: undefined,
      authorizedParties: ['https://a.example.com', 'https://b.example.com'],
      algorithms: 'RS256,ES256',
    })
  } finally {
    await rm(folder, { recursive: true })
  }
  const wrong = { issuer, authorizedParties: ['https://a.example.com', ''] }
  assert.match((await fails('config-invalid', () => new Casier(wrong))).message, /authorized_parties/)
})

test('files need a bucket', limit, async () => {
  const error = await fails('config-invalid', () => new Casier({ issuer }).storageFor('user_1'))
  assert.match(error.message, /S3_BUCKET_NAME/)
})

test('what Casier has to say goes to the logger', limit, () => {
  const records = []
  try {
    setLogger((record) => records.push(record))
    new Casier(stack.settings())
    setLogger(() => {
      throw new Error('a logger that fails')
    })
    new Casier(stack.settings())
  } finally {
    setLogger(null)
  }
  assert.equal(records.length, 1)
  assert.equal(records[0].level, 'warn')
  assert.match(records[0].logger, /^casier(\.|$)/)
  assert.match(records[0].message, /CASIER_LOCAL/)
})
