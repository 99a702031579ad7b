#!/usr/bin/env bash
# make fuzz: fuzzing by coverage of all that reads tokens, requests and keys. Each target of
# tests/fuzz runs for FUZZ_SECONDS; what it finds stays in the cache and is built upon next time.
set -euo pipefail
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/casier/target-fuzz}
source "$(dirname "$0")/stages.sh"
source scripts/setup.sh

# A stage is a shell of its own: it knows what is exported.
export CARGO_FUZZ_VERSION=0.13.1
export TARGETS="token claims request jwks"
export SECONDS_EACH=${FUZZ_SECONDS:-60}
export TOOLS=$CASIER_CACHE/cargo-fuzz-$CARGO_FUZZ_VERSION
export CORPUS=$CASIER_CACHE/fuzz-corpus
export LINES_DIR=$CARGO_TARGET_DIR/lines
export LOGS ROOT
HOST=$(rustc -vV | sed -n 's/^host: //p')
export HOST

fuzz_tools() {
  install_tools
  command -v c++ >/dev/null || install_packages g++
  rustup component add llvm-tools || give_up "rustup could not add llvm-tools: is there a network?"
  [[ -x $TOOLS/bin/cargo-fuzz ]] ||
    CARGO_TARGET_DIR=$SCRATCH/cargo-fuzz cargo install cargo-fuzz --locked --version "$CARGO_FUZZ_VERSION" --root "$TOOLS" ||
    give_up "cargo could not install cargo-fuzz $CARGO_FUZZ_VERSION: is there a network?"
}

# cargo_fuzz GOAL ARGUMENT...: without a sanitizer, since core holds no unsafe code; so the stable
# compiler is enough.
cargo_fuzz() {
  local goal=$1
  shift
  "$TOOLS/bin/cargo-fuzz" fuzz "$goal" --fuzz-dir tests/fuzz --sanitizer none "$@"
}

build_targets() {
  # See claim_target_dir: the crates of another checkout are not told from these.
  rm -rf "$CARGO_TARGET_DIR/$HOST"/release/.fingerprint/casier*
  cargo_fuzz build --target-dir "$CARGO_TARGET_DIR"
}

first_inputs() {
  find_python
  "$PYTHON" tests/fuzz/seeds.py "$SCRATCH/seeds" ${CASIER_VECTORS:+"$CASIER_VECTORS"}
}

run_target() {
  local target=$1 log=$LOGS/$1.txt status=0 dictionary=tests/fuzz/dictionaries/$1.dict
  [[ -e $dictionary ]] || dictionary=tests/fuzz/dictionaries/claims.dict
  mkdir -p "$CORPUS/$target"
  CASIER_FUZZ_COUNTS=$SCRATCH/counts "$CARGO_TARGET_DIR/$HOST/release/$target" \
    -max_total_time="$SECONDS_EACH" -max_len=8192 -timeout=10 -rss_limit_mb=2048 \
    -dict="$dictionary" -artifact_prefix="$LOGS/" -print_final_stats=1 \
    "$CORPUS/$target" "$SCRATCH/seeds/$target" >"$log" 2>&1 || status=$?
  if ((status != 0)); then
    grep -a -A 1 'panicked at' "$log" || tail -n 20 "$log"
    give_up "an input breaks a property: $(grep -ao 'Test unit written to .*' "$log" | cut -d ' ' -f 5)"
  fi
  print_figures "$log"
  if [[ $target == claims ]]; then
    awk '{ printf "%d of %d inputs (%.0f %%) got past the signature to the rules for claims\n", $1, $2, 100 * $1 / $2 }' "$SCRATCH/counts"
  fi
}

# How many inputs were run, and the edges and inputs in the corpus at the end.
print_figures() {
  awk '/DONE/ { for (i = 1; i < NF; i++) { if ($i == "cov:") edges = $(i + 1); if ($i == "corp:") corpus = $(i + 1) } }
    /^stat::number_of_executed_units/ { runs = $2 }
    /^stat::average_exec_per_sec/ { rate = $2 }
    END { printf "%d inputs, %d a second, %d edges, corpus of %s\n", runs, rate, edges, corpus }' "$1"
}

# The targets with counters of lines in place of those that lead the fuzzer.
build_for_lines() {
  rm -rf "$LINES_DIR"/release/.fingerprint/casier*
  LLVM_PROFILE_FILE=/dev/null RUSTFLAGS='-C instrument-coverage' \
    cargo build --release --bins --manifest-path tests/fuzz/Cargo.toml --target-dir "$LINES_DIR"
}

# Line coverage by the corpus of all targets together.
measure_lines() {
  local tools objects=() target program
  find_python
  tools=$(rustc --print sysroot)/lib/rustlib/$HOST/bin
  export LLVM_PROFILE_FILE=$SCRATCH/lines/%p.profraw
  for target in $TARGETS; do
    program=$LINES_DIR/release/$target
    "$program" -runs=0 "$CORPUS/$target" "$SCRATCH/seeds/$target" >"$LOGS/$target-lines.txt" 2>&1
    objects+=(--object "$program")
  done
  "$tools/llvm-profdata" merge --sparse "$SCRATCH"/lines/*.profraw -o "$SCRATCH/lines.profdata"
  "$tools/llvm-cov" export --summary-only --instr-profile "$SCRATCH/lines.profdata" "${objects[@]}" >"$SCRATCH/lines.json"
  "$PYTHON" tests/fuzz/lines.py "$SCRATCH/lines.json" "$ROOT/core/src"
}

quiet_stage "tools" 900 fuzz_tools
quiet_stage "build" 1800 build_targets
stage "seeds" 60 first_inputs
for target in $TARGETS; do
  stage "fuzz: $target" $((SECONDS_EACH + 120)) run_target "$target"
done
quiet_stage "build for line coverage" 1800 build_for_lines
stage "lines covered" 300 measure_lines
finish "no input breaks a property"
