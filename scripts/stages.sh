# shellcheck shell=bash
# Shared by the scripts beside it, which source it: where things are kept, and a
# small runner that times each stage, ends it at its limit, and says in one line
# what failed and where to read on.

set -euo pipefail
if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 501)); then
  echo "bash 5.1 or newer is needed, this is $BASH_VERSION" >&2
  exit 1
fi

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT"

export CASIER_CACHE=${XDG_CACHE_HOME:-${HOME:?HOME is not set}/.cache}/casier
# One target directory for every clone and every tool, so that nothing heavy is
# compiled twice. Maturin and cargo are both given this profile by name.
CARGO_TARGET_DIR=$(realpath -m "${CARGO_TARGET_DIR:-$CASIER_CACHE/target}")
export CARGO_TARGET_DIR
export PROFILE=dev
export PROFILE_DIR=$CARGO_TARGET_DIR/debug
export CARGO_TERM_PROGRESS_WHEN=never
export PIP_DISABLE_PIP_VERSION_CHECK=1
command -v cargo >/dev/null || PATH=$PATH:$HOME/.cargo/bin

# What is set for another project must not change a test, and no proxy stands
# before a server on loopback.
for name in $(compgen -v | grep -E '^(AWS|S3|CLERK|NEXT_PUBLIC_CLERK|CASIER)_|^(JWT_ALGORITHM|PRESIGNED_URL_EXPIRATION|REDIS_URL|PYTHON(PATH|HOME))$'); do
  case $name in
    CASIER_VECTORS | CASIER_CACHE | CASIER_REQUIRE) ;;
    *) unset "$name" ;;
  esac
done
export NO_PROXY=127.0.0.1,localhost${NO_PROXY:+,$NO_PROXY}
export no_proxy=$NO_PROXY

GOAL=$(basename "$0" .sh)
LOGS=$ROOT/target/logs/$GOAL
rm -rf "$LOGS"
mkdir -p "$LOGS" "$CARGO_TARGET_DIR"
SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/casier-$GOAL.XXXXXX")
export SCRATCH

running=
tee=
held_inputs=()
target_lock=
stage_rows=()
goal_started=$SECONDS

# stage NAME LIMIT COMMAND...: runs the command, showing what it prints.
stage() { run_stage loud "$@"; }

# quiet_stage NAME LIMIT COMMAND...: the same, its output kept in the log unless it fails.
quiet_stage() { run_stage quiet "$@"; }

run_stage() {
  local mode=$1 name=$2 limit=$3 log started=$SECONDS status=0 left='' why=''
  shift 3
  log=$LOGS/$(printf '%02d' "$((${#stage_rows[@]} + 1))")-$(tr -c 'A-Za-z0-9_\n' - <<<"$name").log
  printf '==> %s\n' "$name"
  rm -f "$SCRATCH/reason"
  declare -f >"$SCRATCH/functions"
  begin_stage "$mode" "$log" "$limit" "$@"
  wait "$running" || status=$?
  if ((status == 0)); then
    left=$(left_behind)
    [[ -z $left ]] || status=1 why="processes left behind, ended: ${left%%$'\n'*}"
  fi
  end_stage
  [[ -z $tee ]] || wait_for_end "$tee"

  local took=$((SECONDS - started))
  record "$name" "$took"
  if ((status != 0)); then
    if ((status == 124)); then
      why="still running at its limit of $limit s, ended"
    elif [[ -s $SCRATCH/reason ]]; then
      why=$(<"$SCRATCH/reason")
    elif [[ $mode == quiet ]]; then
      tail -n 30 "$log"
    fi
    summary
    printf '%s: FAILED in stage "%s" after %d s: %s; log: %s\n' \
      "$GOAL" "$name" "$took" "${why:-status $status}" "$log" >&2
    exit 1
  fi
  printf '    done in %d s\n' "$took"
}

# Starts a stage as a bash of its own that knows all functions. `timeout` makes it a
# process group of its own, and ends that at the limit. Started in the background, it
# would ignore Ctrl-C, and so would every test of Ctrl-C in it: `env` undoes that.
begin_stage() {
  local mode=$1 log=$2 limit=$3 out
  shift 3
  tee=
  if [[ $mode == loud ]]; then
    exec {out}> >(release_inputs && exec tee "$log")
    tee=$!
  else
    exec {out}>"$log"
  fi
  (
    release_inputs
    # shellcheck disable=SC2016 # the new bash expands it
    exec env --default-signal=INT,QUIT timeout --kill-after=10 "$limit" \
      bash -c 'set -euo pipefail; source "$SCRATCH/functions"; "$@"' stage "$@" \
      </dev/null >&"$out" 2>&1 {out}>&-
  ) &
  running=$!
  exec {out}>&-
}

