#!/usr/bin/env bash
# Runs one Garage for a test, a single node, as engine.sh says. GARAGE_BIN names the
# program.
set -euo pipefail
source "$(dirname "$0")/engine.sh"

garage=${GARAGE_BIN:?GARAGE_BIN must name the garage program}
bucket=casier-garage
access_key=GK$(random_hex 12)
secret_key=$(random_hex 32)

launch() {
  s3_port=$(free_port)
  local rpc_port
  rpc_port=$(free_port)
  rm -rf "$folder/meta" "$folder/data"
  cat >"$folder/garage.toml" <<CONFIG
metadata_dir = "$folder/meta"
data_dir = "$folder/data"
db_engine = "sqlite"
metadata_fsync = false
data_fsync = false
replication_factor = 1
rpc_bind_addr = "127.0.0.1:$rpc_port"
rpc_public_addr = "127.0.0.1:$rpc_port"
rpc_secret = "$(random_hex 32)"

[s3_api]
s3_region = "garage"
api_bind_addr = "127.0.0.1:$s3_port"
CONFIG
  GARAGE_DEFAULT_ACCESS_KEY=$access_key GARAGE_DEFAULT_SECRET_KEY=$secret_key \
    GARAGE_DEFAULT_BUCKET=$bucket \
    "$garage" -c "$folder/garage.toml" server --single-node --default-bucket \
    >"$folder/log" 2>&1 </dev/null &
  pid=$!
}

objects_put() {
  grep -c ') PUT /' "$folder/log" 2>/dev/null
}

engine garage
start_engine launch
version=$("$garage" --version | sed 's/^[^:]*:\([0-9.]*\).*/\1/')
# The tests try versions and rules in buckets of their own.
"$garage" -c "$folder/garage.toml" key allow --create-bucket "$access_key" >>"$folder/log" 2>&1
cat <<ENVIRONMENT
# Garage $version, one node, process $pid, in $folder
CASIER_STORE=Garage $version
S3_ENDPOINT_URL=http://127.0.0.1:$s3_port
S3_BUCKET_NAME=$bucket
AWS_ACCESS_KEY_ID=$access_key
AWS_SECRET_ACCESS_KEY=$secret_key
AWS_REGION=garage
ENVIRONMENT
serve
