"""A thousand hosts for an hour under the virtual clock: how long that takes, and what it finds.

Every host decides as a real one does (`core/fleet`); the queue gives each job at least once, with a
latency of 1 ms, and is away for 4 to 9 s while it elects a leader. Three arms, played once each, as
they are exact: with faults (dead hosts, agents and supervisors, cut links, heat, elections, lost
answers, clocks that are a minute off) and a peak of load in the middle; with a constant load and
without faults; and with more work than can be done. A broken promise (a job lost, acknowledged
before its outcome, or with the audio of its winner deleted) ends the run.
"""

from __future__ import annotations

from benchmarks.harness import Result, Sample, at_most, say
from supervisor.simulate.fleet.run import FleetReport, simulate_fleet
from supervisor.simulate.fleet.scenario import NO_FAULTS, FleetScenario

ARMS = {
    "faults and a peak": FleetScenario(),
    "constant load of a half": FleetScenario(load=0.5, peak=1.0, faults=NO_FAULTS),
    "a fifth too much": FleetScenario(load=1.2, peak=1.0),
}


def run() -> Result:
    """Every arm once: the same seed plays the same hour."""
    reports = {}
    for name, scenario in ARMS.items():
        reports[name] = simulate_fleet(scenario)
        say(f"{name}: {_measures(reports[name])}")
    faults, constant, overload = reports.values()
    return Result(
        title="A thousand hosts for an hour",
        arms={name: [_measures(report)] for name, report in reports.items()},
        claims=[
            at_most("an hour of a thousand hosts, with faults", faults.took_s, 60, "s"),
            at_most(
                "jobs lost or with two outcomes, all arms",
                sum(each.jobs - each.done - each.expired for each in reports.values()),
                0,
                "jobs",
            ),
            at_most(
                "jobs in hand beyond the cores of a host, all arms",
                max(each.most_beyond for each in reports.values()),
                1,
                "jobs",
            ),
            at_most(
                "constant load: changes of the hosts wanted, second half",
                constant.desired_changes,
                0,
                "changes",
            ),
            at_most(
                "constant load: hosts wanted again within ten minutes of being let go",
                constant.flaps,
                0,
                "times",
            ),
            at_most(
                "constant load: wait of batch, p99", constant.classes["batch"].wait_p99_s, 1, "s"
            ),
            at_most(
                "a fifth too much for an hour: longest wait of batch",
                overload.classes["batch"].wait_max_s,
                3600,
                "s",
            ),
            at_most(
                "a fifth too much for an hour: wait of high, p50",
                overload.classes["high"].wait_p50_s,
                5,
                "s",
            ),
        ],
        notes=[f"faults in the first arm: {faults.faults}"],
    )


def _measures(report: FleetReport) -> Sample:
    waits = {
        f"{name}_{part}": getattr(found, f"wait_{part}")
        for name, found in report.classes.items()
        for part in ("p50_s", "p99_s", "max_s")
    }
    return {
        "took_s": report.took_s,
        "jobs": report.jobs,
        "expired": report.expired,
        "redelivered": report.redelivered,
        "spoken_twice": report.spoken_twice,
        "use_percent": report.use_percent,
        "drained_s": report.drained_s,
        "hosts_wanted_most": report.desired_most,
        "hosts_wanted_changes": report.desired_changes,
        "flaps": report.flaps,
        **waits,
    }
