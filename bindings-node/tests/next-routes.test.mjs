// casier/next with plain requests: the file routes.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'

import { Casier } from 'casier'
import { configure, fileRoutes } from 'casier/next'
import { startStack } from './stack.mjs'

const limit = { timeout: 60_000 }
const MIB = 1024 * 1024
const EVIL = { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }

// Forms go to disk on their way: nothing may stay there.
const temporary = mkdtempSync(join(tmpdir(), 'casier-next-'))
process.env.TMPDIR = temporary
after(() => rmSync(temporary, { recursive: true }))

let stack, casier, ada, ben

before(async () => {
  stack = await startStack()
  casier = new Casier(stack.settings())
  configure(casier)
  ada = await stack.mint('user_ada', { tier: 'pro', ttl: 3600 })
  ben = await stack.mint('user_ben', { tier: 'free', ttl: 3600 })
})
after(() => stack?.stop())
beforeEach(async () => {
  for (const user of ['user_ada', 'user_ben']) {
    const files = casier.storageFor(user)
    await Promise.all((await files.list()).items.map((file) => files.delete(file.key)))
  }
})

const bearer = (token) => ({ Authorization: `Bearer ${token}` })
const cookie = (token) => ({ Cookie: `__session=${token}` })

function requestOf(method, target, { headers = {}, json, body, ...rest } = {}) {
  const init = { method, headers: new Headers(headers), ...rest }
  if (json !== undefined) {
    init.body = JSON.stringify(json)
    init.headers.set('Content-Type', 'application/json')
  } else if (body !== undefined) {
    init.body = body
    init.duplex = 'half'
  }
  return new Request(`http://app.example/api/files/${target}`, init)
}

/** Calls a route as Next does. */
async function call(method, target, options = {}, routes = fileRoutes()) {
  const path = target.split('?')[0].split('/')
  const response = await routes[method](requestOf(method, target, options), {
    params: Promise.resolve({ path }),
  })
  assert.equal(response.headers.get('Content-Type'), 'application/json')
  assert.match(response.headers.get('X-Request-Id'), /^[A-Za-z0-9._-]{1,64}$/)
  const answer = await response.json()
  assert.equal(answer.success, response.status < 400)
  assert.ok(!Number.isNaN(Date.parse(answer.timestamp)))
  return { status: response.status, headers: response.headers, ...answer }
}

async function refused(code, status, method, target, options, routes) {
  const answer = await call(method, target, options, routes)
  assert.equal(answer.error?.code, code, `${method} ${target}: ${JSON.stringify(answer)}`)
  assert.equal(answer.status, status)
  return answer
}

function formOf(contents, filename, fields = { content_type: 'document' }) {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) {
    form.append(name, value)
  }
  form.append('file', new Blob([contents]), filename)
  return form
}

async function upload(token, contents, filename, fields) {
  const answer = await call('POST', 'upload', {
    headers: bearer(token),
    body: formOf(contents, filename, fields),
  })
  assert.equal(answer.status, 201, JSON.stringify(answer))
  return answer.data.s3_key
}

async function keysOf(token) {
  const { status, data } = await call('GET', 'list', { headers: bearer(token) })
  assert.equal(status, 200)
  return data.files.map((file) => file.s3_key)
}

/** Every route, with what a signed-in user sends to it. */
const everyRoute = (key) => [
  ['GET', 'list', {}],
  ['POST', 'presigned-url', { json: { s3_key: key } }],
  ['DELETE', 'delete', { json: { s3_key: key } }],
  ['POST', 'delete-many', { json: { s3_keys: [key] } }],
  ['POST', 'upload', { body: formOf('# a', 'a.md') }],
]

test('a file goes in, is listed, comes back byte for byte and is deleted', limit, async () => {
  const contents = Buffer.from('# Été\r\n--\r\n')
  const key = await upload(ada, contents, 'Été à Paris.md')
  assert.equal(key, 'user_user_ada/documents/Été à Paris.md')

  const { data } = await call('GET', 'list?content_type=document&with_metadata=true', {
    headers: bearer(ada),
  })
  const { files } = data
  assert.equal(files.length, 1)
  const { s3_key, filename, size, content_type, mime_type } = files[0]
  assert.deepEqual(
    { s3_key, filename, size, content_type, mime_type },
    {
      s3_key: key,
      filename: 'Été à Paris.md',
      size: contents.length,
      content_type: 'document',
      mime_type: 'text/markdown',
    },
  )
  assert.deepEqual(await keysOf(ben), [])

  const { data: link } = await call('POST', 'presigned-url', {
    headers: bearer(ada),
    json: { s3_key: key, expires_in: 60 },
  })
  assert.equal(link.expires_in, 60)
  assert.deepEqual(Buffer.from(await (await fetch(link.url)).arrayBuffer()), contents)

  assert.equal((await call('DELETE', 'delete', { headers: bearer(ada), json: { s3_key: key } })).status, 200)
  assert.deepEqual(await keysOf(ada), [])
  assert.equal((await call('DELETE', 'delete', { headers: bearer(ada), json: { s3_key: key } })).status, 200)
})

