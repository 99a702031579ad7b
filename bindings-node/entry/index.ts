import { defineErrors, defineHooks, setLogger } from '#native'
import { CasierError } from './error.js'
import { tell } from './hooks.js'
import { makeIterable } from './iterate.js'
import { makeLinks } from './link.js'
import { showClasses } from './show.js'
import { takeSources } from './source.js'

export { CasierError, type Category } from './error.js'
export { Link } from './link.js'
export {
  Action,
  BegunUpload,
  Casier,
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
  setLogger,
  TemporaryCredentials,
  TokenVerifier,
  User,
  UserStorage,
  VerifiedToken,
  VERSION,
} from '#native'
export type {
  AuditEvent,
  BeginUploadOptions,
  ByteRange,
  CallOptions,
  CasierOptions,
  CdnOptions,
  ClaimPath,
  ClaimsMapping,
  Contents,
  CopyOptions,
  Deletion,
  Details,
  DownloadOptions,
  Facts,
  GrantOptions,
  KindUsage,
  LinkOptions,
  ListOptions,
  LogRecord,
  Names,
  Organization,
  Page,
  ParsedKey,
  PresignedPostOptions,
  PresignedUploadOptions,
  Provider,
  ReadOptions,
  Receipt,
  RenameOptions,
  RequestHeaders,
  RequestOptions,
  Requirement,
  Reverification,
  Settings,
  SizeRange,
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
makeLinks()
takeSources()
