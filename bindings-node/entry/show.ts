import { inspect, type InspectOptions } from 'node:util'
import {
  Decision,
  FileList,
  FileStream,
  Link,
  Policy,
  Scope,
  Session,
  User,
  UserStorage,
  VerifiedToken,
} from '#native'
import { type Class, define } from './define.js'

/** What `console.log` shows of the addon's classes, whose members are getters that it would not find.
 * What is personal or secret is left out. */
const shown: ReadonlyArray<readonly [Class, readonly string[]]> = [
  [Decision, ['allowed', 'linkSeconds', 'linkExpiresAt', 'contentType']],
  [FileList, ['skipped']],
  [FileStream, ['file', 'range']],
  [Link, ['expiresIn', 'expiresAt']],
  [Policy, ['tiers', 'roles']],
  [Scope, ['userId', 'prefix']],
  [Session, ['user', 'expiresAt']],
  [User, ['userId', 'subscription', 'role']],
  [UserStorage, ['scope']],
  [VerifiedToken, ['user', 'expiresAt']],
]

/** Gives the classes their forms for `console.log`; and for `JSON.stringify` links, without their
 * address, and users, with everything that is known of them. */
export function showClasses(): void {
  for (const [type, names] of shown) {
    define(type, inspect.custom, function (this: object, _depth: number, options: InspectOptions) {
      return `${type.name} ${inspect(members(this, names), options)}`
    })
  }
  define(Link, 'toJSON', function (this: Link) {
    return members(this, ['expiresIn', 'expiresAt'])
  })
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
