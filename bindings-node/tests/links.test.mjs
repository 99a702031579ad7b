// What is signed here for others to send: links to read and to upload, forms, links and cookies for
// the CDN.
import assert from 'node:assert/strict'
import { createHash, createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { after, beforeEach, test } from 'node:test'
import { Casier, CdnCookies, Link, PresignedPost, PresignedUpload } from 'casier'
import { fails } from './expect.mjs'
import { startStack } from './stack.mjs'

const stack = await startStack()
after(() => stack.stop())
const app = new Casier(stack.settings())
const limit = { timeout: 60_000 }
const TEXT = Buffer.from('# Été\n')
const sha256 = (bytes) => createHash('sha256').update(bytes).digest()

/** The files of another user for each test. */
let files
beforeEach(() => {
  files = app.storageFor(stack.newUser())
})

const keyOf = (name, kind = 'file') => `${files.scope.prefix}${kind}s/${name}`

const isWithin = (date, seconds) => {
  assert.ok(date instanceof Date)
  const left = date - Date.now()
  assert.ok(left > (seconds - 60) * 1000 && left <= seconds * 1000, `${left} ms are left`)
}

test('several links at once', limit, async () => {
  const { key } = await files.uploadFileObject(TEXT, 'a.txt', 'file')
  const links = await files.presignedUrls([key, keyOf('b.txt')], { expiresIn: 60, downloadAs: 'c.txt' })
  assert.equal(links.length, 2)
  for (const link of links) {
    assert.ok(link instanceof Link)
    assert.equal(link.expiresIn, 60)
    isWithin(link.expiresAt, 60)
  }
  const answers = await Promise.all(links.map(({ url }) => fetch(url)))
  assert.deepEqual(answers.map(({ status }) => status), [200, 404])
  assert.match(answers[0].headers.get('content-disposition'), /^attachment/)
  assert.deepEqual(Buffer.from(await answers[0].arrayBuffer()), TEXT)
  assert.deepEqual(await files.presignedUrls([]), [])

  await fails('not-owner', files.presignedUrls([key, 'user_1/files/a.txt']))
  await fails('invalid-key', files.presignedUrls([key, `${key}/../b`]))
  await fails('invalid-request', files.presignedUrls([key], { expiresIn: 604_801 }))
  for (const wrong of [key, null, undefined, [1], { 0: key }]) {
    await assert.rejects(files.presignedUrls(wrong), TypeError)
  }
  await assert.rejects(files.presignedUrl(key, { reuse: 1 }), TypeError)
  await assert.rejects(files.presignedUrls([key], { reused: true }), TypeError)
})

test('a link cannot be changed', limit, async () => {
  const link = await files.presignedUrl(keyOf('a.txt'))
  const { url } = link
  assert.equal(Reflect.set(link, 'url', 'x'), false)
  link.expiresAt.setTime(0)
  assert.equal(link.url, url)
  isWithin(link.expiresAt, 3600)
})

test('a link that is handed out again', limit, async () => {
  const reuse = true
  const key = keyOf('a.txt')
  const first = await files.presignedUrl(key, { reuse })
  await new Promise((done) => setTimeout(done, 1100))
  const second = await files.presignedUrl(key, { reuse })
  assert.equal(second.url, first.url)
  assert.ok(second.expiresIn < first.expiresIn)
  assert.equal(second.expiresAt.getTime(), first.expiresAt.getTime())
  assert.equal((await files.presignedUrls([key], { reuse }))[0].url, first.url)
  assert.notEqual((await files.presignedUrl(key)).url, first.url)
  assert.notEqual((await files.presignedUrl(key, { reuse, expiresIn: 60 })).url, first.url)
})

test('an upload by a link', limit, async () => {
  const options = { metadata: { place: 'Évreux' }, sha256: sha256(TEXT), expiresIn: 60 }
  const upload = await files.presignedUpload('Été.md', 'blog', TEXT.length, options)
  assert.ok(upload instanceof PresignedUpload)
  assert.deepEqual([upload.key, upload.method, upload.expiresIn], [keyOf('Été.md', 'blog'), 'PUT', 60])
  isWithin(upload.expiresAt, 60)
  assert.equal(upload.headers['content-length'], String(TEXT.length))
  const { method, url, headers } = upload
  const put = (body, more = {}) => fetch(url, { method, headers: { ...headers, ...more }, body })

  const other = Buffer.from(TEXT).reverse()
  assert.equal((await put(other)).ok, false)
  assert.equal((await put(TEXT, { 'content-type': 'text/html' })).status, 403)
  assert.equal((await put(TEXT, { 'x-amz-meta-place': 'elsewhere' })).status, 403)
  assert.equal((await put(TEXT, { 'x-amz-acl': 'public-read' })).status, 403)
  const { 'content-length': _, ...withoutLength } = headers
  const longer = Buffer.concat([TEXT, TEXT])
  assert.equal((await fetch(url, { method, headers: withoutLength, body: longer })).status, 403)
  assert.deepEqual((await files.list()).items, [])

  assert.equal((await put(TEXT)).status, 200)
  const stored = await files.metadata(upload.key)
  assert.deepEqual([stored.size, stored.metadata], [TEXT.length, { place: 'Évreux' }])
  assert.match(stored.contentType, /^text\/markdown/)
  assert.deepEqual(await files.read(upload.key), TEXT)
})

test('an upload by a link that replaces nothing', limit, async () => {
  const options = { overwrite: false, unguessable: true, contentType: 'text/plain' }
  const { method, url, headers, key } = await files.presignedUpload('a.txt', 'file', 6n, options)
  assert.notEqual(key, keyOf('a.txt'))
  const put = (body) => fetch(url, { method, headers, body })
  assert.equal((await put('first.')).status, 200)
  assert.equal((await put('second')).status, 412)
  assert.deepEqual(await files.read(key), Buffer.from('first.'))
})

test('an upload by a form', limit, async () => {
  const post = await files.presignedPost('a.txt', 'file', { min: 2, max: 6n }, { metadata: { a: 'b' } })
  assert.ok(post instanceof PresignedPost)
  assert.deepEqual([post.key, post.expiresIn], [keyOf('a.txt'), 900])
  isWithin(post.expiresAt, 900)
  const send = (body, more = {}) => {
    const form = new FormData()
    for (const [name, value] of Object.entries({ ...post.fields, ...more })) {
      form.append(name, value)
    }
    form.append('file', new Blob([body]), 'browser.txt')
    return fetch(post.url, { method: 'POST', body: form })
  }
  for (const [body, more] of [
    ['1', {}],
    ['1234567', {}],
    ['1234', { key: keyOf('b.txt') }],
    ['1234', { 'Content-Type': 'text/html' }],
    ['1234', { acl: 'public-read' }],
  ]) {
    const { status } = await send(body, more)
    assert.ok(status >= 400 && status < 500, `${body} ${JSON.stringify(more)}: ${status}`)
  }
  assert.deepEqual((await files.list()).items, [])
  assert.equal((await send('123456')).ok, true)
  assert.deepEqual(await files.read(post.key), Buffer.from('123456'))
  assert.deepEqual((await files.metadata(post.key)).metadata, { a: 'b' })
})

test('what is not signed', limit, async () => {
  const upload = (name, kind, size, options) => files.presignedUpload(name, kind, size, options)
  const post = (sizes, options) => files.presignedPost('a.txt', 'file', sizes, options)
  await fails('invalid-kind', upload('a.txt', 'No', 1))
  await fails('invalid-filename', upload('..', 'file', 1))
  await fails('type-not-allowed', upload('a.mp4', 'image', 1))
  await fails('file-too-large', upload('a.txt', 'file', 6 * 2 ** 30))
  await fails('metadata-too-large', upload('a.txt', 'file', 1, { metadata: { a: 'b'.repeat(3000) } }))
  for (const expiresIn of [0, 901]) {
    await fails('invalid-request', upload('a.txt', 'file', 1, { expiresIn }))
    await fails('invalid-request', post({ min: 0, max: 1 }, { expiresIn }))
  }
  await fails('invalid-request', post({ min: 2, max: 1 }))
  await fails('storage-unsupported', post({ min: 0, max: 1 }, { overwrite: false }))
  for (const sha256 of ['ab', [1], new Uint8Array(31), new Uint8Array(33), new ArrayBuffer(32)]) {
    await assert.rejects(upload('a.txt', 'file', 1, { sha256 }), TypeError)
  }
  for (const size of [-1, -1n, 1.5, '1', null, undefined]) {
    await assert.rejects(upload('a.txt', 'file', size), TypeError)
  }
  for (const sizes of [[0, 1], { min: 0 }, { max: 1 }, { min: 0, max: 1, mid: 0 }, { min: -1, max: 1 }, undefined, 1]) {
    await assert.rejects(post(sizes), TypeError)
  }
  await assert.rejects(post({ min: 0, max: 1 }, { sha256: new Uint8Array(32) }), TypeError)
  const gone = AbortSignal.abort('too late')
  for (const call of [
    () => files.presignedUrl(keyOf('a.txt'), { signal: gone }),
    () => files.presignedUrls([], { signal: gone }),
    () => upload('a.txt', 'file', 1, { signal: gone }),
    () => post({ min: 0, max: 1 }, { signal: gone }),
  ]) {
    assert.equal((await fails('cancelled', call())).cause, 'too late')
  }
})

test('what a tier may store holds for links as well', limit, async () => {
  const token = await stack.mint(stack.newUser(), { tier: 'free' })
  const own = (await app.authenticate(token)).files()
  await fails('file-too-large', own.presignedUpload('a.txt', 'file', 2 ** 32))
  let [reserved, refused] = [0, null]
  while (refused === null && reserved < 2000) {
    try {
      await own.presignedUpload(`${reserved}.bin`, 'file', 10 * 2 ** 20)
      reserved += 1
    } catch (error) {
      refused = error
    }
  }
  assert.equal(refused?.code, 'quota-exceeded')
  assert.ok(refused.details.limit > 0)
  await fails('quota-exceeded', own.presignedPost('b.bin', 'file', { min: 0, max: 10 * 2 ** 20 }))
})

const DOMAIN = 'cdn.example.com'
const KEY_PAIR = 'K2JCJMDEHXQW5F'

function overCdn() {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const cloudfrontPrivateKey = keys.privateKey.export({ type: 'pkcs8', format: 'pem' })
  const settings = { cloudfrontDomain: DOMAIN, cloudfrontKeyPairId: KEY_PAIR, cloudfrontPrivateKey }
  const cdn = new Casier(stack.settings(settings)).storageFor(files.scope.userId)
  return { cdn, publicKey: createPublicKey(keys.privateKey), pem: cloudfrontPrivateKey }
}

const decode = (text) =>
  Buffer.from(text.replaceAll('-', '+').replaceAll('_', '=').replaceAll('~', '/'), 'base64')

test('links over the CDN', limit, () => {
  const { cdn, publicKey } = overCdn()
  const key = keyOf('été.txt')
  const link = cdn.cdnUrl(key, { expiresIn: 60 })
  assert.ok(link instanceof Link)
  assert.equal(link.expiresIn, 60)
  isWithin(link.expiresAt, 60)
  const url = new URL(link.url)
  assert.equal(decodeURIComponent(url.pathname), `/${key}`)
  const Resource = `https://${DOMAIN}${url.pathname}`
  const ends = Number(url.searchParams.get('Expires'))
  assert.equal(ends * 1000, link.expiresAt.getTime())
  const policy = JSON.stringify({
    Statement: [{ Resource, Condition: { DateLessThan: { 'AWS:EpochTime': ends } } }],
  })
  const signature = decode(url.searchParams.get('Signature'))
  assert.ok(verify('sha256', policy, publicKey, signature))

  const startsAt = new Date(Date.now() + 10_000)
  const custom = new URL(cdn.cdnUrl(key, { expiresIn: 60n, startsAt, ipRange: '192.0.2.0/24' }).url)
  const text = decode(custom.searchParams.get('Policy'))
  assert.ok(verify('sha256', text, publicKey, decode(custom.searchParams.get('Signature'))))
  const [{ Condition }] = JSON.parse(text).Statement
  assert.equal(Condition.DateGreaterThan['AWS:EpochTime'], Math.floor(startsAt / 1000))
  assert.equal(Condition.IpAddress['AWS:SourceIp'], '192.0.2.0/24')
})

test('cookies for the CDN', limit, () => {
  const { cdn, publicKey } = overCdn()
  const given = cdn.cdnCookies({ expiresIn: 60 })
  assert.ok(given instanceof CdnCookies)
  assert.deepEqual([given.domain, given.path, given.expiresIn], [DOMAIN, `/${cdn.scope.prefix}`, 60])
  isWithin(given.expiresAt, 60)
  const policy = decode(given.cookies['CloudFront-Policy'])
  assert.ok(verify('sha256', policy, publicKey, decode(given.cookies['CloudFront-Signature'])))
  assert.equal(given.cookies['CloudFront-Key-Pair-Id'], KEY_PAIR)
  assert.equal(JSON.parse(policy).Statement[0].Resource, `https://${DOMAIN}/${cdn.scope.prefix}*`)
  const headers = given.setCookieHeaders('example.com')
  assert.equal(headers.length, Object.keys(given.cookies).length)
  for (const header of headers) {
    assert.match(header, /; Domain=example\.com; Path=\/user_[^;]*\/; Secure; HttpOnly; SameSite=Lax$/)
  }
  for (const domain of ['', 'com.example', 'other.example', '.example.com']) {
    assert.throws(() => given.setCookieHeaders(domain), { code: 'invalid-request' })
  }
})

test('what the CDN is not asked for', limit, () => {
  const { cdn, pem } = overCdn()
  const key = keyOf('a.txt')
  const refused = (code, call) => assert.throws(call, { name: 'CasierError', code })
  refused('config-invalid', () => files.cdnUrl(key))
  refused('config-invalid', () => files.cdnCookies())
  refused('not-owner', () => cdn.cdnUrl('user_1/files/a.txt'))
  refused('invalid-key', () => cdn.cdnUrl(`${key}/../b`))
  refused('invalid-request', () => cdn.cdnUrl(key, { expiresIn: 0 }))
  refused('invalid-request', () => cdn.cdnUrl(key, { ipRange: '::1' }))
  refused('invalid-request', () => cdn.cdnCookies({ startsAt: new Date(Date.now() + 1e9) }))
  for (const options of [{ startsAt: 1 }, { ipRange: 1 }, { signal: null, ip: '' }, 1]) {
    assert.throws(() => cdn.cdnUrl(key, options), TypeError)
    assert.throws(() => cdn.cdnCookies(options), TypeError)
  }
  const settings = { cloudfrontDomain: DOMAIN, cloudfrontPrivateKey: pem }
  refused('config-invalid', () => new Casier(stack.settings(settings)))
})
