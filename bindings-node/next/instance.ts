import { Casier, type CasierOptions } from '../entry/index.js'

/** Known to the whole process: Next loads modules again while one develops, and in several bundles. */
const KEY = Symbol.for('casier.next')

const shared = globalThis as typeof globalThis & { [KEY]?: Casier }

/**
 * Serves this process with `casier` from now on, or with one of these settings over those of the
 * environment. Without it, the environment configures everything at the first use; call it in
 * `instrumentation.ts` to configure by code.
 *
 * @throws {CasierError} `config-invalid`: a setting, or a variable of the environment, is wrong.
 */
export function configure(casier: Casier | CasierOptions): void {
  shared[KEY] = casier instanceof Casier ? casier : Casier.fromEnv(casier)
}

/**
 * The one of this process, made from the environment where none was given: to revoke a session that
 * this process shall refuse, and for what no request asks for.
 *
 * @throws {CasierError} `config-invalid`: a variable of the environment is wrong.
 */
export function sharedCasier(): Casier {
  return (shared[KEY] ??= Casier.fromEnv())
}
