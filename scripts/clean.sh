#!/usr/bin/env bash
# make clean: removes what was built or installed for building, here and in the shared
# target directory. Engines, Swift and Python tools in the cache stay, and so does what
# is somebody's own: environments, .env files.
set -euo pipefail
source "$(dirname "$0")/stages.sh"

rm -rf "$CARGO_TARGET_DIR" target dist .build \
  bindings-python/python/casier/*.so \
  bindings-node/{dist,node_modules,*.node} \
  bindings-swift/CasierFFI.xcframework \
  examples/nextjs/{.next,node_modules,next-env.d.ts,*.tsbuildinfo} examples/swift/.build \
  tests/e2e/browser/node_modules tests/bench/node/node_modules
find bindings-python examples scripts tests -name __pycache__ -prune -exec rm -rf {} +
echo "clean: removed $CARGO_TARGET_DIR and what was built in $ROOT"
