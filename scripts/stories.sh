# shellcheck shell=bash
# Sourced after setup.sh, servers.sh, node.sh, swift.sh and apps.sh: the story that
# `make demo` tells and `make test-engines` tells again, in each language and then
# across the two example applications.

# For the last line of a run.
without_swift() {
  [[ -z $SWIFT_LEFT_OUT ]] || echo "; Swift was left out: $SWIFT_LEFT_OUT"
}

# Everything that the stories run, in stages.
build_stories() {
  quiet_stage "tools" 900 install_tools
  quiet_stage "crates" 900 fetch_crates
  stage "rust build" 2400 build_programs
  quiet_stage "python tools" 300 build_tools
  stage "wheel" 1500 build_wheel
  quiet_stage "install the wheel" 300 install_wheel -r examples/flask/requirements.txt
  quiet_stage "node tools" 900 node_tools
  stage "addon" 1500 build_node
  quiet_stage "npm package" 300 pack_node
  stage "next app" 600 build_next_app
  stage "swift toolchain" 1800 swift_toolchain
  stage "swift build" 1500 build_swift
}

# tell_stories PLACE SERVER...: on what these servers lend.
tell_stories() {
  local on=$1
  shift
  stage "the story in Rust$on" 180 with_servers "$@" -- rust_story
  stage "the story in Python$on" 180 with_servers "$@" -- python_story
  stage "the story in Node$on" 180 with_servers "$@" -- node_story
  stage "the story in Swift$on" 180 with_servers "$@" -- swift_story
  start_apps "$@"
  stage "the story across the applications$on" 180 with_servers "$@" flask next -- story_across
}

rust_story() {
  "$PROFILE_DIR/examples/quickstart"
}

python_story() {
  "$SCRATCH/venv/bin/python" examples/python/quickstart.py
}

# What runs the Swift program is a function here: it is handed over as a program.
story_across() {
  local swift=()
  if [[ -z $SWIFT_LEFT_OUT ]]; then
    swift=("$SCRATCH/swift-files")
    cat >"${swift[0]}" <<-'END'
	#!/usr/bin/env bash
	set -euo pipefail
	source "$SCRATCH/functions"
	swift_files "$@"
	END
    chmod +x "${swift[0]}"
  fi
  "$SCRATCH/venv/bin/python" examples/across.py "${swift[@]}"
}
