'use client'

import { useCallback, useEffect, useState } from 'react'
import { type FileEntry, call } from './api'
import { readableSize } from './size'
import { UploadForm } from './upload'

interface Message {
  text: string
  failed: boolean
}

/** The signed-in user's files: upload, list, download, delete. */
export function Files({ plan }: { plan: string }) {
  const [files, setFiles] = useState<FileEntry[] | null>(null)
  const [message, setMessage] = useState<Message>({ text: '', failed: false })
  // Busy until the first listing is there: before React runs, the form would leave the page.
  const [busy, setBusy] = useState(true)

  /** Does one thing at a time, and says what came of it. */
  const attempt = useCallback(async (work: () => Promise<string>) => {
    setBusy(true)
    setMessage({ text: '', failed: false })
    try {
      setMessage({ text: await work(), failed: false })
    } catch (error) {
      setMessage({ text: described(error), failed: true })
    } finally {
      setBusy(false)
    }
  }, [])

  const refresh = useCallback(async () => setFiles(await listAll()), [])

  useEffect(() => {
    void attempt(async () => {
      await refresh()
      return ''
    })
  }, [attempt, refresh])

  const download = (file: FileEntry) =>
    attempt(async () => {
      const { data } = await call<{ url: string }>('/api/files/presigned-url', 'POST', {
        s3_key: file.s3_key,
      })
      window.location.assign(data.url)
      return `Downloading ${file.filename}`
    })

  const remove = (file: FileEntry) =>
    attempt(async () => {
      await call('/api/files/delete', 'DELETE', { s3_key: file.s3_key })
      await refresh()
      return `Deleted ${file.filename}`
    })

  const report = () => attempt(async () => (await call('/api/report')).message)

  return (
    <>
      <UploadForm disabled={busy} attempt={attempt} onStored={refresh} />

      <p id="message" role="status" className={message.failed ? 'failed' : ''}>
        {message.text}
      </p>

      <section className="card" aria-busy={busy}>
        <h2>Your files</h2>
        <ul id="files">
          {files?.map((file) => (
            <li key={file.s3_key} data-key={file.s3_key}>
              <div className="file">
                <strong>{file.filename}</strong>
                <span>
                  {file.content_type} · {readableSize(file.size)}
                </span>
              </div>
              <button
                className="download quiet"
                disabled={busy}
                aria-label={`Download ${file.filename}`}
                onClick={() => download(file)}
              >
                Download
              </button>
              <button
                className="delete quiet danger"
                disabled={busy}
                aria-label={`Delete ${file.filename}`}
                onClick={() => remove(file)}
              >
                Delete
              </button>
            </li>
          ))}
        </ul>
        {files?.length === 0 && <p>Nothing here yet.</p>}
      </section>

      <section className="card">
        <h2>Report</h2>
        <div className="fields">
          <p className="wide">{plan}</p>
          <button id="report" className="quiet" disabled={busy} onClick={report}>
            Ask for the report
          </button>
        </div>
      </section>
    </>
  )
}

async function listAll(): Promise<FileEntry[]> {
  const all: FileEntry[] = []
  let query = ''
  for (;;) {
    const { data } = await call<{ files: FileEntry[]; next_cursor: string | null }>(`/api/files/list${query}`)
    all.push(...data.files)
    if (data.next_cursor === null) {
      return all
    }
    query = `?cursor=${encodeURIComponent(data.next_cursor)}`
  }
}

function described(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error)
  }
  return 'code' in error ? `${error.code}: ${error.message}` : error.message
}
