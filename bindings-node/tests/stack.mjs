// The local stack, run as a child process for the tests of one file.
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { setLogger } from 'casier'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const START_LIMIT = 30_000

// That the local stack is trusted is said at each start.
setLogger(null)

/** Where `casier-local` is: `CASIER_LOCAL_BIN` says, else where cargo puts it. */
export function program() {
  const target = process.env.CARGO_TARGET_DIR ?? `${ROOT}target`
  const path = process.env.CASIER_LOCAL_BIN ?? `${target}/debug/casier-local`
  if (!existsSync(path)) {
    throw new Error(`${path} is missing: cargo build -p casier-local, or set CASIER_LOCAL_BIN`)
  }
  return path
}

/** Starts the program; it ends when its standard input does, at the latest with this process. */
export async function startStack() {
  const child = spawn(program(), ['--until-stdin-closes'], { stdio: ['pipe', 'pipe', 'inherit'] })
  const tooLate = setTimeout(() => child.kill('SIGKILL'), START_LIMIT)
  const environment = {}
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === '# ready') {
      clearTimeout(tooLate)
      return new Stack(child, environment)
    }
    if (!line.startsWith('#')) {
      const at = line.indexOf('=')
      environment[line.slice(0, at)] = line.slice(at + 1)
    }
  }
  throw new Error('casier-local ended before it was ready')
}

class Stack {
  constructor(child, environment) {
    this.child = child
    this.environment = environment
    this.issuer = environment.CLERK_ISSUER
  }

  async stop() {
    const gone = once(this.child, 'exit')
    this.child.stdin.end()
    this.child.stdout.destroy()
    await gone
  }

  /** A token of the local issuer. */
  async mint(userId, fields = {}) {
    const answer = await fetch(this.environment.CASIER_LOCAL_MINT_URL, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${this.environment.CASIER_LOCAL_MINT_TOKEN}`,
        'Content-Type': 'application/json',
      },
      body: JSON.stringify({ user_id: userId, ...fields }),
    })
    const { token } = await answer.json()
    return token
  }

  /** Makes the store behave as `docs/local.md` says of this fault. */
  async inject(fault, rule = {}) {
    await this.faults('POST', { fault, ...rule })
  }

  /** Sets, tells of or clears the faults of the store. */
  async faults(method, rule) {
    const answer = await fetch(this.environment.CASIER_LOCAL_FAULTS_URL, {
      method,
      headers: {
        Authorization: `Bearer ${this.environment.CASIER_LOCAL_MINT_TOKEN}`,
        'Content-Type': 'application/json',
      },
      body: rule === undefined ? null : JSON.stringify(rule),
    })
    const text = await answer.text()
    if (!answer.ok) {
      throw new Error(`${method} of faults: ${answer.status} ${text}`)
    }
    return text === '' ? null : JSON.parse(text)
  }

  /** The issuer's public keys, as JSON text. */
  async jwks() {
    return await (await fetch(`${this.issuer}/.well-known/jwks.json`)).text()
  }

  /** The same configuration as the environment's, as settings in code. */
  settings(more = {}) {
    return {
      local: true,
      issuer: this.issuer,
      endpointUrl: this.environment.S3_ENDPOINT_URL,
      bucket: this.environment.S3_BUCKET_NAME,
      accessKeyId: this.environment.AWS_ACCESS_KEY_ID,
      secretAccessKey: this.environment.AWS_SECRET_ACCESS_KEY,
      region: this.environment.AWS_REGION,
      ...more,
    }
  }

  /** For a child process: this environment, and nothing else that Casier reads. */
  childEnvironment(more = {}) {
    return { PATH: process.env.PATH, NODE_NO_WARNINGS: '1', ...this.environment, ...more }
  }

  /** The id of a user whom no other test knows. */
  newUser() {
    return `user_${randomUUID()}`
  }
}
