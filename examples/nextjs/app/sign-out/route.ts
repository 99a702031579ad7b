import { cookies } from 'next/headers'
import { refusal } from '../local-users'

export async function POST(request: Request): Promise<Response> {
  const refused = refusal(request)
  if (refused !== null) {
    return refused
  }
  ;(await cookies()).delete('__session')
  return new Response(null, { status: 303, headers: { Location: '/' } })
}
