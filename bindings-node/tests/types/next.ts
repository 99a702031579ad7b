// Compiled, never run: casier/next, used as its types allow.
import { type Casier, type Requirement, type Session } from 'casier'
import {
  auth,
  type AuthHandler,
  configure,
  type FileRoute,
  fileRoutes,
  type FileRoutes,
  type FileRoutesOptions,
  hasFeatureAccess,
  hasSubscription,
  requireAuth,
  sharedCasier,
  withAuth,
} from 'casier/next'

const options: FileRoutesOptions = { adminMayList: true }
export const routes: FileRoutes = fileRoutes(options)
export const GET: FileRoute = fileRoutes().GET

export async function page(request?: Request): Promise<string | null> {
  const session: Session | null = await auth()
  const again: Session = await requireAuth(request)
  const opened: boolean = (await hasSubscription('pro')) && (await hasFeatureAccess('books', request))
  return session === null || !opened ? null : again.user.userId
}

interface Context {
  params: Promise<{ id: string }>
}
const handler: AuthHandler<Context> = async (request, session, { params }) =>
  Response.json({ method: request.method, id: (await params).id, user: session.user.userId })
export const POST: (request: Request, context: Context) => Promise<Response> = withAuth(handler)
export const admins = withAuth(handler, { role: 'org:admin', reverification: 'strict' })
export async function settings(request: Request): Promise<Session[]> {
  const requirement: Requirement = { permission: 'org:settings:manage' }
  return [await requireAuth(requirement), await requireAuth(request, requirement), await requireAuth(undefined, requirement)]
}
export const bare: (request: Request, context: unknown) => Promise<Response> = withAuth(() => new Response())

export const configured = (casier: Casier): FileRoutes => {
  configure(casier)
  configure({ bucket: 'files', onAudit: ({ action }) => console.log(action) })
  return fileRoutes({ casier })
}

export async function signOut(): Promise<void> {
  const { userId, sessionId } = (await requireAuth()).user
  await (sessionId === null ? sharedCasier().revokeUser(userId) : sharedCasier().revoke(sessionId))
}

// @ts-expect-error a session may be null
export const user = async () => (await auth()).user
// @ts-expect-error a handler gives a response
withAuth(() => 'text')
// @ts-expect-error a role alone is no requirement
void requireAuth('org:admin')
// @ts-expect-error an option that there is not
fileRoutes({ prefix: '/api/files' })
