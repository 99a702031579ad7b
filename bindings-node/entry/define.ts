/** A class of the addon's. */
export type Class = { readonly name: string; readonly prototype: object }

/** Gives a class a member, like one that it was made with. */
export function define(type: Class, name: string | symbol, value: unknown): void {
  Object.defineProperty(type.prototype, name, { value, configurable: true, writable: true })
}
