#!/usr/bin/env bash
# Runs one Garage for a test: a single node on loopback and free ports, its data in
# a temporary folder, with a bucket and a key of its own.
#
# Prints comment lines that begin with `#`, then the environment that points an S3
# client at it as KEY=value lines, then the line `# ready`. It runs until standard
# input reaches its end, or until SIGINT or SIGTERM; then Garage is stopped and the
# folder removed; the last line on standard error says how many objects were put.
# GARAGE_BIN names the program.
set -euo pipefail

garage=${GARAGE_BIN:?GARAGE_BIN must name the garage program}
starting_seconds=30
bucket=casier-garage
folder=$(mktemp -d "${TMPDIR:-/tmp}/casier-garage.XXXXXX")
pid=
stdin_reader=

stop() {
  trap - EXIT INT TERM
  [[ -z $stdin_reader ]] || kill "$stdin_reader" 2>/dev/null || true
  if [[ -n $pid ]] && kill -TERM "$pid" 2>/dev/null; then
    local tries
    for ((tries = 0; tries < 100; tries++)); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null || true
  fi
  echo "garage: objects put: $(grep -c ') PUT /' "$folder/log" 2>/dev/null)" >&2
  rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

random_hex() {
  od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'
}

answers() {
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# Below the range from which the kernel hands out ports of its own, so that no
# client's connection takes the port between this look and Garage's start.
free_port() {
  local port
  while :; do
    port=$((20000 + SRANDOM % 10000))
    answers "$port" || break
  done
  echo "$port"
}

# Status 0 when Garage answers, 1 when it went away (a port was taken meanwhile).
start() {
  s3_port=$(free_port)
  local rpc_port tries
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
  for ((tries = 0; tries < starting_seconds * 10; tries++)); do
    kill -0 "$pid" 2>/dev/null || return 1
    ! answers "$s3_port" || return 0
    sleep 0.1
  done
  echo "garage: no answer after $starting_seconds s" >&2
  tail -n 20 "$folder/log" >&2
  exit 1
}

access_key=GK$(random_hex 12)
secret_key=$(random_hex 32)
attempt=1
until start; do
  if ((attempt == 3)); then
    echo "garage: it does not start" >&2
    tail -n 20 "$folder/log" >&2
    exit 1
  fi
  attempt=$((attempt + 1))
done

cat <<ENVIRONMENT
# $("$garage" --version), one node, process $pid, in $folder
S3_ENDPOINT_URL=http://127.0.0.1:$s3_port
S3_BUCKET_NAME=$bucket
AWS_ACCESS_KEY_ID=$access_key
AWS_SECRET_ACCESS_KEY=$secret_key
AWS_REGION=garage
# ready
ENVIRONMENT

cat <&0 >/dev/null &
stdin_reader=$!
ended=
wait -n -p ended "$pid" "$stdin_reader" || true
if [[ $ended == "$pid" ]]; then
  pid=
  echo "garage: it stopped by itself" >&2
  tail -n 20 "$folder/log" >&2
  exit 1
fi
