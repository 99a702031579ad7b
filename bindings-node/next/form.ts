import { writeFile } from 'node:fs/promises'
import { BodyRefusal } from './body-refusal.js'
import { Scanner } from './scanner.js'

/** A form of the type `multipart/form-data`, taken apart. */
export interface Form {
  fields: [name: string, value: string][]
  file?: { filename: string; contentType?: string; path: string }
}

const LINE_BREAK = '\r\n'
const END_OF_HEAD = Buffer.from('\r\n\r\n')
const MOST_HEAD_BYTES = 16 * 1024
/** Of all text fields together, as in the core: what is longer would only fill the memory. */
const MOST_TEXT_BYTES = 64 * 1024
/** Parts may be empty, and cost time and memory all the same. */
const MOST_PARTS = 16

/**
 * Takes a form (RFC 7578) apart while it arrives: its first file named `file` goes to `path`, other
 * files are read over. The parsers of Node and of npm either hold the whole form in memory or hide
 * whether a file came with a content type, which the core has to know.
 *
 * @throws {BodyRefusal} `unreadable` when it is no form, has more than 16 parts, or texts longer than
 * 64 KiB, more than the core takes.
 */
export async function readForm(
  pieces: AsyncIterable<Uint8Array>,
  contentType: string | null,
  path: string,
): Promise<Form> {
  const delimiter = Buffer.from(`${LINE_BREAK}--${boundaryOf(contentType)}`)
  // The first delimiter needs no line before it.
  const scanner = new Scanner(pieces, LINE_BREAK)
  const form: Form = { fields: [] }
  let parts = 0
  let textBytes = 0
  await scanner.skipTo(delimiter)
  while (!(await scanner.isNext('--'))) {
    parts += 1
    if (parts > MOST_PARTS) {
      throw new BodyRefusal('unreadable')
    }
    const part = partOf(await scanner.textUntil(END_OF_HEAD, MOST_HEAD_BYTES))
    if (part.filename === undefined) {
      const value = await scanner.textUntil(delimiter, MOST_TEXT_BYTES - textBytes)
      textBytes += Buffer.byteLength(value) + Buffer.byteLength(part.name)
      form.fields.push([part.name, value])
    } else if (part.name === 'file' && form.file === undefined) {
      await writeFile(path, scanner.until(delimiter), { flag: 'wx', mode: 0o600 })
      form.file = { filename: part.filename, ...contentTypeOf(part), path }
    } else {
      await scanner.skipTo(delimiter)
    }
  }
  await scanner.finish()
  return form
}

interface Part {
  name: string
  filename?: string
  contentType?: string
}

function contentTypeOf(part: Part): { contentType?: string } {
  return part.contentType === undefined ? {} : { contentType: part.contentType }
}

/** RFC 2046 allows a boundary 70 bytes. */
function boundaryOf(contentType: string | null): string {
  const { value, parameters } = parseHeader(contentType ?? '')
  const boundary = parameters.get('boundary') ?? ''
  if (value.toLowerCase() !== 'multipart/form-data' || !/^[\x20-\x7e]{1,70}$/.test(boundary)) {
    throw new BodyRefusal('unreadable')
  }
  return boundary
}

function partOf(head: string): Part {
  // A head begins with the end of the delimiter's line, and has a line break before each header.
  const [rest, ...lines] = head.split(LINE_BREAK)
  if (rest?.trim() !== '') {
    throw new BodyRefusal('unreadable')
  }
  const headers = new Map(lines.map(headerOf))
  const { value, parameters } = parseHeader(headers.get('content-disposition') ?? '')
  const name = parameters.get('name')
  if (value.toLowerCase() !== 'form-data' || name === undefined) {
    throw new BodyRefusal('unreadable')
  }
  const part: Part = { name: unescape(name) }
  const filename = parameters.get('filename')
  if (filename !== undefined) {
    part.filename = unescape(filename)
  }
  const contentType = headers.get('content-type')
  if (contentType !== undefined) {
    part.contentType = contentType
  }
  return part
}

function headerOf(line: string): [name: string, value: string] {
  const colon = line.indexOf(':')
  if (colon < 1) {
    throw new BodyRefusal('unreadable')
  }
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
}

const PARAMETER = /;\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))\s*/gy

/** A header's value and its parameters, names in lower case; of a repeated one the first counts. */
function parseHeader(header: string): { value: string; parameters: Map<string, string> } {
  const end = header.indexOf(';')
  const value = end < 0 ? header : header.slice(0, end)
  const rest = header.slice(value.length)
  if (!/^;?\s*$/.test(rest.replace(PARAMETER, ''))) {
    throw new BodyRefusal('unreadable')
  }
  const parameters = new Map<string, string>()
  for (const [, name = '', quoted, bare = ''] of rest.matchAll(PARAMETER)) {
    const key = name.toLowerCase()
    if (!parameters.has(key)) {
      parameters.set(key, quoted?.replace(/\\(["\\])/g, '$1') ?? bare)
    }
  }
  return { value: value.trim(), parameters }
}

/** Browsers write these three so, in the names of fields and files, and nothing else. */
function unescape(name: string): string {
  return name.replace(/%22/g, '"').replace(/%0D/g, '\r').replace(/%0A/g, '\n')
}
