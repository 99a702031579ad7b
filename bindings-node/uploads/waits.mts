const FIRST_DELAY = 500

/** How long to wait before the next attempt, in milliseconds: twice as long each time, at most `most`,
 * and never the same for two. `attempt` begins at 0. */
export function backoff(attempt: number, most: number): number {
  return Math.min(most, FIRST_DELAY * 2 ** attempt) * (0.5 + Math.random() / 2)
}

/** Waits for so many milliseconds, or less when the browser finds the network again. Rejects when the
 * signal aborts. */
export function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason)
      return
    }
    const end = (): void => {
      clearTimeout(timer)
      globalThis.removeEventListener?.('online', back)
      signal.removeEventListener('abort', gone)
    }
    const back = (): void => {
      end()
      resolve()
    }
    const gone = (): void => {
      end()
      reject(signal.reason)
    }
    const timer = setTimeout(back, milliseconds)
    globalThis.addEventListener?.('online', back)
    signal.addEventListener('abort', gone)
  })
}

/** What `promise` gives, or a rejection as soon as the signal aborts. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(signal.reason)
    if (signal.aborted) {
      gone()
    }
    signal.addEventListener('abort', gone)
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', gone))
  })
}
