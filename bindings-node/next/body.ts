import { BodyRefusal } from './body-refusal.js'
import { readForm } from './form.js'
import type { HttpBody } from '#native'

/** Reads a body of JSON, and no more than `limit` bytes of it. */
export function readJsonBody(request: Request, limit: number): Promise<HttpBody> {
  return read(request, limit, async (pieces) => ({ json: await wholeOf(pieces) }))
}

/** Reads a form, and no more than `limit` bytes of it. Its file goes to `path`. */
export function readFormBody(request: Request, limit: number, path: string): Promise<HttpBody> {
  const contentType = request.headers.get('Content-Type')
  return read(request, limit, async (pieces) => ({ form: await readForm(pieces, contentType, path) }))
}

/** What is not read, because it is too much or not what is wanted, is cancelled. */
async function read(
  request: Request,
  limit: number,
  take: (pieces: AsyncIterable<Uint8Array>) => Promise<HttpBody>,
): Promise<HttpBody> {
  const reader = request.body?.getReader()
  try {
    refuse(Number(request.headers.get('Content-Length')) > limit)
    return await take(upTo(limit, reader))
  } catch (error) {
    if (error instanceof BodyRefusal) {
      return error.reason === 'tooLarge' ? { tooLarge: true } : { unreadable: true }
    }
    throw error
  } finally {
    await reader?.cancel().catch(() => undefined)
  }
}

async function* upTo(
  limit: number,
  reader: ReadableStreamDefaultReader<Uint8Array> | undefined,
): AsyncGenerator<Uint8Array, void> {
  let left = limit
  for (;;) {
    const read = await reader?.read().catch(brokenOff)
    if (read?.value === undefined) {
      return
    }
    left -= read.value.byteLength
    refuse(left < 0)
    yield read.value
  }
}

function refuse(isTooLarge: boolean): void {
  if (isTooLarge) {
    throw new BodyRefusal('tooLarge')
  }
}

/** The client went away. */
function brokenOff(): never {
  throw new BodyRefusal('unreadable')
}

async function wholeOf(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const held: Uint8Array[] = []
  for await (const piece of pieces) {
    held.push(piece)
  }
  return Buffer.concat(held)
}
