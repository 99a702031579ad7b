/** The facts that belong to an error's code; those that do not apply are absent. */
export interface Details {
  readonly required?: string
  readonly actual?: string
  readonly limit?: number
  readonly used?: number
  /** How long to wait, in seconds. */
  readonly retryAfter?: number
}

/** Any failure of an upload, with the codes that Casier has everywhere. */
export class CasierError extends Error {
  override readonly name = 'CasierError'
  /** The stable kebab-case code, for example `quota-exceeded`. */
  readonly code: string
  /** The HTTP status that goes with the code. */
  readonly status: number
  /** Whether the same call may succeed later with nothing changed. */
  readonly retryable: boolean
  /** The facts that belong to the code. */
  readonly details: Details

  constructor(code: string, status: number, message: string, options: { details?: Details; cause?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.status = status
    this.retryable = code === 'conflict' || [429, 503, 504].includes(status)
    this.details = options.details ?? {}
  }
}

/** An answer that no server of this protocol gives. */
export function unexpected(what: string, status = 500): CasierError {
  return new CasierError('internal', Math.max(status, 400), `the server's answer is not one of the upload protocol: ${what}`)
}
