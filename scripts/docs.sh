#!/usr/bin/env bash
# make docs: the Rust reference.
set -euo pipefail
source "$(dirname "$0")/stages.sh"
source scripts/setup.sh
source scripts/checks.sh

quiet_stage "tools" 900 install_tools
quiet_stage "crates" 900 fetch_crates
stage "rust reference" 1500 rust_reference
finish "open $CARGO_TARGET_DIR/doc/casier/index.html"
