#!/usr/bin/env bash
# make clean: removes what was built. Engines and Python tools in the cache stay.
set -euo pipefail
source "$(dirname "$0")/stages.sh"

rm -rf "$CARGO_TARGET_DIR" "$ROOT/target"
echo "clean: removed $CARGO_TARGET_DIR and $ROOT/target"
