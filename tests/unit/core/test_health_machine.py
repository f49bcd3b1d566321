"""What is taken for a hang, and what is not."""

from __future__ import annotations

from supervisor.core.pool.health import Hang, Health, HealthPolicy, Vitals

W = 7
STEP_S = 0.5


class Watched:
    """One worker under a clock: `pass_` lets time go by while it shows these vitals."""

    def __init__(self, policy: HealthPolicy | None = None) -> None:
        self.health = Health(policy or HealthPolicy(5.0, 10.0, 20.0))
        self.now = 100.0
        self.cpu_s = 3.0
        self.steps = 0
        self.health.looked(self.now, {W: Vitals(self.cpu_s, 0, answered=True)})

    def pass_(
        self,
        seconds: float,
        *,
        cpu: float = 0.0,
        steps: int = 0,
        answers: bool = True,
        waits: bool = False,
    ) -> list[Hang]:
        """Look twice a second; `cpu` is the share of one core, `steps` are taken at each look."""
        hangs = []
        for _ in range(round(seconds / STEP_S)):
            self.now += STEP_S
            self.cpu_s += cpu * STEP_S
            self.steps += steps
            vitals = Vitals(self.cpu_s, self.steps, answers, waits)
            hangs += self.health.looked(self.now, {W: vitals})
        return hangs

    def begin(self, characters: int = 100, engine: str = "e") -> None:
        self.health.began(self.now, W, engine, characters)


def test_an_idle_worker_that_answers_is_well() -> None:
    """Nothing to do is no hang, for however long."""
    assert Watched().pass_(1000) == []


def test_an_idle_worker_that_neither_answers_nor_computes_hangs() -> None:
    """A stopped process, say; it is named once, and only after the timeout."""
    watched = Watched()
    assert watched.pass_(4.5, answers=False) == []
    (hang,) = watched.pass_(10, answers=False)
    assert hang.worker == W
    assert "no answer and no CPU time for 5.0 s" in hang.reason


def test_answers_of_a_busy_worker_are_no_progress() -> None:
    """A control thread may answer while the engine waits for a lock that nobody gives up."""
    watched = Watched()
    watched.begin()
    (hang,) = watched.pass_(6, answers=True)
    assert "no progress and no CPU time" in hang.reason


def test_waiting_for_a_program_of_its_own_is_neither_silence_nor_the_segments_time() -> None:
    """A model that is made at first use takes as long as it takes; the time after it counts."""
    watched = Watched()
    watched.begin()
    assert watched.pass_(1000, waits=True) == []
    assert watched.pass_(4.5) == []
    (hang,) = watched.pass_(1)
    assert "no progress and no CPU time" in hang.reason


def test_who_says_that_it_waits_and_then_falls_silent_hangs() -> None:
    """What it said last is worth nothing once it owes an answer."""
    watched = Watched()
    watched.begin()
    assert watched.pass_(100, waits=True) == []
    assert watched.pass_(6, waits=True, answers=False)


def test_a_missed_heartbeat_is_no_hang_while_it_computes() -> None:
    """Native code that keeps the interpreter's lock answers nobody, and is at work."""
    watched = Watched()
    watched.begin()
    assert watched.pass_(19, cpu=1.0, answers=False) == []


def test_progress_without_cpu_time_is_life() -> None:
    """Steps that go on count, also where somebody else computes."""
    watched = Watched()
    watched.begin()
    assert watched.pass_(19, steps=1) == []


def test_cpu_time_that_is_not_known_is_not_taken_for_none() -> None:
    """Where /proc does not tell, only the time of the segment can."""
    watched = Watched()
    watched.begin()
    found = {W: Vitals(None, 0, answered=False)}
    for _ in range(19):
        watched.now += 1.0
        assert watched.health.looked(watched.now, found) == []


def test_answering_heartbeats_is_not_taken_for_work() -> None:
    """The CPU time of a thread that only answers stays under the threshold."""
    watched = Watched()
    watched.begin()
    assert watched.pass_(6, cpu=0.001)


def test_a_segment_far_past_its_predicted_time_is_a_hang_however_busy() -> None:
    """The prediction is learned from the segments before it, per engine and length."""
    watched = Watched()
    watched.begin(100, "slow")
    watched.pass_(1, cpu=1.0)
    watched.health.ended(W, 10.0)
    assert watched.health.limit_s("slow", 100) == 100.0
    assert watched.health.limit_s("slow", 1) == 20.0, "never under the minimum"
    assert watched.health.limit_s("unknown", 100) == 20.0
    watched.begin(100, "slow")
    assert watched.pass_(99, cpu=1.0) == []
    (hang,) = watched.pass_(2, cpu=1.0)
    assert "100 characters not spoken within 100 s" in hang.reason


def test_a_new_segment_starts_a_new_clock() -> None:
    """Segment after segment, each within its time, is no hang; nor is a pause before one."""
    watched = Watched()
    for _ in range(10):
        watched.begin()
        assert watched.pass_(15, cpu=1.0) == []
        watched.health.ended(W, 0.1)
    watched.pass_(4.5, answers=False)
    watched.begin()
    assert watched.pass_(4.5) == []


def test_what_nobody_saw_is_nobodys_fault() -> None:
    """After the supervisor was stopped for an hour, or the machine slept, no worker is blamed."""
    watched = Watched()
    watched.begin()
    watched.now += 3600.0
    vitals = {W: Vitals(watched.cpu_s, 0, answered=False)}
    assert watched.health.looked(watched.now, vitals) == []
    watched.now -= 1800.0  # Nor by a clock that went back.
    assert watched.health.looked(watched.now, vitals) == []


def test_a_worker_that_is_gone_leaves_nothing() -> None:
    """Its successor under another epoch starts with a clean record."""
    watched = Watched()
    watched.pass_(4.5, answers=False)
    watched.health.gone(W)
    assert watched.pass_(4.5, answers=False) == []
