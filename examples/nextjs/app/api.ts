/** A file as `/api/files/list` tells of it. */
export interface FileEntry {
  s3_key: string
  filename: string
  size: number
  content_type: string
}

interface Envelope<Data> {
  success: boolean
  message?: string
  data?: Data
  error?: { code: string; message: string }
}

/** Calls a route of this app; an answer that is not success is thrown, with its code. */
export async function call<Data>(
  path: string,
  method = 'GET',
  body?: object,
): Promise<{ message: string; data: Data }> {
  const init: RequestInit = { method }
  if (body !== undefined) {
    init.headers = { 'Content-Type': 'application/json' }
    init.body = JSON.stringify(body)
  }
  const response = await fetch(path, init)
  const answer = (await response.json()) as Envelope<Data>
  if (!answer.success) {
    throw Object.assign(new Error(answer.error?.message), { code: answer.error?.code })
  }
  return { message: answer.message ?? '', data: answer.data as Data }
}
