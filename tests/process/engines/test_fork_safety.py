"""What the template relies on: an engine with one thread leaves the process with one thread,
and a forked copy of it speaks exactly as the original.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

ENGINES = ["hibari", "kokoro", "noop"]

OPEN = """
    import os
    from supervisor.speech import Speech
    from workers.engines import registry
    engine = registry.make({engine!r}, {{}})
    engine.load()
    session = engine.open({threads})
    info = engine.describe()
    speech = Speech(engine=info.name, voice=info.default_voice, seed=7)
    tasks = len(os.listdir("/proc/self/task"))
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_one_thread_in_the_template(engine: str, program: Callable[[str], object]) -> None:
    """After load and open(1), and after speaking, the process has exactly one thread."""
    code = OPEN.format(engine=engine, threads=1) + (
        """
    session.synthesize("Hello there, zxqvblorf.", speech)
    answer = [tasks, len(os.listdir("/proc/self/task"))]
    """
    )
    assert program(code) == [1, 1]


@pytest.mark.parametrize("engine", ["hibari", "kokoro"])
def test_session_has_the_threads_it_was_asked_for(
    engine: str, program: Callable[[str], object]
) -> None:
    """Three intra-op threads are the caller and two more."""
    assert program(OPEN.format(engine=engine, threads=3) + "\n    answer = tasks") == 3


@pytest.mark.parametrize("engine", ["hibari", "kokoro"])
def test_forked_copies_speak_alike(engine: str, program: Callable[[str], object]) -> None:
    """Three children forked from a warm session, and the parent after them, give the same bits."""
    code = OPEN.format(engine=engine, threads=1) + (
        """
    import hashlib
    def spoken():
        samples = session.synthesize("The quick brown fox.", speech).samples
        return hashlib.sha256(samples.tobytes()).hexdigest()
    answer = []
    for _ in range(3):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(writer, spoken().encode())
            os._exit(0)
        os.waitpid(child, 0)
        answer.append(os.read(reader, 64).decode())
    answer.append(spoken())
    """
    )
    spoken = program(code)
    assert isinstance(spoken, list)
    assert len(spoken) == 4
    assert len(set(spoken)) == 1


def test_forked_copy_can_build_a_session_of_two_threads(program: Callable[[str], object]) -> None:
    """A worker that gets a second core rebuilds its session after the fork."""
    code = OPEN.format(engine="hibari", threads=1) + (
        """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        wide = engine.open(2)
        samples = wide.synthesize("The quick brown fox.", speech).samples
        tasks = len(os.listdir("/proc/self/task"))
        os.write(writer, f"{tasks} {samples.size > 24000}".encode())
        os._exit(0)
    os.waitpid(child, 0)
    answer = os.read(reader, 64).decode()
    """
    )
    assert program(code) == "2 True"
