#!/usr/bin/env bash
# make test: set-up, checks, and every test that needs no big server.
set -euo pipefail
source "$(dirname "$0")/stages.sh"
source scripts/setup.sh
source scripts/checks.sh
source scripts/servers.sh
source scripts/node.sh
source scripts/swift.sh
source scripts/apps.sh
source scripts/stories.sh

[[ ${CASIER_REQUIRE:-} != swift || -z $SWIFT_LEFT_OUT ]] ||
  fail "CASIER_REQUIRE asks for Swift, but $SWIFT_LEFT_OUT"
quiet_stage "tools" 900 install_tools
quiet_stage "crates" 900 fetch_crates
stage "format" 60 check_format
stage "dependencies" 120 scripts/check-dependencies.sh
stage "planted bugs apply" 60 planted_bugs_apply
# What the Rust tests write down of the published vectors, for the runners of the other languages.
[[ -z ${CASIER_VECTORS:-} ]] || export CASIER_PUBLISHED=$SCRATCH/published
stage "rust build" 2400 rust_build
stage "rust tests" 1500 rust_tests
quiet_stage "clippy" 1500 run_clippy
quiet_stage "rust reference" 900 rust_reference

quiet_stage "python tools" 300 build_tools
stage "wheel" 1500 build_wheel
quiet_stage "install the wheel" 300 install_wheel -r scripts/requirements-test.txt
for suite in tests/conformance/names tests/e2e/scripts bindings-python/tests tests/conformance/python; do
  stage "python: $suite" 600 python_tests "$suite"
done

quiet_stage "node tools" 900 node_tools
stage "addon" 1500 build_node
stage "node tests" 600 node_tests
stage "npm package" 300 pack_node
stage "npm package in a fresh folder" 300 node_package_test

stage "swift toolchain" 1800 swift_toolchain
stage "swift build" 1500 build_swift
stage "swift tests" 900 swift_tests
stage "swift: a package that depends on ours" 900 swift_dependent_package

stage "next app" 600 build_next_app
quiet_stage "browser" 900 browser_tools
# On disk, for a browser uploads 1 GiB.
start_server casier-local "$PROFILE_DIR/casier-local" --until-stdin-closes --data-dir "$SCRATCH/store"
start_apps casier-local
stage "readme" 120 with_servers casier-local -- python_tests tests/e2e/readme
stage "routes" 600 with_servers casier-local flask next -- python_tests tests/e2e/routes
stage "Next.js" 300 with_servers casier-local next -- node --test --test-reporter spec tests/e2e/next/app.test.mjs
stage "pages in a browser" 600 with_servers casier-local flask next -- browser_tests
stop_servers
finish "every test passed$(without_swift)"
