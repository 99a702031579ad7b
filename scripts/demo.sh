#!/usr/bin/env bash
# make demo: set-up, then the main job on one local stack: in Rust, Python, Node and Swift,
# and through the two running example applications.
set -euo pipefail
source "$(dirname "$0")/stages.sh"
source scripts/setup.sh
source scripts/servers.sh
source scripts/node.sh
source scripts/swift.sh
source scripts/apps.sh
source scripts/stories.sh

build_stories
start_server casier-local "$PROFILE_DIR/casier-local" --until-stdin-closes
tell_stories "" casier-local
stop_servers
finish "every step came out as expected$(without_swift)"
