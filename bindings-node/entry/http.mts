// The same module, not a second one: a class is one class, whoever imports it.
export * from './http.js'
