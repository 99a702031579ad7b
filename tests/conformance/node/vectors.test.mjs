// Runs every shared vector through the Node package; see the README beside this folder.
//
// A kind, a field or a code that is not known is a failure, and none is left out.
import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import {
  Action, CasierError, Policy, Scope, setLogger, TokenVerifier, User,
} from '../../../bindings-node/dist/entry/index.js'
import { catalogue } from '../../../bindings-node/native.js'

const VECTORS = new URL('../vectors/', import.meta.url)
const CODES = new Set(catalogue().map(({ code }) => code))

/** The members of an object, each taken once; one that is left over is unknown. */
class Fields {
  constructor(members) {
    this.members = { ...members }
  }

  take(name, otherwise) {
    const value = this.members[name]
    delete this.members[name]
    return value === undefined ? otherwise : value
  }

  require(name) {
    assert.ok(name in this.members, `the field ${name} is missing`)
    return this.take(name)
  }

  /** What is left, under the package's names. */
  rest(names) {
    const given = names.filter((name) => name in this.members)
    return Object.fromEntries(given.map((name) => [camelCase(name), this.take(name)]))
  }

  end() {
    assert.deepEqual(Object.keys(this.members), [], 'unknown fields')
  }
}

const VERIFIER_OPTIONS = [
  'audience', 'authorized_parties', 'allow_missing_azp', 'algorithms', 'clock_skew', 'namespace',
  'provider', 'public_metadata_claim', 'token_types',
]

function runTokens(given) {
  const fields = new Fields(given)
  const verify = tokenOf(fields)
  fields.end()
  const verified = verify()
  return {
    user: inSnakeCase(verified.user.toJSON()),
    issued_at: seconds(verified.issuedAt),
    not_before: seconds(verified.notBefore),
    expires_at: seconds(verified.expiresAt),
    key_id: verified.keyId,
    session_id: verified.sessionId,
  }
}

function runHas(given) {
  const fields = new Fields(given)
  const [wanted, now] = [new Fields(fields.require('requirement')), new Date(given.now * 1000)]
  const reverification = wanted.take('reverification')
  const requirement = wanted.rest(['role', 'permission', 'feature', 'plan'])
  wanted.end()
  if (typeof reverification === 'object') {
    const own = new Fields(reverification)
    requirement.reverification = own.rest(['level', 'after_minutes'])
    own.end()
  } else {
    requirement.reverification = reverification
  }
  const verify = tokenOf(fields)
  fields.end()
  Policy.builtin().decide(verify().user, Action.has(requirement), null, now).require()
  return {}
}

/** Takes a token and its issuer; gives what verifies it. */
function tokenOf(fields) {
  const issuer = new Fields(fields.require('issuer'))
  const repeated = new Fields(fields.take('token_repeated', {}))
  const [prefix, text, suffix] = ['prefix', 'text', 'suffix'].map((part) => repeated.take(part, ''))
  const token = prefix + text.repeat(repeated.take('times', 0)) + suffix || fields.require('token')
  repeated.end()
  const now = new Date(fields.require('now') * 1000)
  const [source, policy] = [fields.require('source'), fields.take('policy')]

  const options = issuer.rest(VERIFIER_OPTIONS)
  Object.assign(options, issuer.rest(['pem']))
  const mapping = Object.entries(issuer.take('mapping', {}))
  options.mapping = Object.fromEntries(mapping.map(([field, path]) => [camelCase(field), path]))
  for (const [form, keys] of Object.entries(issuer.rest(['jwks', 'jwk']))) {
    options[form] = JSON.stringify(keys)
  }
  for (const text of Object.values(issuer.rest(['jwks_text']))) {
    options.jwks = writtenOut(text)
  }
  const name = issuer.require('issuer')
  issuer.end()
  return () => {
    try {
      if (policy !== undefined) {
        options.policy = Policy.fromToml(policy, 'the case')
      }
      return new TokenVerifier(name, options).verify(token, now, source)
    } catch (error) {
      const parts = token.split('.').filter((part) => part.length >= 16)
      const shown = `${inspect(error, { depth: Infinity })} ${error}`
      assert.ok(!parts.some((part) => shown.includes(part)), 'the error shows the token')
      throw error
    }
  }
}

function runKeys(given) {
  const fields = new Fields(given)
  const [userId, call] = [fields.require('user_id'), fields.require('call')]
  fields.end()
  const [name, members] = only(call)
  const fieldsOfCall = new Fields(members)
  const argument = (name) => writtenOut(fieldsOfCall.require(name))
  const scope = new Scope(writtenOut(userId))
  switch (name) {
    case 'prefix':
      fieldsOfCall.end()
      return { prefix: scope.prefix }
    case 'key': {
      const [kind, filename] = [argument('kind'), argument('filename')]
      fieldsOfCall.end()
      return { key: scope.key(kind, filename) }
    }
    case 'parse': {
      const key = argument('key')
      fieldsOfCall.end()
      return scope.parse(key)
    }
  }
  throw new assert.AssertionError({ message: `unknown call: ${name}` })
}

/** A text, or the parts of one, `[part, times]` where a part is repeated. */
function writtenOut(text) {
  const parts = typeof text === 'string' ? [text] : text
  return parts.map((part) => (typeof part === 'string' ? part : part[0].repeat(part[1]))).join('')
}

