// From a token to a file: two users, two tiers, three files, and everybody else refused.
//
// Needs the environment of a running `casier-local` (as `make demo` gives it), for its tokens; the
// files may go to any S3.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { deflateSync } from 'node:zlib'
import { Casier, CasierError } from 'casier'

async function main() {
  if (process.env.CASIER_LOCAL_MINT_URL === undefined) {
    giveUp('CASIER_LOCAL_MINT_URL is not set: start casier-local and take its environment')
  }
  const app = Casier.fromEnv()
  const run = process.pid

  console.log('\nWho is this?')
  const claims = { version: 2, email: 'ada@example.com', tier: 'pro', role: 'manager' }
  const ada = await app.authenticate(await mint(`user_ada${run}`, claims))
  let why = "signed by the issuer's key; the tier stands in public_metadata"
  expect("Ada's token, Clerk's version 2", who(ada), 'tier pro, role manager', why)
  const ben = await app.authenticate(await mint(`user_ben${run}`, { version: 1, email: 'ben@example.com' }))
  why = 'a token that names no tier and no role has the lowest'
  expect("Ben's token, Clerk's version 1", who(ben), 'tier free, role user', why)

  const folder = await mkdtemp(join(tmpdir(), 'casier-quickstart-'))
  try {
    await play(ada, ben, folder)
  } finally {
    await rm(folder, { recursive: true })
  }

  console.log('\nTokens that must not pass')
  for (const [fault, code] of [
    ['expired', 'token-expired'],
    ['tampered-payload', 'token-invalid-signature'],
    ['tampered-signature', 'token-invalid-signature'],
    ['other-issuer', 'token-invalid-issuer'],
    ['alg-none', 'token-invalid-algorithm'],
  ]) {
    const token = await mint('user_eve', { tier: 'enterprise', fault })
    await refused(`a token: ${fault}`, () => app.authenticate(token), code)
  }
  console.log('\nThe story ended as it should.')
}

async function play(ada, ben, folder) {
  const [files, bens] = [ada.files(), ben.files()]
  const pngBytes = png()
  const onDisk = join(folder, 'Été à Paris.png')
  await writeFile(onDisk, pngBytes)
  const prefix = files.scope.prefix

  console.log("\nAda's files go in and come back")
  const picture = await files.uploadFile(onDisk, 'image', { metadata: { place: 'Paris, été 2025' } })
  const wanted = `${prefix}images/Été à Paris.png`
  expect('upload a PNG from disk', picture.key, wanted, 'the key begins with her scope')
  for (const [name, kind, data] of [
    ["rapport d'août.pdf", 'document', pdf('Rapport')],
    ['mes notes.md', 'blog', markdown()],
  ]) {
    const stored = await files.uploadFileObject(data, name, kind)
    expect('upload from memory', stored.key, `${prefix}${kind}s/${name}`, 'accents and spaces stay')
  }
  expect('Ada lists her files', (await files.list()).items.length, '3', 'what she uploaded')
  expect('Ben lists his', (await bens.list()).items.length, '0', 'a scope shows its own files alone')

  const link = await files.presignedUrl(picture.key)
  const answer = await fetch(link.url)
  const body = Buffer.from(await answer.arrayBuffer())
  expect('a plain HTTP client follows her link', answer.headers.get('content-type'), 'image/png', 'signed in')
  expect('the bytes are those on disk', body.equals(pngBytes), 'true', 'compared one by one')
  const stored = await files.metadata(picture.key)
  expect('metadata: the size', stored.size, String(pngBytes.length), 'as on disk')
  expect('metadata: the place', stored.metadata.place, 'Paris, été 2025', 'as Ada wrote it')
  const copy = join(folder, 'copy.png')
  await files.download(picture.key, copy)
  const same = (await readFile(copy)).equals(pngBytes)
  expect('a download holds the same bytes', same, 'true', 'compared one by one')

  console.log('\nEverybody else is refused')
  await refused("Ben reads Ada's picture", () => bens.read(picture.key), 'not-owner')
  await refused('Ben asks for a link to it', () => bens.presignedUrl(picture.key), 'not-owner')
  await refused('Ben deletes it', () => bens.delete(picture.key), 'not-owner')
  const around = `${bens.scope.prefix}../${picture.key}`
  await refused('Ben goes around by `..`', () => bens.read(around), 'invalid-key')
  await refused('Ben does what needs `pro`', () => ben.requireSubscription('pro'), 'subscription-required')
  await refused('Ben uses the feature `books`', () => ben.requireFeature('books'), 'feature-required')
  expect('Ada has `books`', ada.hasFeature('books'), 'true', 'her tier includes it')

  const brief = await files.presignedUrl(picture.key, { expiresIn: 1 })
  await setTimeout(2500)
  const { status } = await fetch(brief.url)
  // AWS and the local S3 say 403; Garage takes an expired link for a malformed request, 400.
  const outcome = [400, 403].includes(status) ? 'refused' : 'let through'
  const why = `it has expired, so S3 answers ${status}`
  expect('a link of 1 s, followed after 2.5 s', outcome, 'refused', why)

  console.log('\nDeleted is gone')
  for (const file of (await files.list()).items) {
    await files.delete(file.key)
  }
  await refused('the picture again', () => files.metadata(picture.key), 'file-not-found')
  expect('Ada lists her files', (await files.list()).items.length, '0', 'all are deleted')
}

