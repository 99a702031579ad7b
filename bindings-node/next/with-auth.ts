import type { Session } from '../entry/index.js'
import { requireAuth } from './auth.js'
import { answering } from './response.js'

/** A route handler that is called for signed-in users alone; `context` is what Next gives to it. */
export type AuthHandler<Context> = (
  request: Request,
  session: Session,
  context: Context,
) => Response | Promise<Response>

/**
 * A route handler for signed-in users. Who is not gets Casier's answer, and so does every
 * `CasierError` that `handler` throws; anything else that it throws is Next's. Each answer
 * carries an `X-Request-Id`.
 */
export function withAuth<Context = unknown>(
  handler: AuthHandler<Context>,
): (request: Request, context: Context) => Promise<Response> {
  return (request, context) =>
    answering(request, async (id) => {
      const session = await requireAuth(request)
      return withRequestId(await handler(request, session, context), id)
    })
}

/** A new response, since the headers of some cannot be changed. */
function withRequestId(response: Response, id: string): Response {
  const headers = new Headers(response.headers)
  headers.set('X-Request-Id', id)
  const { body, status, statusText } = response
  return new Response(body, { status, statusText, headers })
}
