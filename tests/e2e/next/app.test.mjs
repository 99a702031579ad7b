// The running Next.js example: its page, its sign-in, and uploads over a real connection.
// Needs NEXT_URL and the environment of the casier-local that it runs on.

import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { test } from 'node:test'

const { NEXT_URL, CASIER_LOCAL_MINT_URL, CASIER_LOCAL_MINT_TOKEN } = process.env
assert.ok(NEXT_URL && CASIER_LOCAL_MINT_URL && CASIER_LOCAL_MINT_TOKEN, 'the environment is not set')

const limit = { timeout: 120_000 }
const MIB = 1024 * 1024
const EVIL = { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }
let users = 0

async function mint(fields = {}) {
  users += 1
  const response = await fetch(CASIER_LOCAL_MINT_URL, {
    method: 'POST',
    headers: { Authorization: `Bearer ${CASIER_LOCAL_MINT_TOKEN}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ user_id: `user_next${process.pid}n${users}`, ttl: 600, ...fields }),
  })
  assert.equal(response.status, 200)
  return (await response.json()).token
}

const bearer = (token) => ({ Authorization: `Bearer ${token}` })
const cookie = (token) => ({ Cookie: `__session=${token}` })

/** What the page says of who is signed in. */
async function whoIs(headers) {
  const response = await fetch(`${NEXT_URL}/`, { headers })
  assert.equal(response.status, 200)
  const [, who] = /<p id="who">(.*?)<\/p>/.exec(await response.text())
  return who.replace(/<[^>]*>/g, ' ')
}

async function call(method, path, token, body) {
  const headers = bearer(token)
  if (body !== undefined && !(body instanceof FormData)) {
    headers['Content-Type'] = 'application/json'
    body = JSON.stringify(body)
  }
  const response = await fetch(`${NEXT_URL}/api/${path}`, { method, headers, body })
  const answer = await response.json()
  return { status: response.status, ...answer }
}

async function listed(token) {
  return (await call('GET', 'files/list', token)).data.files.map((file) => file.filename)
}

function formOf(contents, filename, kind = 'file') {
  const form = new FormData()
  form.append('content_type', kind)
  form.append('file', new Blob([contents]), filename)
  return form
}

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')

test('auth() in the page knows the user by cookie and by header, and nobody else', limit, async () => {
  const user = await mint({ user_id: 'user_page', tier: 'premium' })
  assert.match(await whoIs(cookie(user)), /user_page.*premium/)
  assert.match(await whoIs(bearer(user)), /user_page.*premium/)
  for (const headers of [
    {},
    cookie('nonsense'),
    cookie(await mint({ fault: 'expired' })),
    bearer(await mint({ fault: 'other-key' })),
    bearer(await mint({ fault: 'alg-none' })),
  ]) {
    assert.match(await whoIs(headers), /signed out/)
  }
})

test('a form of another site that posts to the page gets nothing of the user', limit, async () => {
  const token = await mint({ user_id: 'user_page', tier: 'pro' })
  for (const headers of [EVIL, { Origin: 'null' }]) {
    const response = await fetch(`${NEXT_URL}/`, {
      method: 'POST',
      headers: { ...cookie(token), ...headers },
    })
    assert.ok(!(await response.text()).includes('user_page'))
  }
  assert.match(await whoIs({ ...cookie(token), 'Sec-Fetch-Site': 'cross-site' }), /user_page/)
})

test('local users sign in and out', limit, async () => {
  const signIn = (user) =>
    fetch(`${NEXT_URL}/sign-in`, { method: 'POST', body: new URLSearchParams({ user }), redirect: 'manual' })
  for (const [name, who] of [
    ['ada', /user_ada.*pro/],
    ['ben', /user_ben.*free/],
  ]) {
    const response = await signIn(name)
    assert.deepEqual([response.status, response.headers.get('Location')], [303, '/'])
    const [set] = response.headers.getSetCookie()
    assert.match(set, /^__session=[^;]+; Path=\/;.*HttpOnly; SameSite=lax$/)
    assert.match(await whoIs({ Cookie: set.split(';')[0] }), who)
  }
  assert.equal((await signIn('eve')).status, 400)
  for (const [path, site] of [
    ['sign-in', 'cross-site'],
    ['sign-out', 'same-site'],
  ]) {
    const body = new URLSearchParams({ user: 'ada' })
    const headers = { 'Sec-Fetch-Site': site }
    const refused = await fetch(`${NEXT_URL}/${path}`, { method: 'POST', headers, body })
    assert.deepEqual([refused.status, refused.headers.getSetCookie()], [403, []])
  }
  const out = await fetch(`${NEXT_URL}/sign-out`, { method: 'POST', redirect: 'manual' })
  assert.deepEqual([out.status, out.headers.get('Location')], [303, '/'])
  assert.match(out.headers.getSetCookie()[0], /^__session=; Path=\/; Expires=Thu, 01 Jan 1970/)
})

test('a large file passes whole, and nobody else sees it', limit, async () => {
  const [user, other] = [await mint({ tier: 'pro' }), await mint({ tier: 'enterprise' })]
  const contents = randomBytes(48 * MIB)
  const stored = await call('POST', 'files/upload', user, formOf(contents, 'grand fichier é.bin'))
  assert.equal(stored.status, 201, JSON.stringify(stored))
  assert.deepEqual(await listed(user), ['grand fichier é.bin'])
  assert.deepEqual(await listed(other), [])

  const key = { s3_key: stored.data.s3_key }
  const link = await call('POST', 'files/presigned-url', user, key)
  const bytes = await (await fetch(link.data.url)).arrayBuffer()
  assert.equal(sha256(new Uint8Array(bytes)), sha256(contents))
  assert.equal((await call('POST', 'files/presigned-url', other, key)).error.code, 'not-owner')
  assert.equal((await call('DELETE', 'files/delete', other, key)).error.code, 'not-owner')
  assert.equal((await call('DELETE', 'files/delete', user, key)).status, 200)
  assert.deepEqual(await listed(user), [])
})

test('who sends too much gets an answer, not a broken connection', limit, async () => {
  const free = await mint({ tier: 'free' })
  for (let round = 0; round < 5; round += 1) {
    // With its length announced, and without.
    const announced = await call('POST', 'files/upload', free, formOf(new Uint8Array(101 * MIB), 'a.bin'))
    assert.deepEqual([announced.status, announced.error?.code], [413, 'file-too-large'])
  }
  let left = 130
  const body = new ReadableStream({
    pull(controller) {
      const head = '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
      left -= 1
      if (left === 0) {
        controller.close()
      } else {
        controller.enqueue(left === 129 ? new TextEncoder().encode(head) : new Uint8Array(MIB))
      }
    },
  })
  const response = await fetch(`${NEXT_URL}/api/files/upload`, {
    method: 'POST',
    headers: { ...bearer(free), 'Content-Type': 'multipart/form-data; boundary=b' },
    body,
    duplex: 'half',
  })
  assert.equal((await response.json()).error.code, 'file-too-large')
  assert.deepEqual(await listed(free), [])
})

test('a client that goes away leaves nothing behind', limit, async () => {
  const user = await mint({ tier: 'pro' })
  const upload = httpRequest(`${NEXT_URL}/api/files/upload`, {
    method: 'POST',
    headers: { ...bearer(user), 'Content-Type': 'multipart/form-data; boundary=b' },
  })
  upload.on('error', () => undefined)
  upload.write(
    '--b\r\nContent-Disposition: form-data; name="content_type"\r\n\r\ndocument\r\n' +
      '--b\r\nContent-Disposition: form-data; name="file"; filename="half.txt"\r\n\r\nbegun',
  )
  upload.write('x'.repeat(MIB))
  await new Promise((resolve) => upload.write('y', resolve))
  await new Promise((resolve) => upload.on('close', resolve).destroy())
  assert.deepEqual(await listed(user), [])
  assert.equal((await call('POST', 'files/upload', user, formOf('a', 'a.txt'))).status, 201)
  assert.deepEqual(await listed(user), ['a.txt'])
})

test('the report is for pro and above', limit, async () => {
  const given = await call('GET', 'report', await mint({ tier: 'pro' }))
  assert.deepEqual([given.status, given.message], [200, 'Files: 0, bytes: 0'])
  const refused = await call('GET', 'report', await mint({ tier: 'basic' }))
  assert.deepEqual([refused.status, refused.error.code], [403, 'subscription-required'])
})
