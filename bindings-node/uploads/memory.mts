import type { UploadMemory } from './options.mjs'

const PREFIX = 'casier-upload:'

/** What is known of an unfinished upload after a reload. */
export interface Remembered {
  uploadId: string
  /** When its id ends, in milliseconds since 1970. */
  expiresAt: number
  /** Whether the server has been asked to complete it, and has not been heard since. */
  isCompleting: boolean
}

/** Remembers one unfinished upload, if the page may keep anything at all. */
export class Memory {
  readonly #storage: UploadMemory | null
  readonly #key: string

  /** `fingerprint` is the same for the same file, chosen again; null where nothing can tell that. */
  constructor(storage: UploadMemory | null | undefined, fingerprint: unknown[] | null) {
    this.#storage = fingerprint === null ? null : storage === undefined ? pagesOwn() : storage
    this.#key = PREFIX + JSON.stringify(fingerprint)
  }

  recall(): Remembered | undefined {
    return this.#try((storage) => read(storage, this.#key))
  }

  keep(remembered: Remembered): void {
    this.#try((storage) => {
      dropExpired(storage)
      storage.setItem(this.#key, JSON.stringify(remembered))
    })
  }

  forget(): void {
    this.#try((storage) => storage.removeItem(this.#key))
  }

  /** A storage that is full or forbidden is none. */
  #try<T>(work: (storage: UploadMemory) => T): T | undefined {
    try {
      return this.#storage === null ? undefined : work(this.#storage)
    } catch {
      return undefined
    }
  }
}

function pagesOwn(): UploadMemory | null {
  try {
    return globalThis.localStorage ?? null
  } catch {
    return null
  }
}

function read(storage: UploadMemory, key: string): Remembered | undefined {
  try {
    const { uploadId, expiresAt, isCompleting } = JSON.parse(storage.getItem(key) ?? '{}')
    const isWhole = typeof uploadId === 'string' && typeof expiresAt === 'number'
    return isWhole ? { uploadId, expiresAt, isCompleting: isCompleting === true } : undefined
  } catch {
    return undefined
  }
}

function dropExpired(storage: UploadMemory): void {
  const keys = Array.from({ length: storage.length }, (_, at) => storage.key(at))
  for (const key of keys) {
    if (key?.startsWith(PREFIX) && !((read(storage, key)?.expiresAt ?? 0) > Date.now())) {
      storage.removeItem(key)
    }
  }
}
