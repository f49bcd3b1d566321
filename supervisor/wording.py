"""Numbers of things in messages for people: "1 job", "2 jobs"."""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """The number and what it counts; `many` is `one` with an s where it is not given."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
