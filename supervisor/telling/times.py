"""Times as people say them: "85 ms", "8 s", "3 min", "2 h 5 min"."""

from __future__ import annotations


def short(seconds: float) -> str:
    """A time that is mostly below a minute, to two or three digits."""
    if seconds < 0.995:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"


def span(seconds: float) -> str:
    """How long something takes; minutes from a minute and a half on."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
