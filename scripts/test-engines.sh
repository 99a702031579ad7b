#!/usr/bin/env bash
# make test-engines: the storage tests and the stories on real servers, with nothing
# changed but the environment. A missing engine is a failure, never a skip.
set -euo pipefail
source "$(dirname "$0")/stages.sh"
source scripts/setup.sh
source scripts/servers.sh
source scripts/node.sh
source scripts/swift.sh
source scripts/apps.sh
source scripts/stories.sh
source scripts/engines.sh

# With its development dependencies the crate asks for the same features as the
# whole workspace, so that this compiles nothing again. What is skipped has faults
# that only the local server can be made to have, and met them in `make test`.
storage_tests() {
  CASIER_MODEL_CASES=128 cargo test --locked --profile "$PROFILE" -p casier --test it storage:: -- \
    --skip storage::faults:: --skip storage::budget::
}

# large_tests NAME: what takes long, one after the other, for they measure. To put
# 100,000 files takes Garage two minutes and the others longer.
large_tests() {
  cargo test --locked --profile "$PROFILE" -p casier --test it "storage::large::$1" -- \
    --ignored --test-threads 1 --nocapture
}

build_stories
stage "garage" 1500 build_garage
stage "minio" 1500 build_minio
stage "large files on casier-local" 600 large_tests transfer
for engine in garage minio; do
  start_server "$engine" "tests/servers/$engine.sh"
  start_server casier-local "$PROFILE_DIR/casier-local" --until-stdin-closes
  stage "storage tests on $engine" 600 with_servers "$engine" -- storage_tests
  stage "large files on $engine" 600 with_servers "$engine" -- large_tests transfer
  [[ $engine != garage ]] || stage "100,000 files on $engine" 900 with_servers "$engine" -- large_tests listing
  tell_stories " on $engine" casier-local "$engine"
  stop_servers
  grep -q "^$engine: objects put: [1-9]" "$LOGS/$engine.log" || fail "nothing was stored in $engine"
done
finish "every test passed on Garage $GARAGE_VERSION and MinIO $MINIO_VERSION$(without_swift)"
