"""`make fuzz`: the codec under a coverage-guided fuzzer for FUZZ_S seconds, then the live socket.

Prints what both did as one table in the end; the exit code is 1 if anything broke.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fuzz import figures

_STATISTIC = re.compile(r"stat::(\w+):\s+(\d+)")
_COVERAGE = re.compile(r"cov: (\d+)")
_SHOWN = {
    "number_of_executed_units": "executions of the codec",
    "new_units_added": "inputs that reached something new",
    "peak_rss_mb": "peak memory, MB",
}


def main() -> int:
    """Run both, print, judge."""
    seconds = os.environ.get("FUZZ_S") or "60"
    found: dict[str, float] = {}
    codec = _codec(seconds, found)
    with tempfile.NamedTemporaryFile(prefix="fuzz-") as file:
        environment = {
            "FUZZ_MESSAGES": "50000",
            "FUZZ_EXAMPLES": "5000",
            **os.environ,
            figures.FILE: file.name,
        }
        command = [sys.executable, "-m", "pytest", "--timeout", "600", "tests/fuzz"]
        socket = subprocess.run(command, env=environment, check=False).returncode
        found |= figures.read(Path(file.name))
    found["crashes"] = (codec != 0) + (socket != 0)
    print()  # noqa: T201
    for name, value in found.items():
        print(f"  {value:12,g}  {name}")  # noqa: T201
    return 1 if found["crashes"] else 0


def _codec(seconds: str, found: dict[str, float]) -> int:
    """Its exit code: not 0 where an input was found that breaks it, which is shown."""
    options = [f"-max_total_time={seconds}", "-print_final_stats=1"]
    command = [sys.executable, "-m", "tests.fuzz.codec", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, errors="replace") as fuzzer:
        assert fuzzer.stderr is not None
        for line in fuzzer.stderr:
            sys.stderr.write(line)
            if coverage := _COVERAGE.search(line):
                found["places of the code reached"] = float(coverage[1])
            if (statistic := _STATISTIC.search(line)) and statistic[1] in _SHOWN:
                found[_SHOWN[statistic[1]]] = float(statistic[2])
    return fuzzer.returncode


if __name__ == "__main__":
    sys.exit(main())