test("a part without a content type has its filename's, as python-requests sends it", limit, async () => {
  const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==', 'base64')
  const send = (kind, filename, contents) =>
    call('POST', 'upload', {
      headers: { ...bearer(ada), 'Content-Type': 'multipart/form-data; boundary=b' },
      body: Buffer.concat([
        Buffer.from(`--b\r\nContent-Disposition: form-data; name="content_type"\r\n\r\n${kind}\r\n`),
        Buffer.from(`--b\r\nContent-Disposition: form-data; name="file"; filename="${filename}"\r\n\r\n`),
        contents,
        Buffer.from('\r\n--b--\r\n'),
      ]),
    })
  assert.equal((await send('image', 'a.png', png)).status, 201)
  assert.equal((await send('file', 'notes', Buffer.from('notes'))).status, 201)
  const { data } = await call('GET', 'list?with_metadata=true', { headers: bearer(ada) })
  assert.deepEqual(
    data.files.map((file) => [file.filename, file.mime_type]),
    [
      ['notes', 'text/plain'],
      ['a.png', 'image/png'],
    ],
  )
  assert.equal((await send('image', 'b.png', Buffer.from('no picture'))).error.code, 'content-mismatch')
})

test('several files are deleted at once, or none', limit, async () => {
  const keys = [await upload(ada, 'a', 'a.txt'), await upload(ada, 'b', 'b.txt')]
  const bens = await upload(ben, 'c', 'c.txt')
  await refused('not-owner', 403, 'POST', 'delete-many', {
    headers: bearer(ada),
    json: { s3_keys: [...keys, bens] },
  })
  assert.deepEqual(await keysOf(ada), keys)
  const answer = await call('POST', 'delete-many', { headers: bearer(ada), json: { s3_keys: keys } })
  assert.equal(answer.status, 200)
  assert.equal(answer.data.length, 2)
  assert.deepEqual([await keysOf(ada), await keysOf(ben)], [[], [bens]])
})

test('every route refuses who is not signed in', limit, async () => {
  const key = await upload(ada, 'a', 'a.txt')
  const cases = [
    ['token-missing', {}],
    ['token-missing', cookie('')],
    ['token-invalid', bearer('not.a.token')],
    ['token-invalid', { ...cookie('nonsense'), 'Sec-Fetch-Site': 'same-origin' }],
    ['token-expired', bearer(await stack.mint('user_ada', { fault: 'expired' }))],
    ['token-invalid-signature', bearer(await stack.mint('user_ada', { fault: 'other-key' }))],
    ['token-invalid-algorithm', bearer(await stack.mint('user_ada', { fault: 'alg-none' }))],
  ]
  for (const [code, headers] of cases) {
    for (const [method, target, options] of everyRoute(key)) {
      const answer = await refused(code, 401, method, target, { headers, ...options })
      assert.match(answer.headers.get('WWW-Authenticate'), /^Bearer/)
    }
  }
  assert.deepEqual(await keysOf(ada), [key])
})

test('nothing changes by cookie from another site', limit, async () => {
  const key = await upload(ada, 'a', 'a.txt')
  const own = { Host: 'app.example', Origin: 'http://app.example' }
  for (const [method, target, options] of everyRoute(key)) {
    if (method === 'GET') {
      assert.equal(
        (await call(method, target, { headers: { ...cookie(ada), ...EVIL }, ...options })).status,
        200,
      )
      continue
    }
    for (const headers of [EVIL, {}, { 'Sec-Fetch-Site': 'same-site' }, { Origin: 'null' }]) {
      await refused('cross-site-request', 403, method, target, {
        headers: { ...cookie(ada), ...headers },
        ...options,
      })
    }
  }
  assert.deepEqual(await keysOf(ada), [key])
  for (const headers of [own, { 'Sec-Fetch-Site': 'same-origin' }]) {
    const answer = await call('POST', 'presigned-url', {
      headers: { ...cookie(ada), ...headers },
      json: { s3_key: key },
    })
    assert.equal(answer.status, 200)
  }
})

