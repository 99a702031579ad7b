import { fileRoutes } from 'casier/next'

// POST /upload and /presigned-url, GET /list, DELETE /delete, POST /delete-many, and /uploads/…
export const { GET, POST, DELETE } = fileRoutes()
