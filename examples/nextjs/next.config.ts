import type { NextConfig } from 'next'

const config: NextConfig = {
  // Casier is a native addon: Node loads it from node_modules, no bundler can.
  serverExternalPackages: ['casier'],
  poweredByHeader: false,
}

export default config
