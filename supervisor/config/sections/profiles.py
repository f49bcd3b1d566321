"""Time profiles: settings that hold in windows of time, as they are written and as they are read.

What a profile may set is checked where all sources are known (`config.loading`); when it is active
is the subject of `config.windows`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from datetime import UTC, date, tzinfo
from difflib import get_close_matches
from typing import Annotated, Any, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from supervisor.config.sections.declared import RULE, Declared
from supervisor.config.windows import DAY_MINUTES, MINUTE_S, Window

MAX_PROFILES = 32
"""Each is checked with each."""

_MAX_NAME = 64
_MAX_TEXT = 500
"""Characters of days, of minutes, of a time zone or a date; nobody needs as many."""
_MAX_DATES = 366
_MAX_LEAD_S = 3600
FIRST_YEAR, LAST_YEAR = 1971, 9000
"""Those of which every day can be an instant."""

_SHOWN_CHARS = 60

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_TIME = re.compile(r"(\d{1,2}):(\d\d)", re.ASCII)
_KEYS = ("name", "days", "from", "to", "timezone", "dates", "every", "lead_s", "set")


class Profile(NamedTuple):
    """A profile as it is used: `set` is a tree of settings."""

    name: str
    window: Window
    set: dict[str, Any]


class _WrongError(ValueError):
    """What is wrong with a profile, without its name."""


def parse(profiles: list[dict[str, Any]]) -> tuple[Profile, ...]:
    """Read the profiles of the setting. Raises ValueError, in one line."""
    if len(profiles) > MAX_PROFILES:
        raise ValueError(f"{len(profiles)} profiles are more than {MAX_PROFILES}")
    found: dict[str, Profile] = {}
    for number, written in enumerate(profiles, start=1):
        name = written.get("name")
        label = name if isinstance(name, str) and name else f"number {number}"
        try:
            profile = _profile(written)
            if profile.name in found:
                raise _WrongError("two profiles have this name")
        except _WrongError as error:
            raise ValueError(f"{label[:_MAX_NAME]}: {error}") from None
        found[profile.name] = profile
    return tuple(found.values())


def _checked(profiles: list[dict[str, Any]]) -> list[dict[str, Any]]:
    try:
        parse(profiles)
    except ValueError as error:
        raise PydanticCustomError(RULE, "{problem}", {"problem": str(error)}) from None
    return profiles


Profiles = Annotated[
    list[dict[str, Any]],
    AfterValidator(_checked),
    Field(
        description="Settings that hold in windows of time, such as more cores on weekday "
        "mornings. Of two that are active at once the later in the list wins. See "
        "[Time profiles](#time-profiles)."
    ),
    Declared("live"),
]


def _profile(written: dict[str, Any]) -> Profile:
    for key in written:
        if key not in _KEYS:
            near = get_close_matches(key, _KEYS, 1, 0.0)[0]
            raise _WrongError(f"unknown key {_shown(key)}; nearest valid key: {near}")
    name, tree = written.get("name"), written.get("set")
    if not isinstance(name, str) or not name.strip() or len(name) > _MAX_NAME:
        raise _wrong("name", f"a text of 1 to {_MAX_NAME} characters", name)
    if not name.isprintable():
        raise _wrong("name", "printable", name)
    if not isinstance(tree, dict) or not tree:
        raise _wrong("set", "an object with settings, as in override.json", tree)
    return Profile(name, _window(written), tree)


def _window(written: dict[str, Any]) -> Window:
    every = Window()
    return Window(
        days=_read(written, "days", _days, every.days),
        start=_read(written, "from", _time, every.start),
        end=_read(written, "to", _end, every.end),
        zone=_read(written, "timezone", _zone, None),
        dates=_read(written, "dates", _dates, every.dates),
        minutes=_read(written, "every", _every, every.minutes),
        lead=_read(written, "lead_s", _lead, every.lead),
    )


def _read(written: dict[str, Any], key: str, read: Callable[[str, Any], Any], default: Any) -> Any:  # noqa: ANN401 - what a key holds
    value = written.get(key)
    return default if value is None else read(key, value)


def _days(key: str, value: object) -> frozenset[int]:
    """Days by their names, from one to another: `mon-fri`, `sat,sun`."""
    found: set[int] = set()
    try:
        for part in _text(value).lower().split(","):
            first, to, last = part.partition("-")
            begin = _day(first)
            length = (_day(last) - begin) % 7 if to else 0
            found |= {(begin + n) % 7 for n in range(length + 1)}
    except ValueError:
        raise _wrong(key, 'days like "mon-fri" or "sat,sun"', value) from None
    return frozenset(found)


def _day(text: str) -> int:
    """The number of a day by its name, or the first three letters of it. Raises ValueError."""
    name = text.strip()
    for number, day in enumerate(_DAYS):
        if name in {day, day[:3]}:
            return number
    raise ValueError(text)


def _time(key: str, value: object) -> int:
    minutes = _minute_of_day(value)
    if minutes is None or minutes >= DAY_MINUTES:
        raise _wrong(key, 'a time from "00:00" to "23:59"', value)
    return minutes


def _end(key: str, value: object) -> int:
    minutes = _minute_of_day(value)
    if minutes is None:
        raise _wrong(key, 'a time from "00:00" to "24:00"', value)
    return minutes


def _minute_of_day(value: object) -> int | None:
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None or int(found[2]) >= 60:
        return None
    minutes = int(found[1]) * 60 + int(found[2])
    return minutes if minutes <= DAY_MINUTES else None


def _zone(key: str, value: object) -> tzinfo:
    if value == "UTC":
        return UTC
    try:
        return ZoneInfo(_text(value))
    except (KeyError, ValueError, OSError):
        known = available_timezones()
    if not known:
        raise _WrongError(
            f"{key} {_shown(value)}: this machine has no time zones; install its package tzdata, "
            "or `pip install tzdata`"
        )
    near = get_close_matches(str(value)[:_SHOWN_CHARS], known, 1, 0.0)[0]
    raise _WrongError(f"{key}: there is no time zone {_shown(value)}; nearest: {near}")


def _dates(key: str, value: object) -> tuple[tuple[date, date], ...]:
    if not isinstance(value, list) or not 0 < len(value) <= _MAX_DATES:
        raise _wrong(key, 'a list like ["2026-12-24/2027-01-02", "2027-02-15"]', value)
    return tuple(_range(key, each) for each in value)


def _range(key: str, value: object) -> tuple[date, date]:
    """First and last date, which may be the same."""
    try:
        first, to, last = _text(value).partition("/")
        begin = date.fromisoformat(first)
        end = date.fromisoformat(last) if to else begin
    except ValueError as error:
        raise _wrong(f"each of {key}", "like 2026-12-24 or 2026-12-24/2027-01-02", value) from error
    if begin > end:
        raise _WrongError(f"{key}: {_shown(value)} ends before it begins")
    if not FIRST_YEAR <= begin.year <= end.year <= LAST_YEAR:
        raise _wrong(f"each of {key}", f"in the years {FIRST_YEAR} to {LAST_YEAR}", value)
    return begin, end


def _every(key: str, value: object) -> frozenset[int]:
    """Minutes of each hour, from one to another, both included: `58-2`, `0,30`."""
    found: set[int] = set()
    try:
        if not isinstance(value, dict) or [*value] != ["minute"]:
            raise ValueError
        for part in _text(str(value["minute"])).split(","):
            first, to, last = part.partition("-")
            begin = _minute(first)
            length = (_minute(last) - begin) % 60 if to else 0
            found |= {(begin + n) % 60 for n in range(length + 1)}
    except ValueError:
        raise _wrong(key, 'minutes of the hour like {"minute": "58-2"}', value) from None
    return frozenset(found)


def _minute(text: str) -> int:
    minute = int(text)
    if not 0 <= minute < 60:
        raise ValueError(text)
    return minute


def _lead(key: str, value: object) -> int:
    """Whole minutes: a window begins with a minute."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 <= value <= _MAX_LEAD_S:  # type: ignore[operator] # a number here
        raise _wrong(key, f"a number from 0 to {_MAX_LEAD_S}", value)
    return math.ceil(value / MINUTE_S)  # type: ignore[operator] # a number here


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        raise ValueError(value)
    return value


def _wrong(key: str, allowed: str, value: object) -> _WrongError:
    return _WrongError(f"{key} must be {allowed}, but is {_shown(value)}")


def _shown(value: object) -> str:
    text = json.dumps(value, default=repr, ensure_ascii=False)
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"
