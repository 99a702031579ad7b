// Forms, as they arrive: in pieces of any size, cut off, or no forms at all.

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

const { readForm } = createRequire(import.meta.url)('../dist/next/form.js')

const folder = mkdtempSync(join(tmpdir(), 'casier-forms-'))
after(() => rmSync(folder, { recursive: true }))
let used = 0
const freshPath = () => join(folder, String(used++))

const limit = { timeout: 60_000 }
const CONTENT_TYPE = 'multipart/form-data; boundary="a b"'

async function* inPieces(bytes, size) {
  for (let at = 0; at < bytes.length; at += size) {
    yield bytes.subarray(at, at + size)
  }
}

/** A form as `fetch` and browsers write it. */
async function encoded(form) {
  const response = new Response(form)
  return [Buffer.from(await response.arrayBuffer()), response.headers.get('Content-Type')]
}

function read(text, { contentType = CONTENT_TYPE, size = 7, path = freshPath() } = {}) {
  return readForm(inPieces(Buffer.from(text), size), contentType, path)
}

async function refused(...form) {
  await assert.rejects(read(...form), (error) => error.reason === 'unreadable')
}

/** One part with these headers. */
const part = (...headers) => `--a b\r\n${headers.join('\r\n')}\r\n\r\nx\r\n--a b--\r\n`

test('a form comes out as it went in, however it is cut into pieces', limit, async () => {
  const contents = Buffer.from('\r\n--\r\n--form\r\n-\r\r\n--formdata-undici-0 é\r\n')
  for (const name of ['plain.txt', 'Été "à" Paris.png', 'a;b=c.md', '日本 %20.pdf', 'x\\y.txt']) {
    const form = new FormData()
    form.append('before', 'é\r\n--\r\n')
    form.append('other', new Blob(['not this one']), 'other.bin')
    form.append('file', new Blob([contents], { type: 'text/plain' }), name)
    form.append('file', new Blob(['nor this']), 'second.bin')
    form.append('a "name"', 'after')
    const [bytes, contentType] = await encoded(form)
    for (let size = 1; size <= bytes.length; size += size < 80 ? 1 : 97) {
      const path = freshPath()
      const read = await readForm(inPieces(bytes, size), contentType, path)
      assert.deepEqual(read.fields, [
        ['before', 'é\r\n--\r\n'],
        ['a "name"', 'after'],
      ])
      assert.deepEqual(read.file, { filename: name, contentType: 'text/plain', path })
      assert.deepEqual(readFileSync(path), contents)
    }
  }
})

test('a form that ends early is no form, wherever it ends', limit, async () => {
  const form = new FormData()
  form.append('kind', 'document')
  form.append('file', new Blob(['contents']), 'a.txt')
  const [bytes, contentType] = await encoded(form)
  const end = bytes.lastIndexOf('--') + 2
  for (let cut = 0; cut < end; cut += 1) {
    await refused(bytes.subarray(0, cut), { contentType })
  }
  assert.ok(await read(bytes.subarray(0, end), { contentType }))
})

test('what other clients write is understood', limit, async () => {
  const disposition = (rest) => `Content-Disposition: form-data; ${rest}`
  const nameOf = async (...headers) => (await read(part(...headers))).file?.filename
  assert.equal(await nameOf(disposition('name=file; filename=a.txt')), 'a.txt')
  assert.equal(await nameOf('content-disposition:form-data;NAME="file";FileName="a\\"b.txt"'), 'a"b.txt')
  assert.equal(await nameOf(disposition('name="file"; filename=""')), '')
  assert.equal(await nameOf(disposition('filename="a;name=b"; name="file"')), 'a;name=b')
  assert.equal(await nameOf(disposition('name="file"')), undefined)

  const bare = await read(part(disposition('name="file"; filename="a.png"')))
  assert.ok(!('contentType' in bare.file), 'no content type is none, not text/plain')
  const padded = 'before\r\n--a b \t\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--a b-- after'
  assert.deepEqual((await read(padded)).fields, [['a', 'x']])
  assert.deepEqual((await read('--a b--')).fields, [])
})

test('what is no form is refused', limit, async () => {
  const ok = 'Content-Disposition: form-data; name="a"'
  assert.ok(await read(part(ok)))
  for (const contentType of [
    null,
    '',
    'application/json',
    'multipart/mixed; boundary=a',
    'multipart/form-data',
    'multipart/form-data; boundary=',
    'multipart/form-data; boundary="é"',
    `multipart/form-data; boundary=${'a'.repeat(71)}`,
  ]) {
    await refused(part(ok), { contentType })
  }
  for (const form of [
    '',
    'no delimiter',
    part(),
    part('Content-Type: text/plain'),
    part('Content-Disposition: attachment; name=a'),
    part('Content-Disposition: form-data'),
    part('Content-Disposition: form-data; name="a'),
    part('no colon', ok),
    part(': no name', ok),
    `--a b more\r\n${ok}\r\n\r\nx\r\n--a b--`,
    `--a b\r\n\r\nx\r\n${part(ok)}`,
  ]) {
    await refused(form)
  }
})

test('only a file may be large', limit, async () => {
  const field = (name, value) => `--a b\r\nContent-Disposition: form-data; name=${name}\r\n\r\n${value}\r\n`
  const most = 64 * 1024
  const options = { size: 4096 }
  assert.ok(await read(`${field('a', 'x'.repeat(most - 1))}--a b--`, options))
  await refused(`${field('a', 'x'.repeat(most + 1))}--a b--`, options)
  await refused(`${field('a', 'x'.repeat(most / 2)).repeat(2)}--a b--`, options)
  await refused(part(`X: ${'x'.repeat(17 * 1024)}`), options)
})

test('a form has few parts, empty ones and other files among them', limit, async () => {
  const parts = (headers, count) => `--a b\r\n${headers}\r\n\r\n\r\n`.repeat(count)
  for (const name of ['name=""', 'name="other"; filename="a"', 'name="file"; filename="a"']) {
    const headers = `Content-Disposition: form-data; ${name}`
    assert.ok(await read(`${parts(headers, 16)}--a b--`))
    await refused(`${parts(headers, 17)}--a b--`)
  }
})

test('a file goes over no other, and is for nobody else to read', limit, async () => {
  const path = freshPath()
  const form = part('Content-Disposition: form-data; name="file"; filename="a"')
  await read(form, { path })
  assert.equal(statSync(path).mode & 0o777, 0o600)
  await assert.rejects(read(form, { path }), { code: 'EEXIST' })
  assert.ok(existsSync(path))
})
