import { type CdnOptions, type LinkOptions, UserStorage } from '#native'
import { define } from './define.js'

/** What the addon makes a link of: its address, its life in seconds, its end in milliseconds. */
type Parts = [url: string, expiresIn: number, endsAt: number]

let make: (...parts: Parts) => Link

/**
 * A link to a file. Whoever has the address can read the file until the link ends: treat it as a
 * secret. Neither `console.log` nor `JSON.stringify` shows it.
 */
export class Link {
  readonly #url: string
  readonly #expiresIn: number
  readonly #endsAt: number

  private constructor(url: string, expiresIn: number, endsAt: number) {
    this.#url = url
    this.#expiresIn = expiresIn
    this.#endsAt = endsAt
  }

  /** The address. */
  get url(): string {
    return this.#url
  }

  /** How long it really lives, in seconds. */
  get expiresIn(): number {
    return this.#expiresIn
  }

  /** When it ends. */
  get expiresAt(): Date {
    return new Date(this.#endsAt)
  }

  static {
    make = (...parts) => new Link(...parts)
  }
}

/** Makes links of what the addon signs. It signs at once, and so without a promise, unless keys have
 * to be fetched first. */
export function makeLinks(): void {
  const native = UserStorage.prototype as unknown as Signing
  const { presignedUrl, presignedUrls, cdnUrl } = native
  define(UserStorage, 'presignedUrl', async function (this: Signing, key: string, options?: LinkOptions) {
    const signed = presignedUrl.call(this, key, options)
    return make(...(signed instanceof Promise ? await signed : signed))
  })
  define(UserStorage, 'presignedUrls', async function (this: Signing, keys: string[], options?: LinkOptions) {
    const signed = presignedUrls.call(this, keys, options)
    return several(signed instanceof Promise ? await signed : signed)
  })
  define(UserStorage, 'cdnUrl', function (this: Signing, key: string, options?: CdnOptions) {
    return make(...cdnUrl.call(this, key, options))
  })
}

/** The addon's own methods. Of several links, the parts come one after the other. */
interface Signing {
  presignedUrl(key: string, options?: LinkOptions): Parts | Promise<Parts>
  presignedUrls(keys: string[], options?: LinkOptions): Parts[number][] | Promise<Parts[number][]>
  cdnUrl(key: string, options?: CdnOptions): Parts
}

function several(parts: Parts[number][]): Link[] {
  const links: Link[] = []
  for (let at = 0; at < parts.length; at += 3) {
    links.push(make(...(parts.slice(at, at + 3) as Parts)))
  }
  return links
}
