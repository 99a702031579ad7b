import { CasierError, type Details, unexpected } from './error.mjs'
import type { StoredFile } from './options.mjs'

/** An upload that has begun, and the parts that the store holds. */
export interface Begun {
  uploadId: string
  partSize: number
  partCount: number
  /** In milliseconds since 1970. */
  expiresAt: number
  held: number[]
}

/** Where to send one part. */
export interface PartUrl {
  number: number
  url: string
  headers: Record<string, string>
  size: number
}

type Members = Record<string, unknown>

/** The data of an answer; the error of one that is none, thrown. */
export function readEnvelope(status: number, text: string): unknown {
  const envelope = membersOf(parsed(text, status), status)
  if (envelope['success'] === true) {
    return envelope['data']
  }
  const error = membersOf(envelope['error'], status)
  const { code, message } = error
  if (typeof code !== 'string' || status < 400) {
    throw unexpected('an error without a code', status)
  }
  throw new CasierError(code, status, String(message), { details: detailsOf(error['details']) })
}

export function readBegun(data: unknown, size: number): Begun {
  const members = membersOf(data)
  return plan(members, textOf(members, 'upload_id'), size, [])
}

export function readState(data: unknown, id: string, size: number): Begun {
  const members = membersOf(data)
  const held = listOf(members, 'parts').map((part) => countOf({ part }, 'part'))
  if (countOf(members, 'size') !== size) {
    throw unexpected('an upload of another size')
  }
  return plan(members, id, size, held)
}

export function readParts(data: unknown, numbers: number[]): PartUrl[] {
  const parts = listOf(membersOf(data), 'parts').map((part) => {
    const members = membersOf(part)
    const headers = Object.entries(membersOf(members['headers'] ?? {})).map(([name, value]) => [name, String(value)])
    return {
      number: countOf(members, 'part_number'),
      url: textOf(members, 'url'),
      headers: Object.fromEntries(headers) as Record<string, string>,
      size: countOf(members, 'size'),
    }
  })
  const missing = numbers.find((number) => !parts.some((part) => part.number === number))
  if (missing !== undefined) {
    throw unexpected(`no address for part ${missing}`)
  }
  return parts
}

export function readStored(data: unknown): StoredFile {
  const members = membersOf(data)
  const { content_type: kind, mime_type: contentType, metadata } = members
  return {
    key: textOf(members, 's3_key'),
    filename: textOf(members, 'filename'),
    kind: typeof kind === 'string' ? kind : null,
    size: countOf(members, 'size'),
    contentType: typeof contentType === 'string' ? contentType : null,
    metadata: membersOf(metadata ?? {}) as Record<string, string>,
  }
}

function plan(members: Members, uploadId: string, size: number, held: number[]): Begun {
  const [partSize, partCount] = [countOf(members, 'part_size'), countOf(members, 'part_count')]
  const expiresAt = Date.parse(textOf(members, 'expires_at'))
  if (partSize === 0 || partCount !== Math.ceil(size / partSize) || Number.isNaN(expiresAt)) {
    throw unexpected(`${partCount} parts of ${partSize} bytes for ${size}, until ${members['expires_at']}`)
  }
  return { uploadId, partSize, partCount, expiresAt, held: held.filter((part) => part >= 1 && part <= partCount) }
}

function parsed(text: string, status: number): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw unexpected('it is not JSON', status)
  }
}

function membersOf(value: unknown, status?: number): Members {
  if (typeof value !== 'object' || value === null) {
    throw unexpected('an object is missing', status)
  }
  return value as Members
}

function textOf(members: Members, name: string): string {
  const value = members[name]
  if (typeof value !== 'string' || value === '') {
    throw unexpected(`${name} is missing`)
  }
  return value
}

function countOf(members: Members, name: string): number {
  const value = members[name]
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw unexpected(`${name} is missing`)
  }
  return value
}

function listOf(members: Members, name: string): unknown[] {
  const value = members[name]
  if (!Array.isArray(value)) {
    throw unexpected(`${name} is missing`)
  }
  return value
}

function detailsOf(value: unknown): Details {
  if (typeof value !== 'object' || value === null) {
    return {}
  }
  const { retry_after: retryAfter, ...rest } = value as Details & { retry_after?: number }
  return retryAfter === undefined ? rest : { ...rest, retryAfter }
}
