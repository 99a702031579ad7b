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
  assert.equal(await nameOf(disposition('name="file"; filename="C:\\dir/../a.txt"')), 'C:\\dir/../a.txt')
  assert.equal(await nameOf(disposition('name="file"')), undefined)
  // So do the clients of .NET and older ones of Python write a name that is not ASCII.
  const extended = "filename*=utf-8''%C3%89t%C3%A9.png"
  assert.equal(await nameOf(disposition(`name=file; filename="=?utf-8?B?w4l0?="; ${extended}`)), 'Été.png')
  assert.equal(await nameOf(disposition(`name="file"; ${extended}`)), 'Été.png')

  const bare = await read(part(disposition('name="file"; filename="a.png"')))
  assert.equal(bare.file.contentType, 'text/plain', 'as RFC 7578 has it; the core knows')
  const surrounded = 'before\r\n--a b\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--a b-- after'
  assert.deepEqual((await read(surrounded)).fields, [['a', 'x']])
  assert.deepEqual((await read('--a b--')).fields, [])
})

test('what is no form is refused', limit, async () => {
  const ok = 'Content-Disposition: form-data; name="a"'
  assert.ok(await read(part(ok)))
  for (const contentType of [
    null,
    '',
    'application/json',
    'application/x-www-form-urlencoded',
    'multipart/mixed; boundary=a',
    'multipart/form-data',
    'multipart/form-data; boundary=',
    'multipart/form-data; boundary=""',
    'multipart/form-data; boundary="é"',
    `multipart/form-data; boundary=${'a'.repeat(300)}`,
  ]) {
    await refused(part(ok), { contentType })
  }
  for (const form of [
    '',
    'no delimiter',
    part('Content-Disposition: form-data'),
    part('Content-Disposition: form-data; filename="a"'),
  ]) {
    await refused(form)
  }
})

// Busboy is generous here, as servers are: nothing of such a part comes out, so that the core says what
// the form lacks, and the parts beside it are whole.
test('a part that is no field of a form is passed over', limit, async () => {
  const ok = 'Content-Disposition: form-data; name="a"'
  for (const head of [
    '\r\n',
    '\r\nContent-Type: text/plain\r\n',
    '\r\nContent-Disposition: attachment; name=a\r\n',
    `\r\nno colon\r\n${ok}\r\n`,
    `\r\n: no name\r\n${ok}\r\n`,
    ` more\r\n${ok}\r\n`,
  ]) {
    for (const size of [1, 7, 4096]) {
      const { fields, file } = await read(`--a b${head}\r\nx\r\n${part(ok)}`, { size })
      assert.deepEqual([fields, file], [[['a', 'x']], undefined], head)
    }
  }
})

test('only a file may be large', limit, async () => {
  const field = (name, value) => `--a b\r\nContent-Disposition: form-data; name=${name}\r\n\r\n${value}\r\n`
  const most = 64 * 1024
  const options = { size: 4096 }
  assert.ok(await read(`${field('a', 'x'.repeat(most - 1))}--a b--`, options))
  await refused(`${field('a', 'x'.repeat(most + 1))}--a b--`, options)
  await refused(`${field('a', 'x'.repeat(most / 2)).repeat(2)}--a b--`, options)
  await refused(field('x'.repeat(most + 1), '') + '--a b--', options)
  // In this charset the text that is cut off there is half as long as its bytes.
  const wide = 'a\r\nContent-Type: text/plain; charset=utf-16le'
  await refused(`${field(wide, 'x\0'.repeat(most * 0.75))}--a b--`, options)
  const named = (filename) => part(`Content-Disposition: form-data; name=other; filename="${filename}"`)
  await refused(named('x'.repeat(most + 1)), options)
  await refused(named('x'.repeat(most * 2)), options)
  assert.ok(await read(part(`Content-Disposition: form-data; name=a\r\nX: ${'x'.repeat(most * 4)}`), options))
})

test('a form has few parts, empty ones and other files among them', limit, async () => {
  const parts = (headers, count) => `--a b\r\n${headers}\r\n\r\n\r\n`.repeat(count)
  for (const name of ['name=""', 'name="other"; filename="a"', 'name="file"; filename="a"']) {
    const headers = `Content-Disposition: form-data; ${name}`
    assert.ok(await read(`${parts(headers, 16)}--a b--`))
    await refused(`${parts(headers, 17)}--a b--`)
  }
})

test('a large file goes to disk at the pace of the disk', limit, async () => {
  const piece = Buffer.alloc(64 * 1024, 'x')
  const path = freshPath()
  let written = 0
  async function* pieces() {
    yield Buffer.from('--a b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n')
    for (let count = 1; count <= 256; count += 1) {
      yield piece
      const onDisk = existsSync(path) ? statSync(path).size : 0
      assert.ok(count * piece.length - onDisk < 1024 * 1024, 'too much is held')
      written = count * piece.length
    }
    yield Buffer.from('\r\n--a b--')
  }
  await readForm(pieces(), CONTENT_TYPE, path)
  assert.equal(statSync(path).size, written)
})

// The parser is then done before its input is, and would wait for what never comes.
test('a form that ends within a piece is answered, whatever follows', limit, async () => {
  const long = 'x'.repeat(200_000)
  const field = 'Content-Disposition: form-data; name=a\r\n\r\nx'
  for (const text of [
    `--a b--${long}`,
    `--a b\r\n${long}\r\n--a b--${long}`,
    `--a b\r\n${field}\r\n--a b--\r\n--a b\r\n${field}${long}`,
    `--a b--\r\n--a b\r\n${long}\r\n--a b--`,
  ]) {
    for (const size of [64, 4096, 65_536, 1e6]) {
      const { fields } = await read(text, { size })
      assert.deepEqual(fields, text.startsWith(`--a b\r\n${field}`) ? [['a', 'x']] : [])
    }
  }
})

test('what goes wrong on the way is told once, and nothing goes on behind it', limit, async () => {
  const head = 'Content-Disposition: form-data; name="file"; filename="a"'
  const text = `--a b\r\n${head}\r\n\r\n${'x'.repeat(100_000)}`
  const stray = []
  const listener = (error) => stray.push(error)
  process.on('uncaughtException', listener).on('unhandledRejection', listener)
  try {
    const cause = new Error('the client went away')
    async function* brokenOff() {
      yield* inPieces(Buffer.from(text), 4096)
      throw Object.assign(cause, { syscall: 'read' })
    }
    await assert.rejects(readForm(brokenOff(), CONTENT_TYPE, freshPath()), cause)
    const nowhere = join(folder, 'missing', 'file')
    await assert.rejects(read(`${text}\r\n--a b--`, { path: nowhere, size: 4096 }), { code: 'ENOENT' })
    await refused(text, { size: 4096 })
    // The file's part begins in the piece in which the form is refused already.
    const path = freshPath()
    const refusedBefore = `--a b\r\nContent-Disposition: form-data\r\n\r\nx\r\n${text}\r\n--a b--`
    await refused(refusedBefore, { size: 1e6, path })
    rmSync(path, { force: true })
    await new Promise((resolve) => setTimeout(resolve, 100))
    assert.ok(!existsSync(path))
    assert.deepEqual(stray, [])
  } finally {
    process.off('uncaughtException', listener).off('unhandledRejection', listener)
  }
})

test('a file goes over no other, and is for nobody else to read', limit, async () => {
  const path = freshPath()
  const form = part('Content-Disposition: form-data; name="file"; filename="a"')
  await read(form, { path })
  await assert.rejects(read(form, { path }), { code: 'EEXIST' })
  assert.equal(statSync(path).mode & 0o777, 0o600)
})
