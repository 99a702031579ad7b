import { inspect } from 'node:util'
import type { AuditEvent } from '#native'

type Hook = (event: AuditEvent) => unknown

const failed = new WeakSet<Hook>()

/** Calls an application's hook with each event. The first thing that it throws or rejects becomes a
 * warning; it is called again for the next event. */
export function tell(hook: Hook, events: AuditEvent[]): void {
  const warn = (cause: unknown): void => warnOnce(hook, cause)
  for (const event of events) {
    try {
      const answer = hook(event)
      if (answer instanceof Promise) {
        answer.catch(warn)
      }
    } catch (cause) {
      warn(cause)
    }
  }
}

function warnOnce(hook: Hook, cause: unknown): void {
  if (!failed.has(hook)) {
    failed.add(hook)
    process.emitWarning('onAudit failed; what it fails at is lost to it', {
      type: 'CasierWarning',
      detail: inspect(cause),
    })
  }
}
