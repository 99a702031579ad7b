// Compiled, never run: casier/uploads, used as its types allow, where there is a page and no Node.
import {
  CasierError,
  type Details,
  PAUSE,
  type StoredFile,
  uploadFile,
  type UploadMemory,
  type UploadOptions,
  type UploadPhase,
} from 'casier/uploads'

const memory: UploadMemory = sessionStorage
const given = new AbortController()
const options: UploadOptions = { baseUrl: '/api/files', kind: 'video', signal: given.signal, storage: memory }

export async function upload(file: File, bar: HTMLProgressElement): Promise<string> {
  const stored: StoredFile = await uploadFile(file, {
    ...options,
    mimeType: 'video/mp4',
    metadata: { title: 'Été' },
    overwrite: false,
    unguessable: true,
    parallel: 8,
    getToken: async () => null,
    credentials: 'include',
    headers: { 'X-Request-Id': '1' },
    onProgress: (sent, total) => (bar.value = sent / total),
    onPhase: (phase: UploadPhase) => console.log(phase === 'waiting'),
  })
  const facts: [string, string, string | null, number, string | null] = [
    stored.key,
    stored.filename,
    stored.kind,
    stored.size,
    stored.contentType,
  ]
  return `${facts} ${stored.metadata['title']}`
}

export const pause = (): void => given.abort(PAUSE)

export function explain(error: unknown): Details | undefined {
  if (error instanceof CasierError) {
    console.log(error.code, error.status, error.retryable, error.message, error.cause)
    return error.details
  }
  return undefined
}

void uploadFile(new Blob(['a']), { ...options, filename: 'a.txt', storage: null })
// @ts-expect-error the kind is needed
void uploadFile(new Blob(), { baseUrl: '/api/files' })
// @ts-expect-error an option that there is not
void uploadFile(new Blob(), { ...options, chunkSize: 3 })
// @ts-expect-error text is no file
void uploadFile('text', options)
