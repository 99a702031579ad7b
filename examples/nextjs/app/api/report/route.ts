import { withAuth } from 'casier/next'

/** How much a user keeps, for those on `pro` or above; anybody else gets Casier's refusal. */
export const GET = withAuth(async (_request, session) => {
  session.requireSubscription('pro')
  const { items } = await session.files().list()
  const bytes = items.reduce((sum, file) => sum + file.size, 0)
  return Response.json({ success: true, message: `Report: ${items.length} files, ${bytes} bytes.` })
})
