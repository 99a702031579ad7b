/** Why a request's body could not be read; the core turns it into the answer. */
export class BodyRefusal extends Error {
  constructor(readonly reason: 'tooLarge' | 'unreadable') {
    super(reason)
  }
}
