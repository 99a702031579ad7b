#!/usr/bin/env bash
# make bench: measures Casier and its peers in turn, in each language, prints the tables
# and writes them into docs/benchmarks.md.
set -euo pipefail
source "$(dirname "$0")/stages.sh"
source scripts/setup.sh
source scripts/node.sh
source scripts/servers.sh

export PROFILE=measured
export PROFILE_DIR=$CARGO_TARGET_DIR/$PROFILE
# Compiled in small pieces, what is measured would be slower than what is released.
unset CARGO_INCREMENTAL
export RESULTS=$SCRATCH/results TOKENS=$SCRATCH/tokens
mkdir "$RESULTS"

# The program that measures, the store that it measures against, and both bindings, by one cargo command, so that what they
# share is compiled once.
build_measured() {
  # What maturin sets: the interpreter that loads the module has Python's symbols.
  PYO3_BUILD_EXTENSION_MODULE=1 make_node "$PROFILE_DIR" --profile "$PROFILE" \
    -p casier-python -p casier-local -p casier-bench --features casier-bench/measure
}

# The Python peers: a virtual environment in the cache, made once for each state of the list.
python_peers() {
  find_python
  local list=tests/bench/python/requirements.txt
  PEERS_VENV=$CASIER_CACHE/venv-bench-$(
    { "$PYTHON" -VV; echo "$PYTHON"; cat "$list"; } | sha256sum | cut -c 1-12
  )
  if [[ ! -f $PEERS_VENV/.complete ]]; then
    rm -rf "$PEERS_VENV"
    "$PYTHON" -m venv "$PEERS_VENV"
    "$PEERS_VENV/bin/pip" install -q -r "$list" ||
      give_up "pip could not install what $list names: is there a network?"
    touch "$PEERS_VENV/.complete"
  fi
}

node_peers() {
  local wanted installed=tests/bench/node/node_modules/.complete
  wanted=$(cat tests/bench/node/package.json tests/bench/node/package-lock.json | sha256sum)
  if [[ $(cat "$installed" 2>/dev/null) != "$wanted" ]]; then
    npm ci --no-progress --prefix tests/bench/node ||
      give_up "npm could not install what tests/bench/node/package-lock.json names: is there a network?"
    echo "$wanted" >"$installed"
  fi
}

# Real-time priority, where it is allowed, keeps other programs out of what is measured.
export PRIORITY=
! chrt --rr 1 true 2>/dev/null || PRIORITY="chrt --rr 1"

measure_rust() {
  $PRIORITY "$PROFILE_DIR/casier-bench" run "$TOKENS" "$RESULTS/rust.json"
}

measure_python() {
  python_peers
  local package=$SCRATCH/python/casier
  mkdir -p "$SCRATCH/python"
  cp -r bindings-python/python/casier "$package"
  cp "$PROFILE_DIR/lib_casier.so" "$package/_casier.abi3.so"
  PYTHONPATH=$SCRATCH/python $PRIORITY "$PEERS_VENV/bin/python" tests/bench/python/bench.py \
    "$TOKENS" "$RESULTS/python.json"
}

measure_node() {
  CASIER_NODE=$PWD/bindings-node $PRIORITY node tests/bench/node/bench.mjs "$TOKENS" "$RESULTS/node.json"
}

serve_files() {
  # shellcheck disable=SC2086 # it is a command and its arguments, or nothing
  exec $PRIORITY "$PROFILE_DIR/casier-local" --until-stdin-closes
}

write_report() {
  find_python
  "$PYTHON" tests/bench/report.py "$RESULTS" docs/benchmarks.md
}

quiet_stage "tools" 900 install_tools
quiet_stage "crates" 900 fetch_crates
quiet_stage "node tools" 900 node_tools
quiet_stage "python peers" 300 python_peers
quiet_stage "node peers" 300 node_peers
stage "build" 3000 build_measured
stage "tokens" 300 "$PROFILE_DIR/casier-bench" mint "$TOKENS"
# A store for each, so that none begins with what another left in its memory.
for language in rust python node; do
  start_server "$language-store" serve_files
  quiet_stage "$language" 600 with_servers "$language-store" -- "measure_$language"
done
stage "tables" 30 write_report
finish "docs/benchmarks.md is written"
