import { createWriteStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Busboy, type BusboyInstance } from '@fastify/busboy'
import { MAX_FORM_PARTS, MAX_FORM_TEXT_BYTES } from '#native'
import { BodyRefusal } from './body-refusal.js'

/** A form of the type `multipart/form-data`, taken apart. */
export interface Form {
  fields: [name: string, value: string][]
  file?: { filename: string; contentType: string; path: string }
}

/** A longer head is cut off there; more than all names may have, lest a name be taken that was cut. */
const MOST_HEAD_BYTES = 80 * 1024

/**
 * Takes a form (RFC 7578) apart while it arrives: its first file named `file` goes to `path`, other
 * files are read over.
 *
 * @throws {BodyRefusal} `unreadable` when it is no form or ends early, has more than 16 parts, or its
 * names and texts are longer than 64 KiB, more than the core takes.
 */
export async function readForm(
  pieces: AsyncIterable<Uint8Array>,
  contentType: string | null,
  path: string,
): Promise<Form> {
  const parser = parserFor(contentType)
  const form: Form = { fields: [] }
  const refuse = () => parser.destroy(new BodyRefusal('unreadable'))
  let textBytes = 0
  const takes = (name: string | undefined, text: string, isCut = false) => {
    textBytes += Buffer.byteLength((name ?? '') + text)
    const isGood = name !== undefined && !isCut && textBytes <= MAX_FORM_TEXT_BYTES
    if (!isGood) {
      refuse()
    }
    return isGood
  }
  let contents: Readable | undefined
  let written: Promise<void> | undefined
  parser.on('partsLimit', refuse)
  parser.on('field', (name, value, _nameIsCut, valueIsCut) => {
    if (takes(name, value, valueIsCut)) {
      form.fields.push([unescape(name), value])
    }
  })
  parser.on('file', (name, stream, filename, _encoding, contentType) => {
    stream.on('error', toldByParser)
    if (!takes(name, filename) || name !== 'file' || form.file !== undefined) {
      stream.resume()
      return
    }
    form.file = { filename: unescape(filename), contentType, path }
    contents = stream
    written = writeDown(stream, path)
    written.catch((error: Error) => parser.destroy(error))
  })
  try {
    await feed(parser, pieces)
    await written
    return form
  } catch (error) {
    // What the parser still holds must not begin a file after this.
    parser.removeAllListeners('file').destroy()
    // With the error: a file that is destroyed without one while its end is held would never settle.
    contents?.destroy(error as Error)
    await written?.catch(() => undefined)
    throw isOfTheSystem(error) || error instanceof BodyRefusal ? error : new BodyRefusal('unreadable')
  }
}

/** Settles once the file is closed: one that is still being opened would appear behind the request. */
async function writeDown(contents: Readable, path: string): Promise<void> {
  const file = createWriteStream(path, { flags: 'wx', mode: 0o600 })
  const closed = new Promise<void>((resolve) => file.once('close', resolve))
  await pipeline(contents, file).finally(() => closed)
}

/**
 * Gives the parser what it takes, and reads the rest away. `pipeline` would wait for ever where the
 * parser is done before its input is: behind the last delimiter, in the middle of a piece.
 */
async function feed(parser: BusboyInstance, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  let isOver = false
  const over = new Promise<void>((resolve, reject) => {
    parser.once('finish', resolve).once('error', reject)
  }).finally(() => (isOver = true))
  over.catch(() => undefined)
  for await (const piece of pieces) {
    if (isOver) {
      await over
    } else {
      await Promise.race([new Promise((resolve) => parser.write(piece, resolve)), over])
    }
  }
  parser.end()
  await over
}

/** The parser also takes forms of other types, and a boundary without a character. */
const CONTENT_TYPE = /^multipart\/form-data\s*;.*\bboundary="?[^\s";]/i

function parserFor(contentType: string | null): BusboyInstance {
  if (contentType === null || !CONTENT_TYPE.test(contentType)) {
    throw new BodyRefusal('unreadable')
  }
  let parser: BusboyInstance
  try {
    parser = new Busboy({
      headers: { 'content-type': contentType },
      isPartAFile: (_name, _type, filename) => filename !== undefined,
      // The core cleans names.
      preservePath: true,
      // One piece is in hand at a time. With less, the parser waits in vain for a drain of its own when
      // a form ends within a long piece.
      highWaterMark: Number.MAX_SAFE_INTEGER,
      limits: { fieldSize: MAX_FORM_TEXT_BYTES, headerSize: MOST_HEAD_BYTES, parts: MAX_FORM_PARTS },
    })
  } catch {
    throw new BodyRefusal('unreadable')
  }
  return parser.on('error', toldByParser)
}

/** The first error reaches us by its promise; another would end the process if nobody listened. */
function toldByParser(): void {}

/** A full disk and the like. */
function isOfTheSystem(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error
}

/** Browsers write these three so, in the names of fields and files, and nothing else. */
function unescape(name: string): string {
  return name.replace(/%22/g, '"').replace(/%0D/g, '\r').replace(/%0A/g, '\n')
}
