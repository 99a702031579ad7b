# shellcheck shell=bash
# Sourced by the scripts beside it: one real S3 store for a test, on loopback and free
# ports, its data in a temporary folder, with a bucket and a key of its own.
#
# Each of them prints comment lines that begin with `#`, then the environment that
# points an S3 client at it as KEY=value lines, then the line `# ready`. It runs until
# standard input reaches its end, or until SIGINT or SIGTERM; then the store is stopped
# and the folder removed; the last line on standard error says how many objects were put.

starting_seconds=30
pid=
stdin_reader=

# engine NAME: names the store and makes its folder.
engine() {
  engine=$1
  folder=$(mktemp -d "${TMPDIR:-/tmp}/casier-$engine.XXXXXX")
  trap stop EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# start_engine COMMAND: runs the function that starts the store on free ports, sets
# `pid` and `s3_port`, and writes to "$folder/log"; again when a port was taken meanwhile.
start_engine() {
  local attempt
  for attempt in 1 2 3; do
    "$1"
    ! answers_in_time || return 0
  done
  echo "$engine: it does not start" >&2
  tail -n 20 "$folder/log" >&2
  exit 1
}

# serve: tells that the store is ready, and waits for the end.
serve() {
  echo "# ready"
  cat <&0 >/dev/null &
  stdin_reader=$!
  local ended=
  wait -n -p ended "$pid" "$stdin_reader" || true
  if [[ $ended == "$pid" ]]; then
    pid=
    echo "$engine: it stopped by itself" >&2
    tail -n 20 "$folder/log" >&2
    exit 1
  fi
}

random_hex() {
  od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'
}

# Below the range from which the kernel hands out ports of its own, so that no
# client's connection takes the port between this look and the store's start.
free_port() {
  local port
  while :; do
    port=$((20000 + SRANDOM % 10000))
    answers "$port" || break
  done
  echo "$port"
}

answers() {
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# Status 0 when the store answers, 1 when it went away.
answers_in_time() {
  local tries
  for ((tries = 0; tries < starting_seconds * 10; tries++)); do
    kill -0 "$pid" 2>/dev/null || return 1
    # shellcheck disable=SC2154 # set by the function that starts the store
    ! answers "$s3_port" || return 0
    sleep 0.1
  done
  echo "$engine: no answer after $starting_seconds s" >&2
  tail -n 20 "$folder/log" >&2
  exit 1
}

stop() {
  trap - EXIT INT TERM
  local put tries
  put=$(objects_put || true)
  [[ -z $stdin_reader ]] || kill "$stdin_reader" 2>/dev/null || true
  if [[ -n $pid ]] && kill -TERM "$pid" 2>/dev/null; then
    for ((tries = 0; tries < 100; tries++)); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null || true
  fi
  echo "$engine: objects put: $put" >&2
  rm -rf "$folder"
}
