import type { PartUrl } from './answers.mjs'

/** How long nothing may move, in milliseconds; and how long the answer may take once all has left,
 * which is not yet to have arrived: on a slow line the system still holds much of it. */
const SILENCE = 120_000
const LAST_SILENCE = 300_000

/** The same once the network is back: what survived it moves, what did not never will. */
const SILENCE_WHEN_BACK = 10_000

/** What a browser sets by itself, and refuses to be told. */
const BROWSERS_OWN = ['content-length', 'host']

/**
 * Sends one part, and tells how much of it has left. Gives the status of the answer; 0 when there is
 * none. (`XMLHttpRequest`, for `fetch` tells nothing of what has left.)
 */
export function put(
  part: PartUrl,
  body: Blob,
  onSent: (bytes: number) => void,
  signal: AbortSignal,
): Promise<number> {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest()
    const giveUp = (): void => request.abort()
    let silence: ReturnType<typeof setTimeout>
    const allow = (milliseconds: number): void => {
      clearTimeout(silence)
      silence = setTimeout(giveUp, milliseconds)
    }
    const back = (): void => allow(SILENCE_WHEN_BACK)
    request.upload.onprogress = ({ loaded }) => {
      allow(loaded < body.size ? SILENCE : LAST_SILENCE)
      onSent(loaded)
    }
    request.onloadend = () => {
      clearTimeout(silence)
      globalThis.removeEventListener?.('online', back)
      signal.removeEventListener('abort', giveUp)
      resolve(request.status)
    }
    request.open('PUT', part.url)
    for (const [name, value] of Object.entries(part.headers)) {
      if (!BROWSERS_OWN.includes(name.toLowerCase())) {
        request.setRequestHeader(name, value)
      }
    }
    globalThis.addEventListener?.('online', back)
    signal.addEventListener('abort', giveUp)
    allow(SILENCE)
    request.send(body)
  })
}
