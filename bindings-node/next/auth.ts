import { CasierError, type Requirement, type Session } from '../entry/index.js'
import { sharedCasier } from './instance.js'

/**
 * Who is signed in: the session, or null for a request whose token is missing, expired or wrong in
 * any other way (every 401), or whose cookie another site sends along to change something.
 *
 * With no `request`, in pages, layouts and server actions, it reads Next's `headers()`. Next does
 * not tell the method there, so a cookie counts only for requests of the site itself wherever the
 * browser names an `Origin`.
 *
 * @throws {CasierError} for what is no fault of the request: `config-invalid`,
 *   `jwk-remote-failed-to-load`.
 */
export async function auth(request?: Request): Promise<Session | null> {
  try {
    return await requireAuth(request)
  } catch (error) {
    if (error instanceof CasierError && signsNobodyIn(error)) {
      return null
    }
    throw error
  }
}

function signsNobodyIn({ category }: CasierError): boolean {
  return ['authentication', 'access-denied', 'invalid-input'].includes(category)
}

/**
 * The session of who is signed in and whose token grants what `requirement` asks for, if it is
 * given; see `Session.require`.
 *
 * @throws {CasierError} for everybody else, with the code that says why: `token-missing`,
 *   `token-expired`, `cross-site-request`, `permission-required`, `reverification-required`.
 */
export async function requireAuth(request?: Request, requirement?: Requirement): Promise<Session>
export async function requireAuth(requirement: Requirement): Promise<Session>
export async function requireAuth(given?: Request | Requirement, more?: Requirement): Promise<Session> {
  const [request, requirement] = isRequest(given) ? [given, more] : [undefined, given ?? more]
  const session = await (request === undefined ? signInToPage() : signIn(request, request.headers))
  if (requirement !== undefined) {
    session.require(requirement)
  }
  return session
}

/** As `requireAuth`, with other headers than the request's. */
export async function signIn({ method, signal }: Request, headers: Headers): Promise<Session> {
  return sharedCasier().authenticateRequest(method, headers, { signal })
}

async function signInToPage(): Promise<Session> {
  // Before anything else, since Next takes this for the page's wish to be rendered on request.
  const headers = await pageHeaders()
  return sharedCasier().authenticateRequest(null, headers)
}

function isRequest(given: Request | Requirement | undefined): given is Request {
  return given !== undefined && 'headers' in given
}

/** Whether who is signed in has `tier` or a higher one; false when nobody is. */
export async function hasSubscription(tier: string, request?: Request): Promise<boolean> {
  return (await auth(request))?.hasSubscription(tier) ?? false
}

/** Whether the tier of who is signed in includes `feature`, or the token grants it; false when nobody is. */
export async function hasFeatureAccess(feature: string, request?: Request): Promise<boolean> {
  return (await auth(request))?.hasFeature(feature) ?? false
}

/** Loaded at the first use: with requests at hand, Next itself is not needed. */
async function pageHeaders(): Promise<Headers> {
  const { headers } = await import('next/headers.js')
  return headers()
}
