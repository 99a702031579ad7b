#!/usr/bin/env bash
# make test: set-up, checks, and every test that needs no big server.
set -euo pipefail
source "$(dirname "$0")/stages.sh"
source scripts/setup.sh
source scripts/checks.sh

quiet_stage "tools" 900 install_tools
quiet_stage "crates" 900 fetch_crates
stage "format" 60 check_format
stage "dependencies" 120 scripts/check-dependencies.sh
stage "rust build" 2400 rust_build
stage "rust tests" 900 rust_tests
quiet_stage "clippy" 1500 run_clippy
quiet_stage "rust reference" 900 rust_reference
quiet_stage "python tools" 300 build_tools
stage "wheel" 1500 build_wheel
quiet_stage "install the wheel" 300 install_wheel -r scripts/requirements-test.txt
for suite in bindings-python/tests tests/conformance/python tests/e2e/scripts; do
  stage "python: $suite" 600 python_tests "$suite"
done
finish "every test passed"
