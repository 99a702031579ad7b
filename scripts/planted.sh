#!/usr/bin/env bash
# make planted: whether the tests catch bugs that are planted on purpose. Each patch of tests/planted
# plants one in a copy of the working tree; the tests of core and the vectors must then fail.
# PLANTED names some of them, by parts of their file names, in place of all.
set -euo pipefail
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/casier/target-planted}
source "$(dirname "$0")/stages.sh"
source scripts/setup.sh

# A stage is a shell of its own: it knows what is exported.
export COPY=$SCRATCH/copy
export RESULTS=$LOGS/results.txt
export LOGS ROOT

# The suites, the quickest first: one that fails is enough.
suites() {
  echo "-p casier --lib"
  echo "-p casier-conformance"
  echo "-p casier --test it"
}

copy_tree() {
  mkdir "$COPY"
  git ls-files -z --cached --others --exclude-standard | tar -c --null --ignore-failed-read -T - | tar -x -C "$COPY"
}

# run_suite LIMIT SUITE
run_suite() {
  # shellcheck disable=SC2086 # a suite is several words
  (cd "$COPY" && timeout "$1" cargo test --locked --profile "$PROFILE" $2)
}

passes_unchanged() {
  local suite
  while read -r suite; do run_suite 1200 "$suite"; done < <(suites)
}

# plant PATCH: plants the bug, says what catches it and takes it out again.
plant() {
  local patch=$1 log verdict
  log=$LOGS/$(basename "$patch" .patch).txt
  if git -C "$COPY" apply --check "$patch" 2>"$log"; then
    git -C "$COPY" apply "$patch"
    verdict=$(judge "$log")
    git -C "$COPY" apply -R "$patch"
  else
    verdict="does not apply"
  fi
  printf '%-40s %s\n' "$(basename "$patch" .patch)" "$verdict" | tee -a "$RESULTS"
}

judge() {
  local suite log=$1 status
  while read -r suite; do
    status=0
    run_suite 600 "$suite" >"$log" 2>&1 || status=$?
    if ((status == 124)); then
      echo "caught: $suite does not end"
      return
    elif ((status != 0)); then
      if grep -q '^error: could not compile' "$log"; then
        echo "does not compile"
      else
        echo "caught: $(first_failure "$log")"
      fi
      return
    fi
  done < <(suites)
  echo "NOT CAUGHT"
}

# The first test of a failed run, and how many failed.
first_failure() {
  local names
  names=$(sed -n 's/^test \(.*\) \.\.\. FAILED$/\1/p' "$1")
  printf '%s (%d)\n' "$(head -n 1 <<<"$names")" "$(grep -c . <<<"$names")"
}

plant_all() {
  local patch
  for patch in "$ROOT"/tests/planted/*.patch; do
    [[ -z ${PLANTED:-} || $(basename "$patch") =~ ${PLANTED// /|} ]] || continue
    plant "$patch"
  done
  ! grep -v ' caught: ' "$RESULTS" >"$SCRATCH/missed" ||
    give_up "not caught, or no longer in place: $(cut -d ' ' -f 1 "$SCRATCH/missed" | paste -sd ' ')"
}

quiet_stage "tools" 900 install_tools
quiet_stage "crates" 900 fetch_crates
quiet_stage "copy" 60 copy_tree
quiet_stage "the tests pass without a bug" 3600 passes_unchanged
stage "planted bugs" 14400 plant_all
finish "all $(wc -l <"$RESULTS") planted bugs are caught"
