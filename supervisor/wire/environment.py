"""Environment variables that bound the threads of numeric libraries in workers.

The supervisor sets them; a worker applies them and reports the values in force.
"""

from __future__ import annotations

from typing import Final

THREADS: Final = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


def thread_variables(count: int) -> dict[str, str]:
    """The variables that give each library `count` threads."""
    return dict.fromkeys(THREADS, str(count))
