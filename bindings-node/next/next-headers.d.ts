/** What is used of Next, which the application brings. */
declare module 'next/headers.js' {
  export function headers(): Promise<Headers>
}