const who = ({ user }) => `tier ${user.subscription}, role ${user.role}`

/** Says what was asked, what came back and why; anything but `wanted` ends the story. */
function expect(asked, got, wanted, why) {
  if (String(got) !== wanted) {
    giveUp(`${asked}: expected ${wanted}, got ${got}`)
  }
  console.log(`  ok  ${asked}: ${got} (${why})`)
}

/** Says how the call was refused and why; success, or another code, ends the story. */
async function refused(asked, call, code) {
  try {
    await call()
  } catch (error) {
    if (!(error instanceof CasierError) || error.code !== code) {
      giveUp(`${asked}: expected ${code}, got ${error.code}: ${error.message}`)
    }
    console.log(`  ok  ${asked}: ${error.code} (${error.message})`)
    return
  }
  giveUp(`${asked}: expected ${code}, but it was allowed`)
}

/** The story does not go as it should. */
class GivenUp extends Error {}

function giveUp(message) {
  throw new GivenUp(message)
}

/** A token of the local issuer, shaped by the further fields of the mint request. */
async function mint(userId, fields) {
  const answer = await fetch(process.env.CASIER_LOCAL_MINT_URL, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${process.env.CASIER_LOCAL_MINT_TOKEN}`,
      'Content-Type': 'application/json',
    },
    body: JSON.stringify({ user_id: userId, ...fields }),
  })
  const { token } = await answer.json()
  return token
}

/** A picture of 64 by 64 pixels, a colour gradient. */
function png() {
  const side = 64
  const rows = Buffer.alloc(side * (1 + side * 3))
  for (let y = 0, at = 0; y < side; y++) {
    at++
    for (let x = 0; x < side; x++) {
      rows.set([x * 4, y * 4, 160], at)
      at += 3
    }
  }
  const header = Buffer.from([0, 0, 0, side, 0, 0, 0, side, 8, 2, 0, 0, 0])
  const chunks = [chunk('IHDR', header), chunk('IDAT', deflateSync(rows, { level: 0 })), chunk('IEND', Buffer.alloc(0))]
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...chunks])
}

function chunk(name, data) {
  const body = Buffer.concat([Buffer.from(name), data])
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  check.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, check])
}

/** The checksum of PNG. (`zlib.crc32` is younger than Node 20.) */
function crc32(bytes) {
  let sum = ~0
  for (const byte of bytes) {
    sum ^= byte
    for (let bit = 0; bit < 8; bit++) {
      sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0)
    }
  }
  return ~sum >>> 0
}

/** A PDF of one page that says `line`. */
function pdf(line) {
  const content = `BT /F1 18 Tf 72 720 Td (${line}) Tj ET`
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R ' +
      '/Resources << /Font << /F1 5 0 R >> >> >>',
    `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  ]
  let file = '%PDF-1.4\n'
  const offsets = objects.map((text, index) => {
    const offset = file.length
    file += `${index + 1} 0 obj\n${text}\nendobj\n`
    return offset
  })
  const table = file.length
  file += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n`
  file += offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('')
  file += `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${table}\n%%EOF\n`
  return Buffer.from(file)
}

/** A text with accents. */
function markdown() {
  return Buffer.from('# Une journée à Évreux\n\nLe café était fermé ; nous avons mangé une crêpe.\n')
}

try {
  await main()
} catch (error) {
  if (!(error instanceof GivenUp)) {
    throw error
  }
  console.error(error.message)
  process.exitCode = 1
}
