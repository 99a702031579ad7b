#!/usr/bin/env bash
# make stores: asks each store what it can do, and writes the table of docs/stores.md.
set -euo pipefail
source "$(dirname "$0")/stages.sh"
source scripts/setup.sh
source scripts/servers.sh
source scripts/engines.sh

write_column() {
  CASIER_UPDATE_DOCS=1 cargo test --locked --profile "$PROFILE" -p casier --test it storage::capabilities
}

quiet_stage "tools" 900 install_tools
quiet_stage "crates" 900 fetch_crates
stage "casier-local" 2400 write_column
stage "build garage" 1500 build_garage
stage "build minio" 1500 build_minio
for engine in garage minio; do
  start_server "$engine" "tests/servers/$engine.sh"
  stage "$engine" 300 with_servers "$engine" -- write_column
  stop_servers
done
git status --short docs
finish "docs/stores.md says what was found"
