# shellcheck shell=bash
# Sourced after stages.sh: the checks and test suites that several goals share.

# Clippy and rustdoc read other artefacts than a build does, but the same features.
RUST_PACKAGES=(--workspace --locked --profile "$PROFILE")

check_format() {
  cargo fmt --all --check
}

run_clippy() {
  cargo clippy "${RUST_PACKAGES[@]}" --all-targets -- -D warnings
}

rust_reference() {
  RUSTDOCFLAGS="-D warnings" cargo doc "${RUST_PACKAGES[@]}" --no-deps
}

# The binding is left to the wheel: its library wants an interpreter around it.
rust_build() {
  cargo test "${RUST_PACKAGES[@]}" --exclude casier-python --no-run
  cargo build "${RUST_PACKAGES[@]}" --exclude casier-python --bins --examples
}

rust_tests() {
  cargo test "${RUST_PACKAGES[@]}" --exclude casier-python --no-fail-fast
}

# Each folder brings the configuration of its own, with a time limit for every test.
python_tests() {
  CASIER_LOCAL_BIN=$PROFILE_DIR/casier-local \
    "$SCRATCH/venv/bin/python" -m pytest -q -p no:cacheprovider --timeout 60 --durations 3 "$1"
}

check_scripts() {
  local scripts=(.ci/run scripts/*.sh tests/servers/*.sh)
  if command -v shellcheck >/dev/null; then
    shellcheck -x "${scripts[@]}"
  else
    local script
    for script in "${scripts[@]}"; do bash -n "$script"; done
    echo "shellcheck is not installed: syntax only"
  fi
}