# "pid command" of each live process of the ended stage; a zombie counts as gone. A
# server whose client has just gone needs a moment to notice it.
left_behind() {
  local tries left=
  for ((tries = 0; tries < 20; tries++)); do
    left=$(group_members "$running")
    [[ -n $left ]] || return 0
    sleep 0.1
  done
  printf '%s\n' "$left"
}

group_members() {
  local stat line fields
  for stat in /proc/[0-9]*/stat; do
    { read -r line <"$stat"; } 2>/dev/null || continue
    read -r -a fields <<<"${line##*) }"
    if [[ ${fields[2]} == "$1" && ${fields[0]} != [ZX] ]]; then
      printf '%s %s\n' "${line%% *}" "$(tr '\0' ' ' 2>/dev/null <"${stat%stat}cmdline")"
    fi
  done
}

# Ends what is left of the running stage: asks first, then insists.
end_stage() {
  [[ -n $running ]] || return 0
  local group=$running tries
  running=
  # In its first moment a stage is not yet a group of its own.
  kill -TERM -- "-$group" 2>/dev/null || kill -TERM "$group" 2>/dev/null || return 0
  for ((tries = 0; tries < 50; tries++)); do
    [[ -n $(group_members "$group") ]] || return 0
    sleep 0.1
  done
  kill -KILL -- "-$group" 2>/dev/null || true
}

# What `tee` still holds comes before the stage's last line.
wait_for_end() {
  local pid=$1 tries
  for ((tries = 0; tries < 100; tries++)); do
    kill -0 "$pid" 2>/dev/null || return 0
    sleep 0.02
  done
}

# Standard inputs that keep servers alive: only this script may hold them.
release_inputs() {
  local input
  for input in "${held_inputs[@]}"; do exec {input}>&-; done
}

record() {
  stage_rows+=("$(printf '%6d s  %s' "$2" "$1")")
}

summary() {
  printf '\n%s\n' "$GOAL: stages"
  printf '%s\n' "${stage_rows[@]}"
  printf '%6d s  together\n' "$((SECONDS - goal_started))"
}

# finish TEXT: the last line of a run in which every stage passed.
finish() {
  summary
  printf '%s: %s\n' "$GOAL" "$1"
}

# fail TEXT: one clear line, for what no stage can mend.
fail() {
  printf '%s: %s\n' "$GOAL" "$1" >&2
  exit 1
}

# Cargo tells the crates of two checkouts apart neither by their path nor by their
# content but by dates alone, so with one target directory a checkout can be given
# what was compiled from another. Hence one run at a time, and after another
# checkout's run this one compiles its own crates anew (what they depend on stays).
claim_target_dir() {
  local owner=$CARGO_TARGET_DIR/.casier-checkout
  exec {target_lock}>"$CARGO_TARGET_DIR/.casier-lock"
  if ! flock -n "$target_lock"; then
    echo "$GOAL: another run is using $CARGO_TARGET_DIR, waiting for its end"
    flock -w 5400 "$target_lock" || fail "still waiting for $CARGO_TARGET_DIR after 90 minutes"
  fi
  if [[ $(cat "$owner" 2>/dev/null) != "$ROOT" ]]; then
    rm -rf "$CARGO_TARGET_DIR"/*/.fingerprint/casier*
    echo "$ROOT" >"$owner"
  fi
}

cleanup() {
  end_stage
  ! declare -F stop_servers >/dev/null || stop_servers
  rm -rf "$SCRATCH"
}
trap cleanup EXIT
trap 'echo "$GOAL: interrupted" >&2; exit 130' INT
trap 'echo "$GOAL: ended" >&2; exit 143' TERM HUP

# Tests run in the folders of their crates, so the path has to be a full one.
if [[ -n ${CASIER_VECTORS:-} ]]; then
  [[ -d $CASIER_VECTORS ]] || fail "CASIER_VECTORS names no folder: $CASIER_VECTORS"
  CASIER_VECTORS=$(realpath "$CASIER_VECTORS")
  export CASIER_VECTORS
fi

claim_target_dir
