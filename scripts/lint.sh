#!/usr/bin/env bash
# make lint: formatting, dependency rules, clippy and the scripts themselves.
set -euo pipefail
source "$(dirname "$0")/stages.sh"
source scripts/setup.sh
source scripts/checks.sh

quiet_stage "tools" 900 install_tools
quiet_stage "crates" 900 fetch_crates
stage "format" 60 check_format
stage "dependencies" 120 scripts/check-dependencies.sh
stage "clippy" 1500 run_clippy
stage "clippy of what make bench compiles" 1500 bench_clippy
stage "shell scripts" 120 check_scripts
finish "clean"
