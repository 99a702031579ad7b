#!/usr/bin/env bash
# make npm: the npm package as it is shipped, optimised, for this system, into dist/.
set -euo pipefail
source "$(dirname "$0")/stages.sh"
source scripts/setup.sh
source scripts/node.sh

quiet_stage "tools" 900 install_tools
quiet_stage "crates" 900 fetch_crates
quiet_stage "node tools" 300 node_tools
stage "node package" 3000 build_release_node
stage "pack" 120 pack_node
mkdir -p dist
mv "$SCRATCH/casier-node.tgz" dist/
finish "dist/casier-node.tgz"
