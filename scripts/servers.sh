# shellcheck shell=bash
# Sourced after stages.sh: servers that live through several stages. Each is a
# program that prints its environment and then `# ready`, and that ends when its
# standard input does, so that it cannot outlive the script.

declare -A server_pid=()

# start_server NAME COMMAND...; a function as the command ends in an exec of its own, so
# that what is started here is the server itself.
start_server() {
  local name=$1 started=$SECONDS input tries
  shift
  printf '==> start %s\n' "$name"
  # What a former server of this name left.
  rm -f "$SCRATCH/$name".{stdin,env}
  mkfifo "$SCRATCH/$name.stdin"
  (
    release_inputs
    # shellcheck disable=SC2154 # set in stages.sh
    exec {target_lock}>&-
    exec <"$SCRATCH/$name.stdin" >"$SCRATCH/$name.env" 2>"$LOGS/$name.log"
    if declare -F "$1" >/dev/null; then "$@"; else exec "$@"; fi
  ) &
  server_pid[$name]=$!
  exec {input}>"$SCRATCH/$name.stdin"
  held_inputs+=("$input")
  for ((tries = 0; tries < 600; tries++)); do
    grep -qs '^# ready' "$SCRATCH/$name.env" && break
    kill -0 "${server_pid[$name]}" 2>/dev/null || break
    sleep 0.1
  done
  if ! grep -qs '^# ready' "$SCRATCH/$name.env"; then
    tail -n 20 "$LOGS/$name.log" >&2
    fail "$name did not start; log: $LOGS/$name.log"
  fi
  sed -n -e 's/^S3_ENDPOINT_URL=/    S3 at /p' -e 's/^CLERK_ISSUER=/    issuer at /p' \
    -e 's/^\([A-Z]*\)_URL=/    \1 at /p' "$SCRATCH/$name.env"
  record "start $name" $((SECONDS - started))
  printf '    done in %d s\n' $((SECONDS - started))
}

# with_servers NAME... -- COMMAND...: the command with the servers' environments, a
# later one laid over an earlier one.
with_servers() {
  local line
  while [[ $1 != -- ]]; do
    while IFS= read -r line; do
      [[ $line == '#'* ]] || export "${line?}"
    done <"$SCRATCH/$1.env"
    shift
  done
  shift
  "$@"
}

stop_servers() {
  local name
  release_inputs
  held_inputs=()
  for name in "${!server_pid[@]}"; do
    gone_within 15 "${server_pid[$name]}" && continue
    echo "$name did not end with its standard input and was stopped" >&2
    kill -TERM "${server_pid[$name]}" 2>/dev/null || true
    gone_within 15 "${server_pid[$name]}" || kill -KILL "${server_pid[$name]}" 2>/dev/null || true
  done
  server_pid=()
}

gone_within() {
  local seconds=$1 pid=$2 tries
  for ((tries = 0; tries < seconds * 10; tries++)); do
    kill -0 "$pid" 2>/dev/null || return 0
    sleep 0.1
  done
  return 1
}
