import { withAuth } from 'casier/next'

/** How much a user keeps, for those on `pro` or above; anybody else gets Casier's refusal. */
export const GET = withAuth(async (_request, session) => {
  session.requireSubscription('pro')
  const files = session.files()
  let [count, bytes] = [0, 0]
  let cursor: string | null = null
  do {
    const page = await files.list(null, { cursor })
    count += page.items.length
    bytes += page.items.reduce((sum, file) => sum + file.size, 0)
    cursor = page.nextCursor
  } while (cursor !== null)
  return Response.json({ success: true, message: `Files: ${count}, bytes: ${bytes}`, data: { count, bytes } })
})
