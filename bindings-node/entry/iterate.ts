import { type CallOptions, FileList, FileStream, UserStorage } from '#native'
import { define } from './define.js'

type Signal = CallOptions['signal']
type Flow = { close(): Promise<void> }
type Next = (this: Flow, options?: CallOptions) => Promise<IteratorResult<unknown, undefined>>

/** The signals of the calls that gave them, which end them as well. */
const signals = new WeakMap<Flow, Signal>()

/** Makes streams and listings async iterables that end with a loop that is left, with an error and
 * with the signal of the call that gave them. */
export function makeIterable(): void {
  const { stream, listAll } = UserStorage.prototype
  define(UserStorage, 'stream', async function (this: UserStorage, ...given: Parameters<typeof stream>) {
    return keep(await stream.apply(this, given), given[1]?.signal)
  })
  define(UserStorage, 'listAll', function (this: UserStorage, ...given: Parameters<typeof listAll>) {
    return keep(listAll.apply(this, given), given[1]?.signal)
  })
  for (const type of [FileStream, FileList]) {
    const next = type.prototype.next as Next
    define(type, 'next', async function (this: Flow) {
      try {
        return await next.call(this, { signal: signals.get(this) })
      } catch (error) {
        signals.delete(this)
        await this.close()
        throw error
      }
    })
    define(type, 'return', async function (this: Flow) {
      await this.close()
      return { done: true, value: undefined }
    })
    define(type, Symbol.asyncIterator, function (this: Flow) {
      return this
    })
  }
}

function keep<T extends Flow>(flow: T, signal: Signal): T {
  signals.set(flow, signal)
  return flow
}
