import { cookies } from 'next/headers'
import { refuseOutsideLocal } from '../local-users'

export async function POST(): Promise<Response> {
  refuseOutsideLocal()
  ;(await cookies()).delete('__session')
  return new Response(null, { status: 303, headers: { Location: '/' } })
}
