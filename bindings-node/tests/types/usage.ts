// The same types for CommonJS.
import casier = require('casier')

export const app: casier.Casier = casier.Casier.fromEnv()
export const explain = (error: unknown): boolean => error instanceof casier.CasierError && error.retryable
