import type { Requirement, Session } from '../entry/index.js'
import { signIn } from './auth.js'
import { answering } from './response.js'

/** A route handler that is called for signed-in users alone; `context` is what Next gives to it. */
export type AuthHandler<Context> = (
  request: Request,
  session: Session,
  context: Context,
) => Response | Promise<Response>

/**
 * A route handler for signed-in users whose token grants what `requirement` asks for, if it is given
 * (see `Session.require`). Everybody else gets Casier's answer, and so does every `CasierError` that
 * `handler` throws; anything else that it throws is Next's. Each answer carries an `X-Request-Id`,
 * which the audit is told as well.
 */
export function withAuth<Context = unknown>(
  handler: AuthHandler<Context>,
  requirement?: Requirement,
): (request: Request, context: Context) => Promise<Response> {
  return (request, context) =>
    answering(request, async (id) => {
      const session = await signIn(request, withId(request.headers, id))
      if (requirement !== undefined) {
        session.require(requirement)
      }
      return withRequestId(await handler(request, session, context), id)
    })
}

/** A new response, since the headers of some cannot be changed. */
function withRequestId(response: Response, id: string): Response {
  const { body, status, statusText } = response
  return new Response(body, { status, statusText, headers: withId(response.headers, id) })
}

function withId(given: Headers, id: string): Headers {
  const headers = new Headers(given)
  headers.set('X-Request-Id', id)
  return headers
}
