import type { Begun } from './answers.mjs'
import { Api, type Wanted } from './api.mjs'
import { CasierError } from './error.mjs'
import { Memory } from './memory.mjs'
import { PAUSE, type StoredFile, type UploadOptions } from './options.mjs'
import { sendParts } from './parts.mjs'
import { Phase } from './phase.mjs'
import { Progress } from './progress.mjs'
import { unlessAborted } from './waits.mjs'

/** How often the parts are looked through, when the store turns out to lack some at the end. */
const ROUNDS = 3
const MOST_PARALLEL = 16

/**
 * Uploads a file in parts from the browser to the store.
 *
 * Takes a few parts' memory, whatever the size. Parts that fail are sent again, and while the network
 * is away the upload waits. After a reload, or a failure, the same call with the same file goes on
 * from the parts that the store holds: for a `File`, which has a date; a `Blob` begins anew.
 *
 * Rejects with a `CasierError`: those of the routes, `cancelled`, `io-failed` when the file cannot be
 * read any more, `storage-unavailable` when the store takes no parts though the server answers.
 */
export async function uploadFile(file: Blob, options: UploadOptions): Promise<StoredFile> {
  const { signal = new AbortController().signal, parallel = 4 } = options
  if (!Number.isInteger(parallel) || parallel < 1 || parallel > MOST_PARALLEL) {
    throw new TypeError(`parallel is 1 to ${MOST_PARALLEL}`)
  }
  const upload = new Upload(file, options, signal, parallel)
  try {
    signal.throwIfAborted()
    return await upload.run()
  } catch (error) {
    if (!signal.aborted) {
      throw error
    }
    upload.giveUp()
    throw new CasierError('cancelled', 499, 'the upload was given up', { cause: signal.reason })
  }
}

class Upload {
  readonly #file: Blob
  readonly #signal: AbortSignal
  readonly #parallel: number
  readonly #wanted: Wanted
  readonly #memory: Memory
  readonly #phase: Phase
  readonly #progress: Progress
  readonly #api: Api
  #uploadId: string | undefined

  constructor(file: Blob, options: UploadOptions, signal: AbortSignal, parallel: number) {
    this.#file = file
    this.#signal = signal
    this.#parallel = parallel
    this.#wanted = wantedOf(file, options)
    const fingerprint = file instanceof File ? [options.baseUrl, this.#wanted, file.lastModified] : null
    this.#memory = new Memory(options.storage, fingerprint)
    this.#phase = new Phase(options.onPhase)
    this.#progress = new Progress(file.size, options.onProgress)
    this.#api = new Api(options, signal, this.#phase)
  }

  async run(): Promise<StoredFile> {
    this.#phase.enter('starting')
    const begun = (await this.#resume()) ?? (await this.#begin())
    return 'stored' in begun ? begun.stored : await this.#send(begun)
  }

  giveUp(): void {
    if (this.#signal.reason === PAUSE) {
      return
    }
    const uploadId = this.#uploadId ?? this.#memory.recall()?.uploadId
    this.#memory.forget()
    if (uploadId !== undefined) {
      void this.#api.abort(uploadId)
    }
  }

  async #begin(): Promise<Begun> {
    const beginning = this.#api.begin(this.#wanted)
    beginning.then(
      ({ uploadId }) => {
        // Given up meanwhile: what has begun all the same is left to nobody.
        if (this.#signal.aborted) {
          void this.#api.abort(uploadId)
        }
      },
      () => {},
    )
    return await unlessAborted(beginning, this.#signal)
  }

  /** The upload of this file that was broken off, or what has become of it; none if it is no more. */
  async #resume(): Promise<Begun | { stored: StoredFile } | undefined> {
    const remembered = this.#memory.recall()
    if (remembered === undefined) {
      return undefined
    }
    this.#uploadId = remembered.uploadId
    try {
      if (remembered.isCompleting) {
        const stored = await this.#completed(remembered.uploadId)
        if (stored !== undefined) {
          return { stored }
        }
      }
      return await this.#api.state(remembered.uploadId, this.#file.size)
    } catch (error) {
      if (!isCode(error, 'upload-not-found')) {
        throw error
      }
      this.#memory.forget()
      this.#uploadId = undefined
      return undefined
    }
  }

  async #send(upload: Begun): Promise<StoredFile> {
    const { uploadId, expiresAt } = upload
    this.#uploadId = uploadId
    this.#api.endsAt = expiresAt
    for (let round = 1; ; round += 1) {
      this.#memory.keep({ uploadId, expiresAt, isCompleting: false })
      this.#progress.begin(heldBytes(upload, this.#file.size))
      this.#phase.enter('sending')
      await this.#sendParts(upload)
      this.#phase.enter('completing')
      this.#memory.keep({ uploadId, expiresAt, isCompleting: true })
      const stored = await this.#completed(uploadId)
      if (stored !== undefined) {
        return stored
      }
      if (round === ROUNDS) {
        throw new CasierError('upload-incomplete', 409, 'the store keeps losing parts of the upload')
      }
      upload = await this.#api.state(uploadId, this.#file.size)
    }
  }

  async #sendParts(upload: Begun): Promise<void> {
    try {
      await sendParts(this.#file, upload, this.#api, this.#progress, this.#parallel, this.#signal)
    } catch (error) {
      // Over, or completed by another page: the completion tells which.
      if (!isCode(error, 'upload-not-found')) {
        throw error
      }
    }
  }

  /** The stored file; none when the store lacks parts. What has ended for good is forgotten. */
  async #completed(uploadId: string): Promise<StoredFile | undefined> {
    try {
      const stored = await this.#api.complete(uploadId)
      this.#memory.forget()
      this.#progress.begin(this.#file.size)
      return stored
    } catch (error) {
      if (isCode(error, 'upload-incomplete')) {
        return undefined
      }
      if (isFinal(error)) {
        this.#memory.forget()
      }
      throw error
    }
  }
}

function wantedOf(file: Blob, options: UploadOptions): Wanted {
  const filename = options.filename ?? (file instanceof File ? file.name : '')
  if (filename === '') {
    throw new TypeError('a Blob has no name: give it a filename')
  }
  const mimeType = options.mimeType ?? file.type
  return {
    filename,
    content_type: options.kind,
    size: file.size,
    ...(mimeType && { mime_type: mimeType }),
    ...(options.metadata && { metadata: options.metadata }),
    ...(options.overwrite === false && { overwrite: false }),
    ...(options.unguessable === true && { unguessable: true }),
  }
}

function heldBytes({ held, partSize, partCount }: Begun, size: number): number {
  const last = size - (partCount - 1) * partSize
  return [...new Set(held)].reduce((sum, part) => sum + (part === partCount ? last : partSize), 0)
}

/** Whether the server has refused the file itself. */
function isFinal(error: unknown): boolean {
  return error instanceof CasierError && !error.retryable && error.status < 500 && error.status !== 401
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof CasierError && error.code === code
}
