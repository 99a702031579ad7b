import { CasierError } from '../entry/index.js'
import { errorAnswer, type HttpAnswer, requestId } from '#native'

/** Runs a handler; a {@link CasierError} that it throws becomes an answer. */
export async function answering(
  request: Request,
  handle: (requestId: string) => Promise<Response>,
): Promise<Response> {
  const id = requestId(request.headers.get('X-Request-Id'))
  try {
    return await handle(id)
  } catch (error) {
    if (error instanceof CasierError) {
      return responseOf(errorAnswer(error, id))
    }
    throw error
  }
}

export function responseOf({ status, headers, body }: HttpAnswer): Response {
  return new Response(body, { status, headers })
}
