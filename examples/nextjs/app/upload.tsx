'use client'

import { CasierError, PAUSE, type UploadPhase, uploadFile } from 'casier/uploads'
import { type FormEvent, useRef, useState } from 'react'
import { readableSize } from './size'

const KINDS = ['document', 'image', 'book', 'blog', 'video', 'audio', 'file']

const PHASES: Record<UploadPhase, string> = {
  starting: 'starting',
  sending: '',
  waiting: 'waiting for the network',
  completing: 'being checked',
}

interface Upload {
  file: File
  kind: string
  sent: number
  phase: UploadPhase
  isPaused: boolean
}

interface Properties {
  disabled: boolean
  /** Does something and shows the text that it gives, or why it failed. */
  attempt: (work: () => Promise<string>) => Promise<void>
  onStored: () => Promise<void>
}

/** Uploads one file at a time, in parts, straight to the store. */
export function UploadForm({ disabled, attempt, onStored }: Properties) {
  const [upload, setUpload] = useState<Upload | null>(null)
  const giveUp = useRef(new AbortController())
  const form = useRef<HTMLFormElement>(null)

  const send = (file: File, kind: string) => {
    giveUp.current = new AbortController()
    const { signal } = giveUp.current
    const show = (change: Partial<Upload>) => setUpload((shown) => shown && { ...shown, ...change })
    // What was on its way at a pause is sent again, and the bar stays where it was.
    const most = upload?.sent ?? 0
    setUpload({ file, kind, sent: most, phase: 'starting', isPaused: false })
    void attempt(async () => {
      try {
        const stored = await uploadFile(file, {
          baseUrl: '/api/files',
          kind,
          signal,
          onProgress: (sent) => show({ sent: Math.max(sent, most) }),
          onPhase: (phase) => show({ phase }),
        })
        setUpload(null)
        form.current?.reset()
        await onStored()
        return `Uploaded ${stored.key}`
      } catch (error) {
        const isPaused = signal.reason === PAUSE
        if (isPaused || (error instanceof CasierError && error.retryable)) {
          show({ isPaused: true, phase: 'sending' })
        } else {
          setUpload(null)
        }
        if (error instanceof CasierError && error.code === 'cancelled') {
          return `${isPaused ? 'Paused' : 'Cancelled'} ${file.name}`
        }
        throw error
      }
    })
  }

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const fields = new FormData(event.currentTarget)
    send(fields.get('file') as File, String(fields.get('content_type')))
  }

  const pauseOrGoOn = ({ file, kind, isPaused }: Upload) => {
    if (isPaused) {
      send(file, kind)
    } else {
      giveUp.current.abort(PAUSE)
    }
  }

  const cancel = ({ file, kind, isPaused }: Upload) => {
    // Only what is being sent can be given up.
    if (isPaused) {
      send(file, kind)
    }
    giveUp.current.abort()
  }

  return (
    <form id="upload" ref={form} className="card" onSubmit={submit}>
      <h2>Upload</h2>
      <div className="fields">
        <label className="wide">
          File
          <input type="file" name="file" required />
        </label>
        <label>
          Kind
          <select name="content_type">
            {KINDS.map((kind) => (
              <option key={kind}>{kind}</option>
            ))}
          </select>
        </label>
        <button disabled={disabled || upload !== null}>Upload</button>
      </div>
      {upload && (
        <div id="sending">
          <p>
            <strong id="sending-name">{upload.file.name}</strong>{' '}
            <span id="sent" role="status">
              {described(upload)}
            </span>
          </p>
          <progress id="bar" aria-labelledby="sending-name" value={fraction(upload)} />
          <div className="fields">
            <button id="pause" type="button" className="quiet" onClick={() => pauseOrGoOn(upload)}>
              {upload.isPaused ? 'Go on' : 'Pause'}
            </button>
            <button id="cancel" type="button" className="quiet danger" onClick={() => cancel(upload)}>
              Cancel
            </button>
          </div>
        </div>
      )}
      <p className="hint">An upload that was broken off goes on when you choose the same file again.</p>
    </form>
  )
}

function fraction({ file, sent }: Upload): number {
  return file.size === 0 ? 1 : sent / file.size
}

function described(upload: Upload): string {
  const { file, sent, phase } = upload
  const progress = `${readableSize(sent)} of ${readableSize(file.size)}, ${Math.floor(fraction(upload) * 100)} %`
  return [progress, PHASES[phase]].filter(Boolean).join(' · ')
}
