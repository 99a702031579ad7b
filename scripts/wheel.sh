#!/usr/bin/env bash
# make wheel: the Python package as it is shipped, optimised, into dist/.
set -euo pipefail
source "$(dirname "$0")/stages.sh"
source scripts/setup.sh

quiet_stage "tools" 900 install_tools
quiet_stage "crates" 900 fetch_crates
quiet_stage "python tools" 300 build_tools
stage "wheel" 3000 build_release_wheel
mkdir -p dist
mv "$SCRATCH"/dist/casier-*.whl dist/
finish "$(ls dist/casier-*.whl)"
