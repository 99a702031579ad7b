/**
 * Casier for the App Router of Next.js: who is signed in, in pages and route handlers, and the
 * routes of `/api/files`. For Next's Node runtime, never its edge runtime.
 */
export { auth, hasFeatureAccess, hasSubscription, requireAuth } from './auth.js'
export { type FileRoute, type FileRoutes, type FileRoutesOptions, fileRoutes } from './file-routes.js'
export { configure, sharedCasier } from './instance.js'
export { type AuthHandler, withAuth } from './with-auth.js'
