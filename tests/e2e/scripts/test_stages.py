"""The stage runner of the scripts: what fails, hangs or stays behind is named and ended."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def goal(tmp_path):
    """Starts a script named `goal` with the given stages in a copy of the repository's scripts."""
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    for name in ("stages.sh", "servers.sh"):
        (scripts / name).write_text((ROOT / "scripts" / name).read_text())
    (tmp_path / "tmp").mkdir()
    started = []

    def start(stages, name="goal"):
        script = scripts / f"{name}.sh"
        script.write_text(
            'source "$(dirname "$0")/stages.sh"\nsource "$(dirname "$0")/servers.sh"\n' + stages
        )
        process = subprocess.Popen(
            # The run of these tests may ignore signals, as a job in the background does.
            ["env", "--default-signal=INT,TERM,HUP", "bash", str(script)],
            env=os.environ
            | {
                "CARGO_TARGET_DIR": str(tmp_path / "cargo"),
                "TMPDIR": str(tmp_path / "tmp"),
                "CLERK_SECRET_KEY": "of another project",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()
    assert list((tmp_path / "tmp").iterdir()) == [], "temporary files stayed behind"


def outcome(process):
    text, _ = process.communicate(timeout=30)
    return process.returncode, text


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def pid_in(path):
    for _ in range(100):
        if path.exists() and path.read_text().strip():
            return int(path.read_text())
        time.sleep(0.05)
    raise AssertionError(f"{path} was not written")


def test_stages_are_shown_timed_and_summed_up(goal):
    code, text = outcome(
        goal('stage "first one" 20 echo shown\nquiet_stage second 20 echo kept\nfinish "all well"\n')
    )
    assert code == 0
    assert "==> first one\nshown\n    done in " in text
    assert "kept" not in text
    assert "s  first one\n" in text and "s  together\n" in text
    assert text.endswith("goal: all well\n")


def test_a_failure_ends_the_goal_with_one_line_that_names_stage_and_log(goal, tmp_path):
    code, text = outcome(goal('quiet_stage "the bad" 20 sh -c "echo why; exit 7"\necho never\n'))
    log = tmp_path / "target/logs/goal/01-the-bad.log"
    assert code == 1
    assert text.splitlines()[-1].startswith('goal: FAILED in stage "the bad" after ')
    assert text.splitlines()[-1].endswith(f"status 7; log: {log}")
    assert "why" in text and log.read_text() == "why\n"
    assert "never" not in text


def test_a_failure_in_the_middle_of_a_function_counts(goal):
    code, text = outcome(goal("steps() { false; echo never; }\nstage steps 20 steps\n"))
    assert code == 1
    assert "never" not in text


def test_a_hanging_stage_is_ended_at_its_limit(goal, tmp_path):
    code, text = outcome(goal(f'stage hang 1 sh -c "echo \\$\\$ >{tmp_path}/pid; sleep 600"\n'))
    assert code == 1
    assert "still running at its limit of 1 s, ended" in text
    assert not alive(pid_in(tmp_path / "pid"))


def test_what_a_stage_leaves_behind_fails_it_and_is_ended(goal, tmp_path):
    code, text = outcome(goal(f'stage left 20 sh -c "sleep 600 & echo \\$! >{tmp_path}/pid"\n'))
    assert code == 1
    assert "processes left behind, ended: " in text
    assert not alive(pid_in(tmp_path / "pid"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_ending_the_goal_ends_its_stage_and_its_servers(goal, tmp_path, number):
    process = goal(
        f"server() {{ echo $BASHPID >{tmp_path}/server; echo KEY=value; echo '# ready'; read -r _; }}\n"
        f"export -f server\n"
        f'start_server one bash -c server\n'
        f'stage long 60 sh -c "echo \\$\\$ >{tmp_path}/stage; sleep 600"\n'
    )
    stage = pid_in(tmp_path / "stage")
    process.send_signal(number)
    code, _ = outcome(process)
    assert code == 143
    assert not alive(stage)
    assert not alive(pid_in(tmp_path / "server"))


def test_servers_lend_their_environment_and_another_project_s_is_gone(goal):
    code, text = outcome(
        goal(
            "start_server one printf 'A=1\\nB=1\\n# ready\\n'\n"
            "start_server two printf '# a comment\\nB=2 = two\\n# ready\\n'\n"
            "stage env 20 with_servers one two -- sh -c 'echo \"$A, $B, ${CLERK_SECRET_KEY-unset}\"'\n"
        )
    )
    assert code == 0, text
    assert "1, 2 = two, unset\n" in text


def test_a_server_may_be_started_with_what_another_lends(goal):
    code, text = outcome(
        goal(
            "start_server one printf 'A=1\n# ready\n'\n"
            "start_server two with_servers one -- exec sh -c 'echo \"B=$A\"; echo \"# ready\"'\n"
            "stage env 20 with_servers two -- sh -c 'echo \"${A-unset}, $B\"'\n"
        )
    )
    assert code == 0, text
    assert "unset, 1\n" in text


def test_a_server_that_does_not_start_fails_the_goal(goal):
    code, text = outcome(goal("start_server one sh -c 'echo broken >&2; exit 3'\necho never\n"))
    assert code == 1
    assert "broken" in text and "one did not start" in text.splitlines()[-1]
    assert "never" not in text


def test_another_checkout_s_crates_are_compiled_anew(goal, tmp_path):
    fingerprints = tmp_path / "cargo/debug/.fingerprint"
    (fingerprints / "casier-0123").mkdir(parents=True)
    (fingerprints / "tokio-0123").mkdir()
    (tmp_path / "cargo/.casier-checkout").write_text("/elsewhere\n")
    assert outcome(goal("finish done\n"))[0] == 0
    assert [entry.name for entry in fingerprints.iterdir()] == ["tokio-0123"]
    (fingerprints / "casier-0123").mkdir()
    assert outcome(goal("finish done\n"))[0] == 0
    assert (fingerprints / "casier-0123").exists(), "the same checkout keeps what it compiled"


def test_two_runs_with_one_target_directory_take_turns(goal, tmp_path):
    waiting = f"touch {tmp_path}/held; while [ ! -e {tmp_path}/go ]; do sleep 0.1; done"
    first = goal(f"stage wait 20 sh -c '{waiting}'\n")
    for _ in range(100):
        if (tmp_path / "held").exists():
            break
        time.sleep(0.05)
    second = goal(f"test -e {tmp_path}/go && finish in-turn\n", "second")
    assert "another run is using" in second.stdout.readline()
    (tmp_path / "go").touch()
    assert outcome(first)[0] == 0
    code, text = outcome(second)
    assert code == 0 and "in-turn" in text
