#!/usr/bin/env bash
# make demo: set-up, then the main job on one local stack, in Rust and in Python.
set -euo pipefail
source "$(dirname "$0")/stages.sh"
source scripts/setup.sh
source scripts/servers.sh
source scripts/stories.sh

quiet_stage "tools" 900 install_tools
quiet_stage "crates" 900 fetch_crates
stage "rust build" 2400 build_stories
quiet_stage "python tools" 300 build_tools
stage "wheel" 1500 build_wheel
quiet_stage "install the wheel" 300 install_wheel
start_server casier-local "$PROFILE_DIR/casier-local" --until-stdin-closes
stage "the story in Rust" 120 with_servers casier-local -- rust_story
stage "the story in Python" 120 with_servers casier-local -- python_story
stop_servers
finish "every step came out as expected"
