import { type Begun, type PartUrl, readBegun, readEnvelope, readParts, readState, readStored } from './answers.mjs'
import { CasierError } from './error.mjs'
import type { StoredFile, UploadOptions } from './options.mjs'
import type { Phase } from './phase.mjs'
import { backoff, wait } from './waits.mjs'

/** How long an answer may take, in milliseconds. Completing lasts longest: the server may copy. */
const DEADLINE = 30_000
const COMPLETE_DEADLINE = 300_000

/** How often a busy server is asked, and the longest wait in between, in milliseconds. */
const ATTEMPTS = 7
const LONGEST_WAIT = 10_000

/** The longest wait that a server may ask for, in seconds. */
const LONGEST_ASKED = 60

/** What the statuses of busy servers are, and of the proxies before them. */
const BUSY = [408, 429, 502, 503, 504]

/** What an upload is begun with. */
export interface Wanted {
  filename: string
  content_type: string
  mime_type?: string
  size: number
  metadata?: Record<string, string>
  overwrite?: boolean
  unguessable?: boolean
}

/**
 * The routes. A call waits for the network for as long as it is away, and asks a busy server again;
 * each of them may be asked twice.
 */
export class Api {
  readonly #options: UploadOptions
  readonly #signal: AbortSignal
  readonly #phase: Phase
  readonly #uploads: string
  /** Until when the network is waited for, in milliseconds since 1970. */
  endsAt = Date.now() + 24 * 3600_000

  /** A `baseUrl` that is no address is a `TypeError`. */
  constructor(options: UploadOptions, signal: AbortSignal, phase: Phase) {
    this.#options = options
    this.#signal = signal
    this.#phase = phase
    this.#uploads = new URL(`${options.baseUrl.replace(/\/+$/, '')}/uploads`, globalThis.location?.href).href
  }

  /** Not given up half-way: what has begun would be left behind. */
  async begin(wanted: Wanted): Promise<Begun> {
    return readBegun(await this.#call({ method: 'POST', path: '', body: wanted, isGivenUp: false }), wanted.size)
  }

  async state(id: string, size: number): Promise<Begun> {
    return readState(await this.#call({ method: 'GET', path: `/${encodeURIComponent(id)}` }), id, size)
  }

  async parts(id: string, numbers: number[]): Promise<PartUrl[]> {
    const path = `/${encodeURIComponent(id)}/parts`
    return readParts(await this.#call({ method: 'POST', path, body: { part_numbers: numbers } }), numbers)
  }

  async complete(id: string): Promise<StoredFile> {
    const path = `/${encodeURIComponent(id)}/complete`
    return readStored(await this.#call({ method: 'POST', path, deadline: COMPLETE_DEADLINE }))
  }

  /** Asked once, whatever becomes of it: what is not aborted ends by itself. */
  async abort(id: string): Promise<void> {
    await this.#ask({ method: 'DELETE', path: `/${encodeURIComponent(id)}`, isGivenUp: false }).catch(() => {})
  }

  async #call(request: Request): Promise<unknown> {
    let busy = 0
    let away = 0
    for (;;) {
      const answer = await this.#ask(request).catch((error: unknown) => {
        this.#signal.throwIfAborted()
        return { error }
      })
      if ('data' in answer) {
        this.#phase.online(true)
        return answer.data
      }
      const { error } = answer
      if (error instanceof Unreachable && Date.now() < this.endsAt) {
        this.#phase.online(false)
        await wait(backoff(away++, LONGEST_WAIT), this.#signal)
      } else if (isBusy(error) && busy < ATTEMPTS - 1) {
        this.#phase.online(true)
        const asked = error.details.retryAfter
        await wait(asked === undefined ? backoff(busy, LONGEST_WAIT) : asked * 1000, this.#signal)
        busy += 1
      } else {
        throw error instanceof Unreachable ? error.asError() : error
      }
    }
  }

  async #ask(request: Request): Promise<{ data: unknown }> {
    const { method, path, body, deadline = DEADLINE, isGivenUp = true } = request
    const { credentials = 'same-origin' } = this.#options
    const headers = new Headers(this.#options.headers)
    const token = await this.#token()
    if (token) {
      headers.set('Authorization', `Bearer ${token}`)
    }
    if (body !== undefined) {
      headers.set('Content-Type', 'application/json')
    }
    const signals = [AbortSignal.timeout(deadline), ...(isGivenUp ? [this.#signal] : [])]
    const response = await fetch(this.#uploads + path, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      credentials,
      cache: 'no-store',
      // An abort still leaves a page that is being left.
      keepalive: method === 'DELETE',
      signal: AbortSignal.any(signals),
    }).catch(unreachable)
    const text = await response.text().catch(unreachable)
    return { data: readEnvelope(response.status, text) }
  }

  /** Tokens are renewed over the network as well. */
  async #token(): Promise<string | null | undefined> {
    try {
      return await this.#options.getToken?.()
    } catch (cause) {
      throw globalThis.navigator?.onLine === false ? new Unreachable(cause) : cause
    }
  }
}

interface Request {
  method: string
  path: string
  body?: unknown
  deadline?: number
  /** Whether the signal ends it. */
  isGivenUp?: boolean
}

/** Nothing came back: the network is away, or the server. */
class Unreachable {
  constructor(readonly cause: unknown) {}

  asError(): CasierError {
    return new CasierError('timeout', 504, 'the server could not be reached', { cause: this.cause })
  }
}

function unreachable(cause: unknown): never {
  throw new Unreachable(cause)
}

/** A session's cookie has often expired while the network was away, and is renewed in a moment. */
function isBusy(error: unknown): error is CasierError {
  return (
    error instanceof CasierError &&
    (error.details.retryAfter ?? 0) <= LONGEST_ASKED &&
    (error.code === 'token-expired' || (BUSY.includes(error.status) && error.code !== 'storage-denied'))
  )
}
