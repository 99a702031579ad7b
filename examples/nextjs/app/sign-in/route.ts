import { cookies } from 'next/headers'
import { SESSION_SECONDS, localToken, refusal } from '../local-users'

export async function POST(request: Request): Promise<Response> {
  const refused = refusal(request)
  if (refused !== null) {
    return refused
  }
  const name = (await request.formData()).get('user')
  const token = await localToken(String(name))
  if (token === null) {
    return new Response('There is no such local user.', { status: 400 })
  }
  ;(await cookies()).set('__session', token, {
    httpOnly: true,
    sameSite: 'lax',
    path: '/',
    maxAge: SESSION_SECONDS,
  })
  return new Response(null, { status: 303, headers: { Location: '/' } })
}
