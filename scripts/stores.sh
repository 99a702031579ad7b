#!/usr/bin/env bash
# make stores: asks each store what it can do, measures large files on it, and writes the tables
# of docs/stores.md.
set -euo pipefail
source "$(dirname "$0")/stages.sh"
source scripts/setup.sh
source scripts/servers.sh
source scripts/engines.sh

write_column() {
  export CASIER_UPDATE_DOCS=1
  cargo test --locked --profile "$PROFILE" -p casier --test it storage::capabilities
  cargo test --locked --profile "$PROFILE" -p casier --test it "storage::large::$1" -- --ignored --test-threads 1
}

quiet_stage "tools" 900 install_tools
quiet_stage "crates" 900 fetch_crates
stage "casier-local" 2400 write_column transfer
stage "build garage" 1500 build_garage
stage "build minio" 1500 build_minio
for engine in garage minio; do
  # To put 100,000 files takes Garage two minutes and the others longer.
  large=transfer
  [[ $engine != garage ]] || large=''
  start_server "$engine" "tests/servers/$engine.sh"
  stage "$engine" 1200 with_servers "$engine" -- write_column "$large"
  stop_servers
done
git status --short docs
finish "docs/stores.md says what was found"