function runTiers(given) {
  const fields = new Fields(given)
  const userFields = new Fields(fields.take('user', {}))
  const user = new User('user_1', userFields.rest(['subscription', 'role', 'features', 'plans']))
  userFields.end()
  const action = actionOf(...only(fields.require('action')))
  const factFields = new Fields(fields.take('facts', {}))
  const facts = factFields.rest(['stored_bytes'])
  factFields.end()
  const now = new Date(fields.take('now', 0) * 1000)
  const text = fields.take('policy')
  fields.end()
  const policy = text === undefined ? Policy.builtin() : Policy.fromToml(text, 'the case')
  const decision = policy.decide(user, action, facts, now)
  decision.require()
  return {
    link_seconds: decision.linkSeconds,
    link_expires_at: seconds(decision.linkExpiresAt),
    content_type: decision.contentType,
  }
}

function actionOf(name, value) {
  if (['subscription', 'role', 'feature'].includes(name)) {
    return Action[name](value)
  }
  const fields = new Fields(value)
  const names = { upload: ['kind', 'filename', 'content_type', 'size'], link: ['seconds'] }[name]
  assert.ok(names, `unknown action: ${name}`)
  const values = names.map((name) => fields.require(name))
  fields.end()
  return Action[name](...values)
}

const RUNNERS = { has: runHas, keys: runKeys, tiers: runTiers, tokens: runTokens }

function only(object) {
  const entries = Object.entries(object)
  assert.equal(entries.length, 1)
  return entries[0]
}

const camelCase = (name) => name.replace(/_(.)/g, (_, letter) => letter.toUpperCase())
const snakeCase = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
const inSnakeCase = (object) =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [snakeCase(name), value]))
const seconds = (time) => (time === null ? null : Math.floor(time / 1000))

/** Whole numbers that a double cannot tell are read as `bigint`. */
function parseJson(text) {
  const tokens = /"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g
  const marked = text.replace(tokens, (token) =>
    token.startsWith('"') || Number.isSafeInteger(Number(token)) ? token : `{"exactly": "${token}"}`,
  )
  const exact = (value) => value !== null && typeof value === 'object' && 'exactly' in value
  return JSON.parse(marked, (_, value) => (exact(value) ? BigInt(value.exactly) : value))
}

/** Each member of `wanted` came out, and equal; of a user, too, some may stay unnamed. Sizes come
 * out as numbers, exact or the nearest. */
function covers(found, wanted, path) {
  for (const [name, value] of Object.entries(wanted)) {
    assert.ok(name in found, `nothing comes out at ${path}.${name}`)
    if (name === 'user') {
      covers(found.user, value, `${path}.user`)
    } else {
      const expected = typeof value === 'bigint' ? Number(value) : value
      assert.deepEqual(found[name], expected, `${path}.${name}: ${inspect(found[name])}`)
    }
  }
}

function hold(vector, run) {
  const [fields, expected] = [new Fields(vector), new Fields(vector.expected)]
  const [given, wanted, code] = [fields.require('input'), expected.take('ok'), expected.take('error')]
  const details = expected.take('details', {})
  fields.require('name')
  fields.require('expected')
  fields.end()
  expected.end()
  assert.ok((wanted === undefined) !== (code === undefined), 'exactly one of `ok` and `error`')
  assert.ok(code === undefined || CODES.has(code), `the catalogue has no code ${code}`)
  let found
  try {
    found = run(given)
  } catch (error) {
    if (!(error instanceof CasierError)) {
      throw error
    }
    assert.equal(error.code, code, `expected ${code ?? 'success'}, got ${error.code}: ${error.message}`)
    covers(inSnakeCase(error.details), details, 'details')
    return
  }
  assert.ok(wanted !== undefined, `expected ${code}, got ${inspect(found)}`)
  covers(found, wanted, 'ok')
}

/** Runs every file of a folder; gives the kinds that were there. */
function runFiles(folder, what) {
  setLogger(null)
  const counts = {}
  const failures = []
  for (const path of readdirSync(folder).filter((name) => name.endsWith('.json')).sort()) {
    const fields = new Fields(parseJson(readFileSync(new URL(path, folder), 'utf8')))
    const [kind, cases] = [fields.require('kind'), fields.require('cases')]
    fields.require('description')
    fields.end()
    const run = RUNNERS[kind]
    assert.ok(run, `${path}: no runner for the kind ${kind}`)
    assert.equal(new Set(cases.map(({ name }) => name)).size, cases.length, `${path}: a name stands twice`)
    for (const vector of cases) {
      try {
        hold(vector, run)
      } catch (failure) {
        failures.push(`${kind}: ${vector.name}: ${String(failure).split('\n')[0]}`)
      }
      counts[kind] = (counts[kind] ?? 0) + 1
    }
  }
  for (const [kind, count] of Object.entries(counts)) {
    console.log(`${what} vectors: ${kind}: ${count} ran`)
  }
  assert.deepEqual(failures, [])
  return Object.keys(counts).sort()
}

test('shared vectors', { timeout: 120_000 }, () => {
  assert.deepEqual(runFiles(VECTORS, 'shared'), Object.keys(RUNNERS).sort(), 'each kind has vectors')
})

const PUBLISHED = process.env.CASIER_PUBLISHED
const leftOut = PUBLISHED === undefined && 'CASIER_PUBLISHED is not set'

test('published vectors', { timeout: 120_000, skip: leftOut }, () => {
  assert.ok(runFiles(pathToFileURL(`${PUBLISHED}/`), 'published').length > 0, 'there are some')
})

test('large numbers are read exactly', () => {
  const text = '{"a": 18446744073709551615, "b": [9007199254740991, -18446744073709551615], "c": "\\"18446744073709551615", "d": 1e300}'
  assert.deepEqual(parseJson(text), {
    a: 2n ** 64n - 1n, b: [9007199254740991, 1n - 2n ** 64n], c: '"18446744073709551615', d: 1e300,
  })
})

test('every code is mapped', () => {
  for (const code of CODES) {
    const error = new CasierError(code, 'why')
    assert.ok(Number.isInteger(error.status) && typeof error.retryable === 'boolean')
  }
})
