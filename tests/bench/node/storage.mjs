// The contests of storage in Node, one call awaited after the other: against AWS's own client.
import { createReadStream, createWriteStream, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { contest } from './rounds.mjs'

const { Casier } = createRequire(import.meta.url)(process.env.CASIER_NODE)

/** Calls in one turn. */
const BATCH = 16
const SMALL = 4096
const LARGE = 256 * 1024 * 1024

const user = 'bench'
const kind = 'book'
const type = 'text/plain'
const metadata = { project: 'casier' }
const key = (name) => `user_${user}/${kind}s/${name}`

function ofCasier() {
  const files = Casier.fromEnv().storageFor(user)
  return {
    put: (name, body) => files.uploadFileObject(body, name, kind, { metadata }),
    get: (name) => files.read(key(name)),
    head: (name) => files.metadata(key(name)),
    list: () => files.list(kind),
    upload: (path, name) => files.uploadFile(path, kind, { filename: name, metadata }),
    download: (name, path) => files.download(key(name), path),
  }
}

function ofAws() {
  const client = new S3Client({ endpoint: process.env.S3_ENDPOINT_URL, forcePathStyle: true })
  const Bucket = process.env.S3_BUCKET_NAME
  const headers = (name) => ({
    ContentType: type,
    ContentDisposition: `inline; filename="${name}"`,
    Metadata: metadata,
  })
  const at = (name) => ({ Bucket, Key: key(name) })
  const get = (name) => client.send(new GetObjectCommand(at(name)))
  return {
    put: (name, Body) => client.send(new PutObjectCommand({ ...at(name), Body, ...headers(name) })),
    get: async (name) => (await get(name)).Body.transformToByteArray(),
    head: (name) => client.send(new HeadObjectCommand(at(name))),
    list: () => client.send(new ListObjectsV2Command({ Bucket, Prefix: key('') })),
    upload: (path, name) =>
      new Upload({ client, params: { ...at(name), Body: createReadStream(path), ...headers(name) } }).done(),
    download: async (name, path) => pipeline((await get(name)).Body, createWriteStream(path)),
  }
}

/** @param version What names a peer and its version. */
export async function storage(version) {
  const peer = version('@aws-sdk/client-s3')
  const contestants = { [peer]: ofAws(), Casier: ofCasier() }
  const body = text(SMALL)
  const calls = {
    'put 4 KB': (files, name) => files.put(name, body),
    'get 4 KB': (files, name) => files.get(name),
    head: (files, name) => files.head(name),
    [`list ${BATCH}`]: (files) => files.list(),
  }
  const names = Array.from({ length: BATCH }, (_, number) => Buffer.from(`file-${number}.txt`))
  const outcomes = []
  for (const [title, call] of Object.entries(calls)) {
    const turns = {}
    for (const [name, files] of Object.entries(contestants)) {
      turns[name] = { verify: (file) => call(files, file), isAsync: true }
      for (const file of names) await files.put(String(file), body)
    }
    outcomes.push(await contest(title, turns, Array(80).fill(names)))
  }
  return [...outcomes, ...(await large({ [`${peer}, lib-storage`]: contestants[peer], Casier: contestants.Casier }))]
}

async function large(contestants) {
  const folder = mkdtempSync(join(tmpdir(), 'casier-bench-'))
  const [source, target] = ['source', 'target'].map((name) => join(folder, name))
  writeFileSync(source, text(LARGE))
  const turns = (call) =>
    Object.fromEntries(
      Object.entries(contestants).map(([name, files]) => [
        name,
        { verify: (file) => call(files, file), isAsync: true },
      ]),
    )
  const once = Array(8).fill([Buffer.from('large.txt')])
  try {
    const outcomes = [
      await contest('256 MB up, from disk', turns((files, name) => files.upload(source, name)), once),
      await contest(
        '256 MB down, to disk',
        turns(async (files, name) => {
          await files.download(name, target)
          if (statSync(target).size !== LARGE) throw new Error('the file is not whole')
        }),
        once,
      ),
    ]
    return outcomes.map((outcome) => ({ ...outcome, bytes: LARGE }))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Text that nothing can compress. */
const text = (size) => Buffer.from(randomBytes((size / 4) * 3).toString('base64'))
