/** A hook of the page's. What it throws is the page's to hear of, and stops nothing. */
export function safely<Told extends unknown[]>(hook: ((...told: Told) => void) | undefined): (...told: Told) => void {
  return (...told) => {
    try {
      hook?.(...told)
    } catch (error) {
      globalThis.reportError?.(error)
    }
  }
}
