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

CASIER_CACHE=${XDG_CACHE_HOME:-${HOME:?HOME is not set}/.cache}/casier
# One target directory for every clone and every tool, so that nothing heavy is
# compiled twice. Maturin and cargo are both given this profile by name.
CARGO_TARGET_DIR=$(realpath -m "${CARGO_TARGET_DIR:-$CASIER_CACHE/target}")
export CARGO_TARGET_DIR
# shellcheck disable=SC2034 # read by the scripts that source this one
PROFILE=dev
# shellcheck disable=SC2034
PROFILE_DIR=$CARGO_TARGET_DIR/debug
export CARGO_TERM_PROGRESS_WHEN=never
export PIP_DISABLE_PIP_VERSION_CHECK=1
command -v cargo >/dev/null || PATH=$PATH:$HOME/.cargo/bin

# What is set for another project must not change a test, and no proxy stands
# before a server on loopback.
for name in $(compgen -v | grep -E '^(AWS|S3|CLERK|NEXT_PUBLIC_CLERK|CASIER)_|^(JWT_ALGORITHM|PRESIGNED_URL_EXPIRATION|REDIS_URL|PYTHON(PATH|HOME))$'); do
  case $name in
    CASIER_VECTORS | CASIER_CACHE) ;;
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

running_group=
sleeper=
held_inputs=()
target_lock=
stage_rows=()
goal_started=$SECONDS

# stage NAME LIMIT COMMAND...: runs the command, showing what it prints.
stage() { run_stage loud "$@"; }

# quiet_stage NAME LIMIT COMMAND...: the same, its output kept in the log unless it fails.
quiet_stage() { run_stage quiet "$@"; }

run_stage() {
  local mode=$1 name=$2 limit=$3
  shift 3
  local log started=$SECONDS status=0 out tee_pid=
  log=$LOGS/$(printf '%02d' "$((${#stage_rows[@]} + 1))")-$(tr -c 'A-Za-z0-9_\n' - <<<"$name").log
  printf '==> %s\n' "$name"

  if [[ $mode == loud ]]; then
    exec {out}> >(release_inputs && exec tee "$log")
    tee_pid=$!
  else
    exec {out}>"$log"
  fi

  # A process group of its own: what the stage leaves behind can be found and
  # ended by id, and a SIGINT is not ignored as it is in a plain background job.
  set -m
  (
    exec 1>&"$out" 2>&1 {out}>&- </dev/null
    release_inputs
    "$@"
  ) &
  running_group=$!
  set +m
  exec {out}>&-
  wait_for_group "$mode" "$limit" "$log" || status=$?

  local left=
  if ((status == 0)); then
    left=$(left_behind "$running_group")
    [[ -z $left ]] || status=1
  fi
  end_group
  [[ -z $tee_pid ]] || wait_for_end "$tee_pid"

  local took=$((SECONDS - started))
  record "$name" "$took"
  if ((status != 0)); then
    local why="status $status"
    if [[ -s $SCRATCH/reason ]]; then
      why=$(<"$SCRATCH/reason")
    elif [[ $mode == quiet ]]; then
      tail -n 30 "$log"
    fi
    ((status != 124)) || why="still running at its limit of $limit s, ended"
    [[ -z $left ]] || why="processes left behind, ended: $(head -n 1 <<<"$left")"
    summary
    printf '%s: FAILED in stage "%s" after %d s: %s; log: %s\n' \
      "$GOAL" "$name" "$took" "$why" "$log" >&2
    exit 1
  fi
  printf '    done in %d s\n' "$took"
}

# Standard inputs that keep servers alive: only this script may hold them.
release_inputs() {
  local input
  for input in "${held_inputs[@]}"; do exec {input}>&-; done
}

record() {
  stage_rows+=("$(printf '%6d s  %s' "$2" "$1")")
}

# Waits for the running stage and gives its status, or 124 at the limit as `timeout`
# has it. A quiet stage shows now and then how far it is.
wait_for_group() {
  local mode=$1 limit=$2 log=$3 waited=0 step ended status
  while ((waited < limit)); do
    step=$((limit - waited < 30 ? limit - waited : 30))
    (
      release_inputs
      exec sleep "$step" >/dev/null 2>&1
    ) &
    sleeper=$!
    ended='' status=0
    wait -n -p ended "$running_group" "$sleeper" || status=$?
    if [[ $ended != "$sleeper" ]]; then
      end_sleeper
      return "$status"
    fi
    sleeper=
    waited=$((waited + step))
    [[ $mode == loud ]] || printf '    %d s: %s\n' "$waited" "$(tail -n 1 "$log" | cut -c 1-100)"
  done
  return 124
}

end_sleeper() {
  [[ -n $sleeper ]] || return 0
  kill "$sleeper" 2>/dev/null || true
  wait "$sleeper" 2>/dev/null || true
  sleeper=
}

# "pid command" of each live process of a group; a zombie counts as gone.
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

# A server whose client has just gone needs a moment to notice it.
left_behind() {
  local tries left=''
  for ((tries = 0; tries < 20; tries++)); do
    left=$(group_members "$1")
    [[ -n $left ]] || return 0
    sleep 0.1
  done
  printf '%s\n' "$left"
}

# Ends what is left of the running stage: asks first, then insists.
end_group() {
  [[ -n $running_group ]] || return 0
  local group=$running_group tries
  running_group=
  kill -TERM -- "-$group" 2>/dev/null || return 0
  for ((tries = 0; tries < 50; tries++)); do
    [[ -n $(group_members "$group") ]] || return 0
    sleep 0.1
  done
  kill -KILL -- "-$group" 2>/dev/null || true
  { wait "$group"; } 2>/dev/null || true
}

wait_for_end() {
  local pid=$1 tries
  for ((tries = 0; tries < 100; tries++)); do
    kill -0 "$pid" 2>/dev/null || return 0
    sleep 0.02
  done
  kill "$pid" 2>/dev/null || true
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
    rm -rf "$PROFILE_DIR"/.fingerprint/casier*
    echo "$ROOT" >"$owner"
  fi
}

cleanup() {
  end_group
  end_sleeper
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
