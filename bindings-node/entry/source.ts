import { Readable } from 'node:stream'
import { type StoredFile, type UploadObjectOptions, UploadPipe, UserStorage } from '#native'
import { define } from './define.js'
import { CasierError } from './error.js'

type Upload = (
  this: UserStorage,
  data: unknown,
  filename: string,
  kind: string,
  options?: UploadObjectOptions,
) => Promise<StoredFile>

/** Lets uploads take what gives its bytes little by little. The addon itself takes bytes in memory
 * and pipes. */
export function takeSources(): void {
  const native = UserStorage.prototype.uploadFileObject as Upload
  const uploadFileObject: Upload = async function (data, ...rest) {
    const source = sourceOf(data)
    if (source === undefined) {
      return await native.call(this, data, ...rest)
    }
    return await send(source, (pipe) => native.call(this, pipe, ...rest))
  }
  define(UserStorage, 'uploadFileObject', uploadFileObject)
}

/** Where bytes come from while they are sent. */
interface Source {
  next(): Promise<IteratorResult<unknown>>
  /** The rest is not wanted. */
  end(): Promise<unknown>
}

/** None for bytes in memory, and for what has no bytes at all. */
function sourceOf(data: unknown): Source | undefined {
  if (typeof data !== 'object' || data === null || data instanceof ArrayBuffer || ArrayBuffer.isView(data)) {
    return undefined
  }
  if (data instanceof Blob) {
    return sourceOf(data.stream())
  }
  // The iterators of streams would end them only once the piece has come that they wait for.
  if (data instanceof ReadableStream) {
    const reader = data.getReader()
    return { next: async () => await reader.read(), end: async () => await reader.cancel() }
  }
  const iterable: Partial<AsyncIterable<unknown> & Iterable<unknown>> = data
  const iterator = iterable[Symbol.asyncIterator]?.() ?? iterable[Symbol.iterator]?.()
  if (iterator === undefined) {
    return undefined
  }
  if (data instanceof Readable) {
    return { next: async () => await iterator.next(), end: async () => data.destroy() }
  }
  return iteratorSource(iterator)
}

/** An iterator that has ended by itself is not told to end. */
function iteratorSource(iterator: AsyncIterator<unknown> | Iterator<unknown>): Source {
  let isOver = false
  const next = async (): Promise<IteratorResult<unknown>> => {
    isOver = true
    const result = await iterator.next()
    isOver = result.done === true
    return result
  }
  return { next, end: async () => (isOver ? undefined : await iterator.return?.()) }
}

/** Uploads what a source gives. What the source throws comes through. */
async function send(source: Source, upload: (pipe: UploadPipe) => Promise<StoredFile>): Promise<StoredFile> {
  const pipe = new UploadPipe()
  const thrown: unknown[] = []
  const uploading = upload(pipe)
  fill(pipe, source).catch((cause) => {
    thrown.push(cause)
    pipe.fail()
  })
  try {
    return await uploading
  } catch (error) {
    // An upload from a pipe cannot read it for this reason alone.
    const isTheirs = thrown.length > 0 && error instanceof CasierError && error.code === 'io-failed'
    throw isTheirs ? thrown[0] : error
  } finally {
    // It may wait for a piece that never comes, and what it throws now is of no use to anybody.
    source.end().catch(() => {})
  }
}

/** Sends as fast as the upload takes it. */
async function fill(pipe: UploadPipe, source: Source): Promise<void> {
  for (;;) {
    const { done, value } = await source.next()
    if (done === true) {
      return pipe.finish()
    }
    if (!(await pipe.push(value as Uint8Array))) {
      return
    }
  }
}
