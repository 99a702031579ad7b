import { safely } from './tell.mjs'

/** Adds up what the parts have sent. A part that is sent again does not set the sum back. */
export class Progress {
  readonly #total: number
  readonly #tell: (sent: number, total: number) => void
  readonly #moving = new Map<number, number>()
  #held = 0
  #told = -1

  constructor(total: number, tell: ((sent: number, total: number) => void) | undefined) {
    this.#total = total
    this.#tell = safely(tell)
  }

  /** The store holds so many bytes, and nothing else is on its way. */
  begin(held: number): void {
    this.#moving.clear()
    this.#held = held
    this.#update()
  }

  /** So much of a part is on its way or there. */
  move(part: number, bytes: number): void {
    this.#moving.set(part, bytes)
    this.#update()
  }

  /** The store holds this part. */
  arrived(part: number, bytes: number): void {
    this.#moving.delete(part)
    this.#held += bytes
    this.#update()
  }

  #update(): void {
    let sent = this.#held
    for (const bytes of this.#moving.values()) {
      sent += bytes
    }
    sent = Math.min(sent, this.#total)
    if (sent > this.#told) {
      this.#told = sent
      this.#tell(sent, this.#total)
    }
  }
}
