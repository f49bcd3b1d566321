"""What a simulated fleet is: its hosts, its work, and how often something goes wrong."""

from __future__ import annotations

import msgspec

from supervisor.core.fleet import events as e


class Faults(msgspec.Struct, frozen=True, kw_only=True):
    """How often something goes wrong, on average. Those of hosts: times a host and hour.

    lost: it dies, and another takes its place minutes later. agents, supervisors: one is killed and
    comes back after a moment. cuts: its link is cut for 5 to 60 s. hot: it is too hot for minutes.
    elections: of the queue, an hour: it answers nobody for 4 to 9 s, and some of what it gave out
    it gives again. answers: part of all answers that are lost, though what was asked was done.
    skew_s: the clocks of hosts and of those who hand in are wrong by so much at most.
    """

    lost: float = 0.1
    agents: float = 0.1
    supervisors: float = 0.2
    cuts: float = 0.1
    hot: float = 0.1
    elections: float = 4.0
    answers: float = 0.001
    skew_s: float = 60.0

    def times(self, factor: float) -> Faults:
        """So many times as often. Clocks are as wrong as before, or right if nothing goes wrong."""
        rates = {name: factor * getattr(self, name) for name in self.__struct_fields__}
        rates["answers"] = min(0.5, rates["answers"])
        return Faults(**(rates | {"skew_s": self.skew_s if factor else 0.0}))


NO_FAULTS = Faults().times(0)


class FleetScenario(msgspec.Struct, frozen=True, kw_only=True):
    """cores: of the hosts, in turn. load: work that is handed in, as a part of what all cores do.

    shares: parts of the work by class, in the order of `CLASSES`; cost_s: predicted seconds of one
    core of its jobs, on average. deadlines: part of the jobs that are to be done within
    `deadline_s`. peak: for a sixth of the time, in the middle, so many times the load is handed in.
    """

    hosts: int = 1000
    seconds: float = 3600.0
    cores: tuple[int, ...] = (1, 2, 3)
    load: float = 0.8
    peak: float = 1.5
    shares: tuple[float, float, float] = (0.3, 0.4, 0.3)
    cost_s: tuple[float, float, float] = (20.0, 60.0, 120.0)
    deadlines: float = 0.1
    deadline_s: float = 900.0
    latency_s: float = 0.001
    rules: e.Rules = e.Rules(host="", epoch="", sources=())
    faults: Faults = Faults()
    seed: int = 1
