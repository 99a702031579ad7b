# shellcheck shell=bash
# Sourced after setup.sh, servers.sh and node.sh: the two example applications, each run
# by the server that its users would run it with, on the storage of casier-local.

# The Next.js example in a folder of its own, on the package as npm would bring it.
build_next_app() {
  local app=$SCRATCH/nextjs
  rm -rf "$app"
  mkdir "$app"
  git ls-files -z examples/nextjs | tar --create --null --files-from - | tar --extract --strip-components 2 -C "$app"
  cd "$app" || return
  npm install "$SCRATCH/casier-node.tgz" || give_up "npm could not install what the Next.js example needs: is there a network?"
  NEXT_TELEMETRY_DISABLED=1 npm run build
}

# start_apps STORAGE...: both, with what these servers lend.
start_apps() {
  start_flask "$@"
  start_next "$@"
}

start_flask() {
  start_web flask "$ROOT/examples/flask" "$@" -- \
    "$SCRATCH/venv/bin/gunicorn" --bind '127.0.0.1:{port}' --workers 2 app:app
}

start_next() {
  start_web next "$SCRATCH/nextjs" "$@" -- \
    env NEXT_TELEMETRY_DISABLED=1 npm run start -- --hostname 127.0.0.1 --port '{port}'
}

# start_web NAME FOLDER STORAGE... -- COMMAND...
start_web() {
  local name=$1 folder=$2 storage=()
  shift 2
  while [[ $1 != -- ]]; do
    storage+=("$1")
    shift
  done
  start_server "$name" with_servers "${storage[@]}" -- \
    exec "$SCRATCH/venv/bin/python" tests/servers/web.py "$name" --folder "$folder" "$@"
}
