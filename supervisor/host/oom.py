"""`oom_score_adj`: whom the kernel kills first when memory has run out."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def read_score(pid: int | str = "self") -> int:
    """The adjustment of a process; 0 where it cannot be read."""
    try:
        return int(Path(f"/proc/{pid}/oom_score_adj").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0


def set_score(pid: int, wanted: int | None, inherited: int) -> None:
    """Give a process of ours the adjustment `wanted`, or `inherited` where that is higher or None
    is wanted. Any user may raise it, and lower it to what it once was given; nothing happens where
    the kernel refuses.
    """
    score = inherited if wanted is None else max(wanted, inherited)
    with suppress(OSError):
        Path(f"/proc/{pid}/oom_score_adj").write_text(str(score), encoding="ascii")
