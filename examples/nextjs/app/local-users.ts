/** The people of the local stack, and what the token issuer is to say of each. */
const LOCAL_USERS = new Map([
  ['ada', { user_id: 'user_ada', tier: 'pro' }],
  ['ben', { user_id: 'user_ben', tier: 'free' }],
])

export const SESSION_SECONDS = 3600

export function isLocal(): boolean {
  return process.env.CASIER_LOCAL === '1'
}

/**
 * Why a request may not sign anybody in or out: in production Clerk does, and there is no such page;
 * and another site must not. Null where it may.
 */
export function refusal(request: Request): Response | null {
  if (!isLocal()) {
    return new Response(null, { status: 404 })
  }
  const site = request.headers.get('Sec-Fetch-Site') ?? 'same-origin'
  return site === 'same-origin' ? null : new Response(null, { status: 403 })
}

/** A session token for `name`, as Clerk would give it to the browser; null for a stranger. */
export async function localToken(name: string): Promise<string | null> {
  const user = LOCAL_USERS.get(name)
  if (user === undefined) {
    return null
  }
  const response = await fetch(setting('CASIER_LOCAL_MINT_URL'), {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${setting('CASIER_LOCAL_MINT_TOKEN')}`,
      'Content-Type': 'application/json',
    },
    body: JSON.stringify({ ...user, ttl: SESSION_SECONDS }),
    cache: 'no-store',
  })
  if (!response.ok) {
    throw new Error(`the local issuer answered ${response.status}`)
  }
  const { token } = (await response.json()) as { token: string }
  return token
}

function setting(name: string): string {
  const value = process.env[name]
  if (value === undefined) {
    throw new Error(`${name} is not set: start casier-local and take its environment`)
  }
  return value
}
