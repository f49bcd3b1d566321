"""What makes a process a worker of ours, proved by effect: its end, its cores, and threads that
wait without burning a core.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from io import FileIO
from pathlib import Path

import pytest

from supervisor.pool.channels import Lifeline, make_lifeline
from tests.fixtures import processes
from tests.supervised import eventually


def start(code: str, lifeline: Lifeline, *arguments: str) -> subprocess.Popen[str]:
    """Run code with the number of the lifeline's reader as its first argument."""
    fd = lifeline.reader.fileno()
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), str(fd), *arguments],
        pass_fds=[fd],
        stdout=subprocess.PIPE,
        text=True,
    )


def says(process: subprocess.Popen[str]) -> str:
    """The next line that it prints."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def close(*ends: FileIO) -> None:
    """What the kernel does when their owner ends."""
    for end in ends:
        end.close()


def test_a_process_ends_with_its_lifeline_whatever_it_does() -> None:
    """A regex that never gives up the interpreter's lock is no hindrance."""
    lifeline = make_lifeline()
    code = """
        import re, sys
        from workers import lifeline
        lifeline.arm(int(sys.argv[1]))
        print("armed", flush=True)
        re.match(r"(a|a)*$", "a" * 64 + "b")
    """
    with start(code, lifeline) as process:
        assert says(process) == "armed"
        close(*lifeline)
        assert process.wait(5) == -signal.SIGKILL


def test_a_lifeline_that_is_broken_already_ends_it_at_once() -> None:
    """Its supervisor was gone before it had begun."""
    lifeline = make_lifeline()
    code = """
        import sys
        from workers import lifeline
        lifeline.arm(int(sys.argv[1]))
        print("armed", flush=True)
    """
    close(lifeline.writer)
    with start(code, lifeline) as process:
        assert says(process) == ""
        assert process.wait(5) == 1
    close(lifeline.reader)


def test_a_program_of_a_process_ends_too_and_takes_nobodys_place() -> None:
    """Both are bound to the same pipe, and both are gone when it breaks."""
    lifeline = make_lifeline()
    code = """
        import subprocess, sys
        from workers import lifeline
        lifeline.arm(int(sys.argv[1]))
        with lifeline.lent() as fd:
            program = "workers_test_program"
            command = [sys.executable, "-m", "workers.with_lifeline", str(fd), program]
            child = subprocess.Popen(command, pass_fds=[fd], stdout=subprocess.PIPE, text=True)
            assert child.stdout.readline() == "at work\\n"
            print(child.pid, flush=True)
            child.wait()
    """
    with start(code, lifeline) as process:
        child = int(says(process))
        close(*lifeline)
        assert process.wait(5) == -signal.SIGKILL
        eventually(lambda: not processes.alive(child), "the program's end", 5.0)


@pytest.fixture(autouse=True)
def a_program(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that works for ever."""
    site = tmp_path_factory.mktemp("site")
    (site / "workers_test_program.py").write_text(
        "print('at work', flush=True)\nwhile True: pass\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{site}{os.pathsep}{Path.cwd()}")


def run(code: str) -> str:
    """What a program prints, in the environment that workers have."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, "ORT_DISABLE_TELEMETRY": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_every_thread_is_moved_to_the_cores_it_may_use() -> None:
    """Those that were there before, and what is read back is what the kernel has."""
    code = """
        import os, threading
        from workers import affinity
        stop = threading.Event()
        threads = [threading.Thread(target=stop.wait) for _ in range(3)]
        for thread in threads:
            thread.start()
        core = max(os.sched_getaffinity(0))
        affinity.pin((core,))
        masks = {tuple(os.sched_getaffinity(task)) for task in affinity.thread_ids()}
        print(len(affinity.thread_ids()), masks == {(core,)}, affinity.observed() == ((core,),))
        try:
            affinity.pin((4095,))
        except OSError:
            print("refused", affinity.observed() == ((core,),))
        stop.set()
    """
    assert run(code).splitlines() == ["4 True True", "refused True"]


def test_the_threads_of_a_session_wait_without_burning_a_core() -> None:
    """Two threads are the caller and one more, no other is started by the runtime; and between
    runs that one takes no CPU time, as the kernel counts it for the thread.
    """
    code = """
        import os, time
        from pathlib import Path
        from workers import affinity
        import onnxruntime
        print(len(affinity.thread_ids()))
        from workers.engines.hibari import Hibari
        from supervisor.speech import Speech
        speech = Speech(engine="hibari", voice="heart", seed=1)
        session = Hibari({}).open(2)
        (other,) = set(affinity.thread_ids()) - {os.getpid()}
        def used():
            return int(Path(f"/proc/self/task/{other}/schedstat").read_text().split()[0]) / 1e9
        before = used()
        idle = 0.0
        for _ in range(10):
            session.synthesize("The quick brown fox.", speech)
            began = used()
            time.sleep(0.05)  # What is measured is what happens meanwhile.
            idle += used() - began
        print(len(affinity.thread_ids()), used() - before > 0.005, idle < 0.02 * (used() - before))
    """
    assert run(code).splitlines() == ["1", "2 True True"]
