// The local stack, run as a child process for the tests of this folder.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** A running `casier-local`. It ends with `stop()`, and when this process does. */
export async function startLocalStack() {
  const child = spawn(program(), ['--until-stdin-closes'], { stdio: ['pipe', 'pipe', 'inherit'] })
  const environment = await environmentOf(child)
  return {
    environment,

    /** The same configuration as the environment's, as settings in code. */
    settings: () => ({
      local: true,
      issuer: environment.CLERK_ISSUER,
      endpointUrl: environment.S3_ENDPOINT_URL,
      bucket: environment.S3_BUCKET_NAME,
      accessKeyId: environment.AWS_ACCESS_KEY_ID,
      secretAccessKey: environment.AWS_SECRET_ACCESS_KEY,
      region: environment.AWS_REGION,
    }),

    /** A token of the local issuer. */
    async mint(userId, fields = {}) {
      const response = await fetch(environment.CASIER_LOCAL_MINT_URL, {
        method: 'POST',
        headers: {
          Authorization: `Bearer ${environment.CASIER_LOCAL_MINT_TOKEN}`,
          'Content-Type': 'application/json',
        },
        body: JSON.stringify({ user_id: userId, ...fields }),
      })
      const answer = await response.json()
      if (!response.ok) {
        throw new Error(JSON.stringify(answer))
      }
      return answer.token
    },

    async stop() {
      child.stdin.end()
      if (child.exitCode === null) {
        await once(child, 'exit')
      }
    },
  }
}

/** Where `casier-local` is: `CASIER_LOCAL_BIN` says, else where cargo puts it. */
function program() {
  const target = process.env.CARGO_TARGET_DIR ?? join(import.meta.dirname, '../../target')
  const path = process.env.CASIER_LOCAL_BIN ?? join(target, 'debug', 'casier-local')
  if (!existsSync(path)) {
    throw new Error(`${path} is missing: cargo build -p casier-local, or set CASIER_LOCAL_BIN`)
  }
  return path
}

/** The `KEY=value` lines that the program prints before `# ready`. */
async function environmentOf(child) {
  const environment = {}
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === '# ready') {
      return environment
    }
    if (!line.startsWith('#')) {
      const [name] = line.split('=', 1)
      environment[name] = line.slice(name.length + 1)
    }
  }
  throw new Error('casier-local ended before it was ready')
}
