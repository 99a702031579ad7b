#!/usr/bin/env bash
# make test: set-up, checks, and every test that needs no big server.
set -euo pipefail
source "$(dirname "$0")/stages.sh"
source scripts/setup.sh
source scripts/checks.sh

python_suites() {
  local suites=() folder
  for folder in bindings-python/tests tests/conformance/python tests/e2e; do
    [[ -z $(find "$folder" -name 'test_*.py' -print -quit 2>/dev/null) ]] || suites+=("$folder")
  done
  if ((${#suites[@]} == 0)); then
    echo "no Python tests"
    exit 1
  fi
  CASIER_LOCAL_BIN=$PROFILE_DIR/casier-local "$SCRATCH/venv/bin/python" -m pytest \
    -q -p no:cacheprovider --timeout 120 --durations 5 "${suites[@]}"
}

quiet_stage "tools" 900 install_tools
quiet_stage "crates" 900 fetch_crates
stage "format" 60 check_format
stage "dependencies" 120 scripts/check-dependencies.sh
quiet_stage "rust build" 2400 rust_build
stage "rust tests" 900 rust_tests
quiet_stage "clippy" 1500 run_clippy
quiet_stage "rust reference" 900 rust_reference
quiet_stage "python tools" 300 build_tools
quiet_stage "wheel" 1500 build_wheel
quiet_stage "install the wheel" 300 install_wheel -r scripts/requirements-test.txt
stage "python tests" 900 python_suites
finish "every test passed"
