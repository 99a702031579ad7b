#!/usr/bin/env bash
# make generate: writes anew what is committed though it follows from the sources.
set -euo pipefail
source "$(dirname "$0")/stages.sh"
source scripts/setup.sh
source scripts/node.sh

generate_stubs() {
  build_tools
  PATH=$BUILD_VENV/bin:$PATH bindings-python/generate-stubs.sh
}

generate_docs() {
  CASIER_UPDATE_DOCS=1 cargo test --locked --profile "$PROFILE" -p casier --test it docs
}

quiet_stage "tools" 900 install_tools
quiet_stage "crates" 900 fetch_crates
stage "tables in docs" 2400 generate_docs
stage "python stubs" 1500 generate_stubs
quiet_stage "node tools" 900 node_tools
stage "node loader and types" 1500 bindings-node/generate.sh
stage "swift sources" 1500 bindings-swift/generate.sh
git status --short
finish "what has changed stands above"
