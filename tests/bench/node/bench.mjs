// What `make bench` measures in Node: bench.mjs FOLDER RESULTS.
import { createPublicKey } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { verifyToken } from '@clerk/backend'
import { createVerifier } from 'fast-jwt'
import { importSPKI, jwtVerify } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import { links } from './links.mjs'
import { BATCH, batches, contest, text } from './rounds.mjs'
import { storage } from './storage.mjs'

const [folder, results] = process.argv.slice(2)
const issuer = 'https://clerk.example.com'
const require = createRequire(import.meta.url)
const { TokenVerifier } = require(process.env.CASIER_NODE)

const version = (name) => `${name} ${require('./package.json').dependencies[name]}`
const pem = readFileSync(join(folder, 'rs256.pem'), 'utf8')
const tokens = readFileSync(join(folder, 'rs256.tokens'), 'latin1').split('\n').map((token) => Buffer.from(token))
const key = createPublicKey(pem)
const cryptoKey = await importSPKI(pem, 'RS256')
const algorithms = ['RS256']

const peers = {
  [`${version('jose')}, key parsed once`]: {
    verify: (token) => jwtVerify(token, cryptoKey, { algorithms, issuer }),
    isAsync: true,
  },
  [`${version('jsonwebtoken')}, key parsed once`]: {
    verify: (token) => jsonwebtoken.verify(token, key, { algorithms, issuer }),
  },
  [version('fast-jwt')]: { verify: createVerifier({ key: pem, algorithms, allowedIss: issuer }) },
  [`${version('@clerk/backend')}, \`jwtKey\``]: {
    verify: (token) => verifyToken(token, { jwtKey: pem }),
    isAsync: true,
  },
}

const casier = (options) => {
  const verifier = new TokenVerifier(issuer, { pem, ...options })
  return { verify: (token) => verifier.verify(token) }
}

const [first, ...others] = Object.entries(peers)
const contestants = [first, ['Casier, cache off', casier({ tokenCache: false })], ['Casier', casier()], ...others]
const once = batches(tokens.slice(0, 80 * BATCH))
const distinct = await contest('RS256, a personal session', Object.fromEntries(contestants), once)

const cached = {
  [`${version('fast-jwt')}, with its cache`]: {
    verify: createVerifier({ key: pem, algorithms, allowedIss: issuer, cache: 10_000 }),
  },
  Casier: casier(),
}
const again = batches(tokens.slice(0, 8 * BATCH))
const repeated = await contest('RS256, tokens that come again', cached, Array(20).fill(again).flat())
const outcomes = [distinct, repeated, await links(version), ...(await storage(version))]
for (const outcome of outcomes) console.log(text(outcome))
writeFileSync(results, JSON.stringify(outcomes, null, 2))
