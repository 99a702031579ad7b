# shellcheck shell=bash
# Sourced after stages.sh: the checks and test suites that several goals share.

# on_workspace COMMAND...: one cargo command with the features of all crates together,
# so that every one of them finds what another compiled. The few lines that call UniFFI's
# generator are left out: its features are others, and all would be compiled again.
on_workspace() {
  cargo "$1" --workspace --exclude uniffi-bindgen-swift --locked --profile "$PROFILE" "${@:2}"
}

check_format() {
  cargo fmt --all --check
}

run_clippy() {
  on_workspace clippy --all-targets -- -D warnings
}

# Its features are others, so that much is compiled again for it.
bench_clippy() {
  cargo clippy -p casier-bench --features measure --locked --profile "$PROFILE" --all-targets -- -D warnings
}

rust_reference() {
  RUSTDOCFLAGS="-D warnings" on_workspace doc --no-deps
}

rust_build() {
  without_bindings test --no-run
  build_programs
}

rust_tests() {
  without_bindings test --no-fail-fast
}

# Each folder brings the configuration of its own, with a time limit for every test.
python_tests() {
  CASIER_LOCAL_BIN=$PROFILE_DIR/casier-local \
    "$SCRATCH/venv/bin/python" -m pytest -q -p no:cacheprovider --timeout 60 --durations 3 "$1"
}

browser_tests() {
  node --test --test-concurrency 1 tests/e2e/browser/
}

# Whether each planted bug still finds its place; `make planted` tries them.
planted_bugs_apply() {
  local patch status=0
  for patch in tests/planted/*.patch; do
    git apply --check "$patch" || status=1
  done
  ((status == 0)) || give_up "a planted bug does not apply any more: tests/planted/README.md says what to do"
}

check_scripts() {
  local scripts=(.ci/run scripts/*.sh bindings-*/*.sh tests/servers/*.sh)
  if command -v shellcheck >/dev/null; then
    shellcheck -x "${scripts[@]}"
  else
    local script
    for script in "${scripts[@]}"; do bash -n "$script"; done
    echo "shellcheck is not installed: syntax only"
  fi
}
