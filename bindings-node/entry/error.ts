import { catalogue, type Details } from '#native'

const codes = new Map(catalogue().map((entry) => [entry.code, entry]))
const noDetails: Details = { required: null, actual: null, limit: null, used: null, retryAfter: null }

/** What an application does about an error. */
export type Category =
  | 'authentication'
  | 'access-denied'
  | 'invalid-input'
  | 'not-found'
  | 'conflict'
  | 'unavailable'
  | 'storage'
  | 'config'
  | 'other'

/**
 * Any failure of Casier.
 *
 * The message never holds a token, a secret or a signed link. `cause` is the signal's reason where
 * a call was given up (`cancelled`).
 */
export class CasierError extends Error {
  /** The stable kebab-case code, for example `token-expired`. */
  readonly code: string
  /** The HTTP status that goes with the code. */
  readonly status: number
  /** Whether the same call may succeed later with nothing changed. */
  readonly retryable: boolean
  /** What an application does about it. */
  readonly category: Category
  /** The facts that belong to the code, under the same names in every language. */
  readonly details: Details

  /** Makes an error of one code of the catalogue; any other code is a `RangeError`. */
  constructor(code: string, message: string, options: { details?: Partial<Details>; cause?: unknown } = {}) {
    const entry = codes.get(code)
    if (entry === undefined) {
      throw new RangeError(`there is no error code ${code}`)
    }
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.status = entry.status
    this.retryable = entry.retryable
    this.category = entry.category as Category
    this.details = { ...noDetails, ...options.details }
  }

  static {
    Object.defineProperty(this.prototype, 'name', { value: 'CasierError', configurable: true, writable: true })
  }
}
