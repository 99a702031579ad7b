import type { UploadPhase } from './options.mjs'
import { safely } from './tell.mjs'

/** Tells what an upload is doing; while the network is away, that it waits. */
export class Phase {
  readonly #tell: (phase: UploadPhase) => void
  #phase: UploadPhase = 'starting'
  #isOnline = true
  #told: UploadPhase | undefined

  constructor(tell: ((phase: UploadPhase) => void) | undefined) {
    this.#tell = safely(tell)
  }

  enter(phase: UploadPhase): void {
    this.#phase = phase
    this.#update()
  }

  /** Whether the server can be reached. */
  online(isOnline: boolean): void {
    this.#isOnline = isOnline
    this.#update()
  }

  #update(): void {
    const phase = this.#isOnline ? this.#phase : 'waiting'
    if (phase !== this.#told) {
      this.#told = phase
      this.#tell(phase)
    }
  }
}
