import type { Begun, PartUrl } from './answers.mjs'
import type { Api } from './api.mjs'
import { CasierError, unexpected } from './error.mjs'
import type { Progress } from './progress.mjs'
import { put } from './put.mjs'
import { backoff, wait } from './waits.mjs'

/** How often one part is tried while the server itself answers, and the longest wait in between, in
 * milliseconds. */
const ATTEMPTS = 9
const LONGEST_WAIT = 20_000

/** How many addresses are asked for at once, for each part on its way. */
const AHEAD = 4

/** How old an address may be when it is used, in milliseconds. They hold for 15 minutes at most. */
const FRESH = 300_000

/** Sends the parts that the store lacks, `parallel` at a time. The first failure ends all;
 * `upload-not-found` when the upload is over. */
export async function sendParts(
  file: Blob,
  upload: Begun,
  api: Api,
  progress: Progress,
  parallel: number,
  signal: AbortSignal,
): Promise<void> {
  const held = new Set(upload.held)
  const all = Array.from({ length: upload.partCount }, (_, at) => at + 1)
  const waiting = all.filter((number) => !held.has(number))
  const addresses = new Addresses(api, upload.uploadId, waiting, parallel * AHEAD)
  const failed = new AbortController()
  const sender = new Sender(file, upload, api, addresses, progress, AbortSignal.any([signal, failed.signal]))
  const work = async (): Promise<void> => {
    for (let number = waiting.shift(); number !== undefined; number = waiting.shift()) {
      await sender.send(number)
    }
  }
  try {
    await Promise.all(Array.from({ length: parallel }, work))
  } finally {
    failed.abort()
  }
}

/** Sends single parts. */
class Sender {
  constructor(
    readonly file: Blob,
    readonly upload: Begun,
    readonly api: Api,
    readonly addresses: Addresses,
    readonly progress: Progress,
    readonly signal: AbortSignal,
  ) {}

  /** Sends a part until the store has it, each time to a new address. */
  async send(number: number): Promise<void> {
    const start = (number - 1) * this.upload.partSize
    const body = this.file.slice(start, Math.min(start + this.upload.partSize, this.file.size))
    for (let attempt = 0; ; attempt += 1) {
      const address = await this.addresses.take(number)
      if (address.size !== body.size) {
        throw unexpected(`part ${number} has ${body.size} bytes, not ${address.size}`)
      }
      this.signal.throwIfAborted()
      const status = await put(address, body, (bytes) => this.progress.move(number, bytes), this.signal)
      if (status >= 200 && status < 300) {
        this.progress.arrived(number, body.size)
        return
      }
      this.signal.throwIfAborted()
      this.progress.move(number, 0)
      await this.#afterFailure(status, body, attempt)
    }
  }

  async #afterFailure(status: number, body: Blob, attempt: number): Promise<void> {
    if (status === 0) {
      await checkReadable(body)
    }
    if (status === 404) {
      // The upload may be over, which the server tells.
      await this.api.state(this.upload.uploadId, this.file.size)
    }
    if (attempt === ATTEMPTS - 1) {
      const why = status === 0 ? 'gave no answer' : `answered ${status}`
      throw new CasierError('storage-unavailable', 503, `the store ${why} to one part ${ATTEMPTS} times`)
    }
    if (status === 403) {
      // An address that has expired: the others are as old.
      this.addresses.drop()
    }
    await wait(backoff(attempt, LONGEST_WAIT), this.signal)
  }
}

/** The addresses of parts, asked for shortly before they are used, several at once. */
class Addresses {
  readonly #known = new Map<number, { part: PartUrl; askedAt: number }>()
  #asking: Promise<void> | undefined

  constructor(
    readonly api: Api,
    readonly uploadId: string,
    readonly waiting: readonly number[],
    readonly ahead: number,
  ) {}

  /** The address for a part, which is not given out again. */
  async take(number: number): Promise<PartUrl> {
    for (;;) {
      const known = this.#fresh(number)
      if (known !== undefined) {
        this.#known.delete(number)
        return known
      }
      this.#asking ??= this.#ask(number).finally(() => {
        this.#asking = undefined
      })
      await this.#asking
    }
  }

  drop(): void {
    this.#known.clear()
  }

  #fresh(number: number): PartUrl | undefined {
    const known = this.#known.get(number)
    return known !== undefined && Date.now() - known.askedAt < FRESH ? known.part : undefined
  }

  async #ask(number: number): Promise<void> {
    const next = this.waiting.slice(0, this.ahead - 1).filter((other) => this.#fresh(other) === undefined)
    const askedAt = Date.now()
    for (const part of await this.api.parts(this.uploadId, [number, ...next])) {
      this.#known.set(part.number, { part, askedAt })
    }
  }
}

/** A browser tells of a file that has changed or gone since it was chosen as of a broken connection. */
async function checkReadable(body: Blob): Promise<void> {
  try {
    await body.slice(0, 1).arrayBuffer()
  } catch (cause) {
    throw new CasierError('io-failed', 500, 'the file has changed or gone since it was chosen', { cause })
  }
}
