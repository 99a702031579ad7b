import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Casier, CasierError } from '../entry/index.js'
import { HttpApi, type HttpAnswer, type HttpCall } from '#native'
import { readFormBody, readJsonBody } from './body.js'
import { sharedCasier } from './instance.js'
import { answering, responseOf } from './response.js'

export interface FileRoutesOptions {
  /** Serves these routes. Defaults to the process's own; see `configure`. */
  casier?: Casier
  /**
   * Whether `GET /list?user_id=…` lets the highest role see another user's files. Each use is logged.
   * Defaults to false.
   */
  adminMayList?: boolean
}

/** What a `route.ts` in a folder `[...path]` exports. */
export type FileRoute = (
  request: Request,
  context: { params: Promise<{ path: string[] }> },
) => Promise<Response>

export interface FileRoutes {
  GET: FileRoute
  POST: FileRoute
  DELETE: FileRoute
}

/**
 * The routes of the signed-in user's files, for `app/api/files/[...path]/route.ts`: `GET /list`,
 * `POST /upload`, `POST /presigned-url`, `DELETE /delete`, `POST /delete-many`, and `/uploads`, the
 * protocol of `casier/uploads`.
 *
 * The body of a request is read only once its user is known, and only as far as that user may send.
 * A file goes to disk on its way, so that large ones take no memory.
 */
export function fileRoutes({ casier, adminMayList = false }: FileRoutesOptions = {}): FileRoutes {
  const route: FileRoute = (request, { params }) =>
    answering(request, async () => {
      const { path } = await params
      const api = new HttpApi(casier ?? sharedCasier(), 'files', { adminMayList })
      const { method, headers, signal, url } = request
      const query = new URL(url).search.slice(1)
      const call = await api.begin(method, `/${path.join('/')}`, query, headers, { signal })
      return responseOf(await answerTo(call, request))
    })
  return { GET: route, POST: route, DELETE: route }
}

async function answerTo(call: HttpCall, request: Request): Promise<HttpAnswer> {
  const { wanted, limit } = call
  const { signal } = request
  if (wanted === 'form') {
    return inTemporaryFolder(async (folder) =>
      call.answer(await readFormBody(request, limit, join(folder, 'file')), { signal }),
    ).catch(toldAsCasier)
  }
  return call.answer(wanted === 'json' ? await readJsonBody(request, limit) : null, { signal })
}

async function inTemporaryFolder<Result>(use: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'casier-'))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A full disk and the like, which Node tells by the system call that failed. */
function toldAsCasier(error: unknown): never {
  if (error instanceof Error && 'syscall' in error && 'code' in error) {
    throw new CasierError('io-failed', `an upload cannot be put on disk: ${error.code}`, { cause: error })
  }
  throw error
}
