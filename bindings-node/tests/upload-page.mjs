// What a page has and Node lacks, and a server of the upload protocol with the store behind it: the
// tests of casier/uploads run between the two.
import { createServer, request as httpRequest } from 'node:http'
import { once } from 'node:events'

/** How many times faster than a page's the clock of these tests is. */
const HASTE = 200

/** The network between the page and everything else. */
export class Network extends EventTarget {
  isUp = true
  requests = new Set()
  /** The parts that the page knows to be at the store. */
  arrived = []
  /** What the page has waited for, in milliseconds. */
  waits = []

  /** Takes it away, with all that is on its way. */
  cut() {
    this.isUp = false
    for (const fail of [...this.requests]) {
      fail()
    }
  }

  /** Brings it back; browsers notice most of the time. */
  restore({ isNoticed = true } = {}) {
    this.isUp = true
    if (isNoticed) {
      globalThis.dispatchEvent(new Event('online'))
    }
  }
}

/** Lays a page's globals over those of Node. */
export function openPage() {
  const network = new Network()
  const events = new EventTarget()
  for (const name of ['addEventListener', 'removeEventListener', 'dispatchEvent']) {
    globalThis[name] = events[name].bind(events)
  }
  const { fetch, setTimeout } = globalThis
  globalThis.setTimeout = (work, milliseconds, ...more) => {
    network.waits.push(milliseconds)
    return setTimeout(work, milliseconds / HASTE, ...more)
  }
  globalThis.fetch = async (url, init) => {
    const lost = new AbortController()
    const fail = () => lost.abort()
    network.requests.add(fail)
    try {
      if (!network.isUp) {
        throw new TypeError('Failed to fetch')
      }
      const response = await fetch(url, { ...init, signal: AbortSignal.any([init.signal, lost.signal]) })
      return new Response(await response.text(), response)
    } catch (cause) {
      throw lost.signal.aborted ? new TypeError('Failed to fetch', { cause }) : cause
    } finally {
      network.requests.delete(fail)
    }
  }
  globalThis.XMLHttpRequest = class {
    upload = {}
    status = 0
    #headers = {}

    open(method, url) {
      Object.assign(this, { method, url })
    }

    setRequestHeader(name, value) {
      this.#headers[name] = value
    }

    async send(body) {
      if (!network.isUp) {
        return setTimeout(() => this.#end(0), 1)
      }
      const bytes = await body.arrayBuffer().then(Buffer.from, () => null)
      if (bytes === null) {
        return this.#end(0)
      }
      this.request = httpRequest(this.url, {
        method: this.method,
        headers: { ...this.#headers, 'Content-Length': bytes.length },
      })
      network.requests.add(this.abort)
      this.request.on('error', () => this.#end(0))
      this.request.on('response', (response) => {
        response.resume().on('end', () => this.#end(response.statusCode))
      })
      for (const at of [0, Math.ceil(bytes.length / 2)]) {
        const piece = bytes.subarray(at, at === 0 ? Math.ceil(bytes.length / 2) : bytes.length)
        this.request.write(piece)
        this.upload.onprogress?.({ loaded: at + piece.length })
      }
      this.request.end()
    }

    abort = () => this.request?.destroy(new Error('aborted'))

    #end(status) {
      network.requests.delete(this.abort)
      this.status = status
      if (status === 200) {
        network.arrived.push(Number(new URL(this.url).pathname.split('/').at(-1)))
      }
      this.onloadend?.()
      this.onloadend = null
    }
  }
  return network
}

/** `localStorage`, for one test. */
export class Drawer extends Map {
  getItem = (key) => this.get(key) ?? null
  setItem = (key, value) => void this.set(key, value)
  removeItem = (key) => void this.delete(key)
  key = (at) => [...this.keys()][at] ?? null
  get length() {
    return this.size
  }
}

const PART_SIZE = 10

/** The routes, and the store. `fault` may answer in place of either: it gets what is done, the upload
 * and the part, and gives an answer, `'cut'` or `'silence'`; nothing for what is usual. */
export class UploadServer {
  uploads = new Map()
  /** What was done, in order: `begin`, `parts 1,2`, `put 1`, `state`, `complete`, `abort`. */
  log = []
  tokens = []
  fault = () => undefined
  most = 0
  #moving = 0
  #addresses = 0

  async start() {
    this.server = createServer((request, response) => void this.#answer(request, response))
    this.server.listen(0, '127.0.0.1')
    await once(this.server, 'listening')
    this.address = `http://127.0.0.1:${this.server.address().port}`
    this.baseUrl = `${this.address}/api/files`
  }

  async stop() {
    this.server.closeAllConnections()
    await new Promise((resolve) => this.server.close(resolve))
  }

  /** How often each part arrived. */
  get puts() {
    return this.log.filter((line) => line.startsWith('put ')).map((line) => Number(line.slice(4)))
  }

  done(what) {
    return this.log.filter((line) => line.split(' ')[0] === what).length
  }

  /** The one upload that there is. */
  get only() {
    const [upload] = this.uploads.values()
    return upload
  }

  async #answer(request, response) {
    const chunks = []
    this.#moving += request.method === 'PUT' ? 1 : 0
    this.most = Math.max(this.most, this.#moving)
    request.on('error', () => {})
    request.on('close', () => (this.#moving -= request.method === 'PUT' ? 1 : 0))
    try {
      for await (const chunk of request) {
        chunks.push(chunk)
      }
    } catch {
      return
    }
    const body = Buffer.concat(chunks)
    const { pathname, searchParams } = new URL(request.url, this.address)
    const [, id, last] = /^\/(?:api\/files\/uploads|store)(?:\/([^/]+))?(?:\/([^/]+))?$/.exec(pathname) ?? []
    const what =
      request.method === 'PUT' ? 'put' : request.method === 'DELETE' ? 'abort' : request.method === 'GET' ? 'state' : (last ?? 'begin')
    const asked = what === 'begin' || what === 'parts' ? JSON.parse(body) : undefined
    const detail = what === 'put' ? ` ${last}` : what === 'parts' ? ` ${asked.part_numbers}` : ''
    this.log.push(what + detail)
    if (what !== 'put') {
      this.tokens.push(request.headers.authorization)
    }
    const upload = this.uploads.get(id)
    const fault = await this.fault(what, upload, Number(last), searchParams.get('address'))
    if (fault === 'silence') {
      return
    }
    if (fault === 'cut') {
      request.socket.destroy()
      return
    }
    const answer = fault ?? this.#serve(what, id, upload, Number(last), asked, body)
    const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? {})
    response.writeHead(answer.status, { 'Content-Type': 'application/json' }).end(text)
  }

  #serve(what, id, upload, number, asked, body) {
    if (what === 'begin') {
      const begun = `u1.${this.uploads.size + 1}`
      this.uploads.set(begun, { id: begun, wanted: asked, parts: new Map(), expires_at: '2099-01-01T00:00:00Z' })
      return success(this.#state(begun), 201)
    }
    if (upload === undefined) {
      return failure('upload-not-found', 404)
    }
    switch (what) {
      case 'put':
        upload.parts.set(number, body)
        return { status: 200 }
      case 'parts':
        return success({ parts: asked.part_numbers.map((part) => this.#address(upload, part)) })
      case 'state':
        return upload.stored ? failure('upload-not-found', 404) : success(this.#state(id))
      case 'abort':
        this.uploads.delete(id)
        return success({})
      default:
        return this.#complete(upload)
    }
  }

  #address(upload, number) {
    this.#addresses += 1
    const url = `${this.address}/store/${upload.id}/${number}?address=${this.#addresses}`
    const { size } = upload.wanted
    const start = (number - 1) * PART_SIZE
    return { part_number: number, url, headers: { 'Content-Length': '0', 'x-amz-a': 'b' }, size: Math.min(PART_SIZE, size - start) }
  }

  #state(id) {
    const { wanted, parts, expires_at } = this.uploads.get(id)
    const part_count = Math.ceil(wanted.size / PART_SIZE)
    return { upload_id: id, s3_key: key(wanted), size: wanted.size, part_size: PART_SIZE, part_count, expires_at, parts: [...parts.keys()] }
  }

  #complete(upload) {
    const { wanted, parts } = upload
    if (upload.stored) {
      return success(described(wanted))
    }
    const count = Math.ceil(wanted.size / PART_SIZE)
    const bytes = Array.from({ length: count }, (_, at) => parts.get(at + 1))
    if (bytes.includes(undefined)) {
      return failure('upload-incomplete', 409)
    }
    upload.stored = Buffer.concat(bytes)
    return success(described(wanted))
  }
}

function described({ filename, content_type, mime_type = 'text/plain', size, metadata = {} }) {
  return { s3_key: key({ filename, content_type }), filename, size, content_type, mime_type, metadata, last_modified: null }
}

export function success(data, status = 200) {
  return { status, body: { success: true, message: 'Done.', data, timestamp: '2026-01-01T00:00:00Z' } }
}

export function failure(code, status, details) {
  return { status, body: { success: false, error: { code, message: 'Why.', details }, timestamp: '2026-01-01T00:00:00Z' } }
}

function key({ filename, content_type }) {
  return `user_1/${content_type}s/${filename}`
}
