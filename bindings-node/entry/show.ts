import { inspect, type InspectOptions } from 'node:util'
import {
  BegunUpload,
  CdnCookies,
  Decision,
  FileList,
  FileStream,
  PartUrl,
  Policy,
  PresignedPost,
  PresignedUpload,
  Scope,
  Session,
  TemporaryCredentials,
  User,
  UserStorage,
  VerifiedToken,
} from '#native'
import { type Class, define } from './define.js'
import { Link } from './link.js'

/** What `console.log` shows of the addon's classes, whose members are getters that it would not find.
 * What is personal or secret is left out. */
const shown: ReadonlyArray<readonly [Class, readonly string[]]> = [
  [Decision, ['allowed', 'linkSeconds', 'linkExpiresAt', 'contentType']],
  [FileList, ['skipped']],
  [FileStream, ['file', 'range']],
  [Policy, ['tiers', 'roles']],
  [Scope, ['userId', 'prefix']],
  [Session, ['user', 'expiresAt']],
  [User, ['userId', 'subscription', 'role']],
  [UserStorage, ['scope']],
  [VerifiedToken, ['user', 'expiresAt']],
]

/** The same of what opens something to whoever has it: signed addresses, keys, cookies, ids of uploads.
 * `JSON.stringify` shows no more. */
const opening: typeof shown = [
  [BegunUpload, ['key', 'partSize', 'partCount', 'expiresAt']],
  [CdnCookies, ['domain', 'path', 'expiresIn', 'expiresAt']],
  [Link, ['expiresIn', 'expiresAt']],
  [PartUrl, ['partNumber', 'size', 'expiresAt']],
  [PresignedPost, ['key', 'url', 'expiresIn', 'expiresAt']],
  [PresignedUpload, ['key', 'method', 'expiresIn', 'expiresAt']],
  [TemporaryCredentials, ['expiresAt', 'bucket', 'prefix', 'region', 'endpoint', 'pathStyle']],
]

/** Gives the classes their forms for `console.log` and, where they differ from what it would show,
 * for `JSON.stringify`. A user's is all that is known of them. */
export function showClasses(): void {
  for (const [type, names] of [...shown, ...opening]) {
    define(type, inspect.custom, function (this: object, _depth: number, options: InspectOptions) {
      return `${type.name} ${inspect(members(this, names), options)}`
    })
  }
  for (const [type, names] of opening) {
    define(type, 'toJSON', function (this: object) {
      return members(this, names)
    })
  }
  define(User, 'toJSON', function (this: User) {
    return members(this, getters(User))
  })
}

function members(object: object, names: readonly string[]): object {
  return Object.fromEntries(names.map((name) => [name, Reflect.get(object, name)]))
}

function getters(type: Class): string[] {
  const properties = Object.getOwnPropertyDescriptors(type.prototype)
  return Object.entries(properties).flatMap(([name, { get }]) => (get ? [name] : []))
}
