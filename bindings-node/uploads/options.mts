/** The reason that makes an aborted upload pause: `controller.abort(PAUSE)`. */
export const PAUSE: unique symbol = Symbol('pause')

/** What an upload is doing. `waiting`: the network is away, and it goes on by itself when it is back. */
export type UploadPhase = 'starting' | 'sending' | 'waiting' | 'completing'

/** What `localStorage` and `sessionStorage` are. */
export type UploadMemory = Pick<Storage, 'getItem' | 'key' | 'length' | 'removeItem' | 'setItem'>

/** How to upload a file. */
export interface UploadOptions {
  /** Where the routes are: `/api/files` in Next.js, `/api/secure` in Flask, or an address on another
   * origin. */
  baseUrl: string
  /** The kind of file: `document`, `image`, `video`, … */
  kind: string
  /** The file's name in the store. Defaults to the name of the `File`; a `Blob` needs one. */
  filename?: string
  /** The content type. Defaults to the one that the browser knows, else to that of the filename's
   * extension. */
  mimeType?: string
  /** User metadata of the file. */
  metadata?: Record<string, string>
  /** Whether a file of the same name is replaced; else it is `file-exists`. Defaults to true. */
  overwrite?: boolean
  /** Whether 128 random bits are put into the name, before its extension. Defaults to false. */
  unguessable?: boolean
  /** Gives the session token, anew for each request, where the session's cookie does not go along. */
  getToken?: () => Promise<string | null> | string | null
  /** Whether cookies go along to `baseUrl`, as in `fetch`. Defaults to `same-origin`. */
  credentials?: RequestCredentials
  /** More headers for the requests to `baseUrl`. */
  headers?: Record<string, string>
  /** Told how many bytes are sent, of how many. Never less than before. */
  onProgress?: (sent: number, total: number) => void
  /** Told what the upload is doing, whenever that changes. */
  onPhase?: (phase: UploadPhase) => void
  /** Gives the upload up, at the server too; with the reason `PAUSE` only here, so that the same call
   * goes on with it later. Either way the promise is rejected with `cancelled`. */
  signal?: AbortSignal
  /** How many parts are on their way at a time, 1 to 16. Defaults to 4. */
  parallel?: number
  /** Remembers unfinished uploads over a reload; null for nothing. Defaults to `localStorage`. */
  storage?: UploadMemory | null
}

/** A file as the store has it. */
export interface StoredFile {
  /** The full S3 key. */
  key: string
  /** The last part of the key, which cleaning may have changed. */
  filename: string
  kind: string | null
  /** In bytes. */
  size: number
  contentType: string | null
  metadata: Record<string, string>
}
