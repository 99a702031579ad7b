import { cookies } from 'next/headers'
import { SESSION_SECONDS, localToken, refuseOutsideLocal } from '../local-users'

export async function POST(request: Request): Promise<Response> {
  refuseOutsideLocal()
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
