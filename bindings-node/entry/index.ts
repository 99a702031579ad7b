import { defineErrors, defineHooks, setLogger } from '#native'
import { CasierError } from './error.js'
import { tell } from './hooks.js'
import { makeIterable } from './iterate.js'
import { showClasses } from './show.js'
import { takeSources } from './source.js'

export { CasierError, type Category } from './error.js'
export {
  Action,
  Casier,
  Decision,
  FileList,
  FileStream,
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
  ByteRange,
  CallOptions,
  CasierOptions,
  ClaimPath,
  ClaimsMapping,
  Contents,
  CopyOptions,
  Deletion,
  Details,
  DownloadOptions,
  Facts,
  KindUsage,
  LinkOptions,
  ListOptions,
  LogRecord,
  Names,
  Organization,
  Page,
  ParsedKey,
  Provider,
  ReadOptions,
  Receipt,
  RenameOptions,
  RequestHeaders,
  RequestOptions,
  Requirement,
  Reverification,
  Settings,
  StoredFile,
  StreamOptions,
  SweptUploads,
  TransferOptions,
  UploadFileOptions,
  UploadObjectOptions,
  UploadOptions,
  UploadSource,
  UploadState,
  Usage,
  UserOptions,
  VerifierOptions,
} from '#native'

defineErrors(function make(code, message, details, cause) {
  const error = new CasierError(code, message, cause === undefined ? { details } : { details, cause })
  Error.captureStackTrace(error, make)
  return error
})
defineHooks(tell)
setLogger(({ level, logger, message }) => {
  if (level !== 'info') {
    process.emitWarning(message, { type: 'CasierWarning', detail: logger })
  }
})
showClasses()
makeIterable()
takeSources()
