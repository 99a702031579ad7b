/**
 * The file routes, for another web framework than Next.js:
 *
 *     const api = new HttpApi(casier, 'files')
 *     const call = await api.begin(method, path, query, headers)
 *     const answer = await call.answer(body)      // of call.wanted, at most call.limit bytes
 *
 * The documentation's page on the routes tells what is left to the framework.
 */
import './index.js'

export { errorAnswer, HttpApi, HttpCall, MAX_FORM_PARTS, MAX_FORM_TEXT_BYTES, requestId } from '#native'
export type { HttpAnswer, HttpApiOptions, HttpBody, HttpForm } from '#native'