test("another's key and a key that leads elsewhere are refused", limit, async () => {
  const bens = await upload(ben, 'b', 'b.txt')
  const cases = [
    ['not-owner', 403, bens],
    ['not-owner', 403, 'user_user_ben/documents/there is none.txt'],
    ['invalid-key', 400, 'user_user_ada/../user_user_ben/documents/b.txt'],
    ['invalid-key', 400, 'user_user_ada/documents/%2e%2e/b.txt'],
    ['invalid-key', 400, ''],
  ]
  for (const [code, status, key] of cases) {
    for (const [method, target, options] of everyRoute(key).filter(([, , { json }]) => json)) {
      await refused(code, status, method, target, { headers: bearer(ada), ...options })
    }
    if (key !== '') {
      await refused(code, status, 'POST', 'upload', {
        headers: bearer(ada),
        body: formOf('x', 'b.txt', { s3_key: key }),
      })
    }
  }
  assert.deepEqual(await keysOf(ben), [bens])
})

test('a form that is none, or says too little, is refused', limit, async () => {
  const headers = { ...bearer(ada), 'Content-Type': 'multipart/form-data; boundary=b' }
  const disposition = 'Content-Disposition: form-data; name="file"; filename="a.txt"'
  for (const body of ['', 'nonsense', `--b\r\n${disposition}\r\n\r\ncut off`, '--b--']) {
    await refused('invalid-request', 400, 'POST', 'upload', { headers, body })
  }
  await refused('invalid-request', 400, 'POST', 'upload', { headers: bearer(ada), json: { s3_key: 'a' } })
  await refused('invalid-request', 400, 'POST', 'upload', { headers: bearer(ada) })
  await refused('invalid-request', 400, 'POST', 'upload', {
    headers: bearer(ada),
    body: formOf('a', 'a.txt', {}),
  })
  await refused('invalid-kind', 400, 'POST', 'upload', {
    headers: bearer(ada),
    body: formOf('a', 'a.txt', { content_type: 'virus' }),
  })
  await refused('invalid-filename', 400, 'POST', 'upload', { headers: bearer(ada), body: formOf('a', '..') })
  await refused('content-mismatch', 415, 'POST', 'upload', {
    headers: bearer(ada),
    body: formOf('a', 'a.png', { content_type: 'image' }),
  })
  for (const body of ['', '{', '[]', 'null', '{"s3_key": 1}', '\xff']) {
    await refused('invalid-request', 400, 'POST', 'presigned-url', { headers: bearer(ada), body })
  }
  assert.deepEqual(await keysOf(ada), [])
  assert.deepEqual(readdirSync(temporary), [])
})

/** A body without end, which counts what is taken of it. */
function endless(start) {
  const taken = { bytes: 0, cancelled: false }
  const piece = new Uint8Array(MIB)
  const body = new ReadableStream(
    {
      pull(controller) {
        const bytes = taken.bytes === 0 ? new TextEncoder().encode(start) : piece
        taken.bytes += bytes.length
        controller.enqueue(bytes)
      },
      cancel() {
        taken.cancelled = true
      },
    },
    { highWaterMark: 0 },
  )
  return { body, taken }
}

test("no more is read than a user may send, and nothing of a stranger's body", limit, async () => {
  const start = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
  const type = { 'Content-Type': 'multipart/form-data; boundary=b' }
  const cases = [
    // The largest file of the tier free is a video of 100 MiB.
    ['POST', 'upload', { ...bearer(ben), ...type }, 100 * MIB, 103 * MIB, 'file-too-large', 413],
    [
      'POST',
      'upload',
      { ...bearer(ben), ...type, 'Content-Length': String(2 ** 40) },
      0,
      0,
      'file-too-large',
      413,
    ],
    ['POST', 'presigned-url', bearer(ben), 1, 3 * MIB, 'invalid-request', 400],
    ['POST', 'upload', type, 0, 0, 'token-missing', 401],
    ['POST', 'upload', { ...cookie(ada), ...EVIL, ...type }, 0, 0, 'cross-site-request', 403],
    ['POST', 'nowhere', { ...bearer(ada), ...type }, 0, 0, 'route-not-found', 404],
    ['DELETE', 'upload', { ...bearer(ada), ...type }, 0, 0, 'method-not-allowed', 405],
  ]
  for (const [method, target, headers, atLeast, atMost, code, status] of cases) {
    const { body, taken } = endless(start)
    await refused(code, status, method, target, { headers, body })
    assert.ok(taken.bytes >= atLeast && taken.bytes <= atMost, `${target} ${code}: ${taken.bytes} bytes`)
    assert.equal(taken.cancelled, taken.bytes > 0 || code === 'file-too-large', `${target} ${code}`)
  }
  assert.deepEqual(await keysOf(ben), [])
  assert.deepEqual(readdirSync(temporary), [])
})

test('the tier decides how large a file may be', limit, async () => {
  const contents = new Uint8Array(26 * MIB)
  const form = () => formOf(contents, 'a.bin', { content_type: 'file' })
  const { error } = await refused('file-too-large', 413, 'POST', 'upload', {
    headers: bearer(ben),
    body: form(),
  })
  assert.equal(error.details.limit, 25 * MIB)
  assert.equal((await call('POST', 'upload', { headers: bearer(ada), body: form() })).status, 201)
  assert.deepEqual(await keysOf(ben), [])
})

