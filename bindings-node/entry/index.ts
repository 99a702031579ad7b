import { defineAudit, defineErrors, setLogger } from '#native'
import { tell } from './audit.js'
import { CasierError } from './error.js'
import { showClasses } from './show.js'

export { CasierError, type Category } from './error.js'
export {
  Action,
  Casier,
  Decision,
  Link,
  Policy,
  Scope,
  Session,
  setLogger,
  TokenVerifier,
  User,
  UserStorage,
  VerifiedToken,
  VERSION,
} from '#native'
export type {
  AuditEvent,
  CallOptions,
  CasierOptions,
  ClaimPath,
  ClaimsMapping,
  Contents,
  Deletion,
  Details,
  Facts,
  LinkOptions,
  ListOptions,
  LogRecord,
  Names,
  Organization,
  Page,
  ParsedKey,
  Provider,
  ReadOptions,
  RequestHeaders,
  RequestOptions,
  Requirement,
  Reverification,
  Settings,
  StoredFile,
  UploadFileOptions,
  UploadOptions,
  UserOptions,
  VerifierOptions,
} from '#native'

defineErrors(function make(code, message, details, cause) {
  const error = new CasierError(code, message, cause === undefined ? { details } : { details, cause })
  Error.captureStackTrace(error, make)
  return error
})
defineAudit(tell)
setLogger(({ level, logger, message }) => {
  if (level !== 'info') {
    process.emitWarning(message, { type: 'CasierWarning', detail: logger })
  }
})
showClasses()
