"""Run benchmarks: all of them, or those named; then write the pages anew.

Each one runs in a process of its own, so that what one loads, pins or leaves
behind does not reach the next.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import subprocess
import sys
import time
from types import ModuleType

import msgspec

import benchmarks
from benchmarks import tables
from benchmarks.environment import environment, load_average
from benchmarks.harness import LeftOut, Record, Result, save

IN_THIS_PROCESS = "--in-this-process"

_LEFT_OUT = 3
"""Exit code of a benchmark that lacks what it needs, and has said so."""


def names() -> list[str]:
    """Every module of this package that has a `run`, in alphabetical order."""
    found = sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__))
    return [name for name in found if not name.startswith("_") and hasattr(_module(name), "run")]


def run_here(name: str) -> None:
    """Run one benchmark in this process, save its result, and print its claims."""
    before = environment()
    try:
        result: Result = _module(name).run()
    except LeftOut as left_out:
        print(f"  {left_out}", flush=True)
        sys.exit(_LEFT_OUT)
    after = msgspec.structs.replace(before, load_after=load_average())
    save(Record(name, after, result))
    for claim in result.claims:
        verdict = "met" if claim.met else "MISSED"
        print(
            f"  {verdict:6}  {claim.claim}: {claim.value:.4g} {claim.unit}"
            f" (target: {claim.bound} {claim.target:g} {claim.unit})",
            flush=True,
        )
    for note in result.notes:
        print(f"  note    {note}", flush=True)


def run_apart(name: str) -> bool:
    """Run one benchmark in a fresh process, if what it needs is here; False when it failed."""
    print(f"{name}: started", flush=True)
    started = time.monotonic()
    command = [sys.executable, "-m", "benchmarks", IN_THIS_PROCESS, name]
    code = subprocess.run(command, check=False).returncode
    failed = f"FAILED (exit code {code}, no result written)"
    outcome = {0: "done", _LEFT_OUT: "left out"}.get(code, failed)
    print(f"{name}: {outcome} in {time.monotonic() - started:.0f} s", flush=True)
    return code in {0, _LEFT_OUT}


def main() -> int:
    """Run what the command line names; 0 when all ran, whether or not targets are met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="benchmarks to run (default: all)")
    parser.add_argument(IN_THIS_PROCESS, action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    known = names()
    if unknown := [name for name in arguments.names if name not in known]:
        print(
            f"no such benchmark: {', '.join(unknown)}; there are: {', '.join(known)}",
            file=sys.stderr,
        )
        return 2
    if arguments.in_this_process:
        for name in arguments.names:
            run_here(name)
        return 0
    failed = [name for name in arguments.names or known if not run_apart(name)]
    print(f"pages written to {tables.write()} and docs/PERFORMANCE.md")
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"benchmarks.{name}")


if __name__ == "__main__":
    sys.exit(main())