test('an upload whose client goes away stores nothing', limit, async () => {
  const start =
    '--b\r\nContent-Disposition: form-data; name="content_type"\r\n\r\ndocument\r\n' +
    '--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nbegun'
  const headers = { ...bearer(ada), 'Content-Type': 'multipart/form-data; boundary=b' }
  let pieces = 0
  const body = new ReadableStream({
    pull(controller) {
      pieces += 1
      if (pieces > 3) {
        controller.error(new Error('aborted'))
      } else {
        controller.enqueue(new TextEncoder().encode(pieces === 1 ? start : 'more'))
      }
    },
  })
  await refused('invalid-request', 400, 'POST', 'upload', { headers, body })

  const gone = new AbortController()
  gone.abort()
  await refused('cancelled', 499, 'POST', 'upload', {
    headers: bearer(ada),
    body: formOf('a', 'a.txt'),
    signal: gone.signal,
  })

  assert.deepEqual(await keysOf(ada), [])
  assert.deepEqual(readdirSync(temporary), [])
})

test('where forms cannot be put on disk, the answer says no more than that', limit, async () => {
  process.env.TMPDIR = join(temporary, 'nowhere')
  try {
    const options = { headers: bearer(ada), body: formOf('a', 'a.txt') }
    const { error } = await refused('io-failed', 500, 'POST', 'upload', options)
    assert.ok(!JSON.stringify(error).includes('nowhere'))
  } finally {
    process.env.TMPDIR = temporary
  }
})

test('a call in which the client goes away is given up', limit, async () => {
  const going = new AbortController()
  const { body, taken } = endless(
    '--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n',
  )
  const headers = { ...bearer(ada), 'Content-Type': 'multipart/form-data; boundary=b' }
  const answer = call('POST', 'upload', { headers, body, signal: going.signal })
  while (taken.bytes < 2 * MIB) {
    await new Promise((resolve) => setImmediate(resolve))
  }
  going.abort()
  assert.equal((await answer).success, false)
  assert.deepEqual(await keysOf(ada), [])
  assert.deepEqual(readdirSync(temporary), [])
})

test('a call that waits for the store is given up with its client', limit, async () => {
  let arrived
  const silent = createServer((socket) => {
    socket.on('error', () => undefined)
    arrived()
  })
  await once(silent.listen(0, '127.0.0.1'), 'listening')
  const endpointUrl = `http://127.0.0.1:${silent.address().port}`
  const routes = fileRoutes({ casier: new Casier(stack.settings({ endpointUrl })) })
  try {
    for (const [method, target, options] of everyRoute('user_user_ada/documents/a.md')) {
      if (target === 'presigned-url') {
        continue // never asks the store
      }
      const going = new AbortController()
      arrived = () => going.abort()
      const { signal } = going
      await refused('cancelled', 499, method, target, { headers: bearer(ada), signal, ...options }, routes)
    }
  } finally {
    silent.close()
  }
  assert.deepEqual(readdirSync(temporary), [])
})

test('a request id is kept where it is one', limit, async () => {
  const idFor = async (id) =>
    (await call('GET', 'list', { headers: { ...bearer(ada), 'X-Request-Id': id } })).headers.get(
      'X-Request-Id',
    )
  assert.equal(await idFor('trace-1.a_B'), 'trace-1.a_B')
  for (const id of ['two words', 'é', 'x'.repeat(65)]) {
    assert.notEqual(await idFor(id), id)
  }
})

test(
  'other routes may have a Casier of their own; what is wrong with it is no secret and no answer',
  limit,
  async () => {
    const broken = new Casier(stack.settings({ jwksUrl: 'http://127.0.0.1:1/jwks.json' }))
    const routes = fileRoutes({ casier: broken })
    const { error } = await refused(
      'jwk-remote-failed-to-load',
      503,
      'GET',
      'list',
      { headers: bearer(ada) },
      routes,
    )
    assert.ok(!JSON.stringify(error).includes('127.0.0.1'))
    assert.equal((await call('GET', 'list', { headers: bearer(ada) })).status, 200)
  },
)

test("an administrator lists another's files where the application allows it", limit, async () => {
  const bens = await upload(ben, 'b', 'b.txt')
  const allowing = fileRoutes({ adminMayList: true })
  const admin = bearer(await stack.mint('user_boss', { role: 'admin' }))
  const target = 'list?user_id=user_ben'
  await refused('not-owner', 403, 'GET', target, { headers: admin })
  await refused('not-owner', 403, 'GET', target, { headers: bearer(ada) }, allowing)
  const { data } = await call('GET', target, { headers: admin }, allowing)
  assert.deepEqual(
    data.files.map((file) => file.s3_key),
    [bens],
  )
})
