#!/usr/bin/env bash
# make local: a local S3 and token issuer until Ctrl-C. Its environment goes to
# standard output, what is said about building it to standard error.
set -euo pipefail
exec 3>&1 1>&2
source "$(dirname "$0")/stages.sh"
source scripts/setup.sh

quiet_stage "tools" 900 install_tools
quiet_stage "crates" 900 fetch_crates
stage "rust build" 2400 build_programs
echo "local: serving until Ctrl-C; the environment went to standard output"
cleanup
trap - EXIT INT TERM HUP
exec "$PROFILE_DIR/casier-local" >&3 3>&- {target_lock}>&-
