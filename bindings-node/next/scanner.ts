import { BodyRefusal } from './body-refusal.js'

/** Reads a stream of bytes from mark to mark, holding no more of it than a piece and a mark. */
export class Scanner {
  #pieces: AsyncIterator<Uint8Array>
  #held: Buffer

  /** `before` is taken to stand before the first piece. */
  constructor(pieces: AsyncIterable<Uint8Array>, before: string) {
    this.#pieces = pieces[Symbol.asyncIterator]()
    this.#held = Buffer.from(before)
  }

  /** What stands before `mark`, in pieces; then goes on behind it. */
  async *until(mark: Buffer): AsyncGenerator<Buffer, void> {
    for (;;) {
      const end = this.#held.indexOf(mark)
      if (end >= 0) {
        yield this.#take(end)
        this.#take(mark.length)
        return
      }
      // The last bytes may be the beginning of the mark.
      const safe = this.#held.length - mark.length + 1
      if (safe > 0) {
        yield this.#take(safe)
      }
      await this.#readOn()
    }
  }

  /** The same as one text of at most `most` bytes. */
  async textUntil(mark: Buffer, most: number): Promise<string> {
    const pieces: Buffer[] = []
    let size = 0
    for await (const piece of this.until(mark)) {
      size += piece.length
      if (size > most) {
        throw new BodyRefusal('unreadable')
      }
      pieces.push(piece)
    }
    return Buffer.concat(pieces).toString('utf8')
  }

  /** Reads over what stands before `mark`, and over the mark. */
  async skipTo(mark: Buffer): Promise<void> {
    for await (const _ of this.until(mark)) {
      // Nobody asked for it.
    }
  }

  /** Whether the next bytes are `text`; they stay to be read. */
  async isNext(text: string): Promise<boolean> {
    while (this.#held.length < text.length) {
      await this.#readOn()
    }
    return this.#held.toString('latin1', 0, text.length) === text
  }

  /** Reads the rest away. */
  async finish(): Promise<void> {
    while ((await this.#pieces.next()).done !== true);
  }

  #take(size: number): Buffer {
    const taken = this.#held.subarray(0, size)
    this.#held = this.#held.subarray(size)
    return taken
  }

  async #readOn(): Promise<void> {
    const { done, value } = await this.#pieces.next()
    if (done === true) {
      throw new BodyRefusal('unreadable')
    }
    this.#held = Buffer.concat([this.#held, value])
  }
}
