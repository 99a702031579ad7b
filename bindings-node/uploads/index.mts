/**
 * Uploads of files of any size from a browser, straight to the store:
 *
 *     import { uploadFile } from 'casier/uploads'
 *
 *     const stored = await uploadFile(input.files[0], { baseUrl: '/api/files', kind: 'video' })
 *
 * It speaks the upload protocol of Casier's routes. What it needs is a browser alone.
 */
export { CasierError, type Details } from './error.mjs'
export { PAUSE, type StoredFile, type UploadMemory, type UploadOptions, type UploadPhase } from './options.mjs'
export { uploadFile } from './upload.mjs'
