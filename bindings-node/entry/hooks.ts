import { inspect } from 'node:util'

type Hook = (...told: unknown[]) => unknown

const failed = new WeakSet<Hook>()

/** Calls an application's hook once for each list of arguments. The first thing that it throws or
 * rejects becomes a warning; it is called again all the same. `name` is the option that gave it. */
export function tell(name: string, hook: Hook, calls: unknown[][]): void {
  const warn = (cause: unknown): void => warnOnce(name, hook, cause)
  for (const told of calls) {
    try {
      const answer = hook(...told)
      if (answer instanceof Promise) {
        answer.catch(warn)
      }
    } catch (cause) {
      warn(cause)
    }
  }
}

function warnOnce(name: string, hook: Hook, cause: unknown): void {
  if (!failed.has(hook)) {
    failed.add(hook)
    process.emitWarning(`${name} failed; what it fails at is lost to it`, {
      type: 'CasierWarning',
      detail: inspect(cause),
    })
  }
}
