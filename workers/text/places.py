"""Addresses and places: streets, points of the compass, the states of America."""

from __future__ import annotations

import re

from workers.text.rules import Manner, Rule, after, before, before_sentence, word_before

STREETS = {
    "st": "Street", "dr": "Drive", "ave": "Avenue", "av": "Avenue", "blvd": "Boulevard",
    "rd": "Road", "ln": "Lane", "hwy": "Highway", "pkwy": "Parkway", "pl": "Place", "ct": "Court",
    "sq": "Square", "ter": "Terrace", "mt": "Mount", "mtn": "Mountain", "expy": "Expressway",
    "cres": "Crescent",
}  # fmt: skip
_POINTS = {
    "n": "north", "s": "south", "e": "east", "w": "west", "ne": "northeast", "nw": "northwest",
    "se": "southeast", "sw": "southwest", "nne": "north-northeast", "nnw": "north-northwest",
    "ene": "east-northeast", "ese": "east-southeast", "sse": "south-southeast",
    "ssw": "south-southwest", "wnw": "west-northwest", "wsw": "west-southwest",
}  # fmt: skip
ROADS = r"(?:St|Ave?|Street|Avenue|Road|Rd|Blvd|Boulevard|Dr|Drive|Lane|Ln|Place|Pl|Way|Ct|Court)"
_OFF_ROAD = re.compile(rf"\b{ROADS}\.?,? $")
_ONTO_ROAD = re.compile(
    rf" (?:\d{{1,3}}(?:st|nd|rd|th) {ROADS}?\b|(?:[A-Z][a-z]+ ){{1,2}}{ROADS}\b)"
)
_ROAD = r"(?i:\b(?:hwy|highway|route|rte|interstate|I-|US-))\.? ?"
ROAD = re.compile(rf"{_ROAD}$")
"""What the number of a road stands behind."""

_NUMBERED_ROAD = re.compile(rf"{_ROAD}\d{{1,3}} $")

_LANDS = re.compile(r" (Ireland|Korea|Carolina|Dakota|America|Africa|Virginia|London|Yorkshire)\b")
_STATES = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California",
    "CO": "Colorado", "CT": "Connecticut", "DE": "Delaware", "FL": "Florida", "GA": "Georgia",
    "HI": "Hawaii", "ID": "Idaho", "IL": "Illinois", "IN": "Indiana", "IA": "Iowa", "KS": "Kansas",
    "KY": "Kentucky", "LA": "Louisiana", "ME": "Maine", "MD": "Maryland", "MA": "Massachusetts",
    "MI": "Michigan", "MN": "Minnesota", "MS": "Mississippi", "MO": "Missouri", "MT": "Montana",
    "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire", "NJ": "New Jersey",
    "NM": "New Mexico", "NY": "New York", "NC": "North Carolina", "ND": "North Dakota",
    "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon", "PA": "Pennsylvania", "RI": "Rhode Island",
    "SC": "South Carolina", "SD": "South Dakota", "TN": "Tennessee", "TX": "Texas", "UT": "Utah",
    "VT": "Vermont", "VA": "Virginia", "WA": "Washington", "WV": "West Virginia",
    "WI": "Wisconsin", "WY": "Wyoming",
}  # fmt: skip
_STATES_TOO = frozenset("CO DE HI ID IN LA ME MD MA MS NE OH OK OR PA AL CT".split())
"""States whose letters are something else as often: read as states before a ZIP code alone."""

_CITY = re.compile(r"[A-Z][a-z]+, $")


def _point_of_compass(found: re.Match[str], manner: Manner) -> str | None:
    """The letters of north and west in an address, "5th Ave. NW", and in "12 km E of Rome"."""
    place = after(found, 32)
    letters = found.group(1)
    short = len(letters) == 1
    behind = before(found)
    off_road = _OFF_ROAD.search(behind) or _NUMBERED_ROAD.search(behind)
    road = (off_road and re.match(r"[,.;]|\s|$", place)) or (short and _ONTO_ROAD.match(place))
    land = _LANDS.match(place)
    if short and found.group().endswith(".") and land:
        return _POINTS[letters.lower()].capitalize() + ("ern" if land.group(1) == "Ireland" else "")
    far = re.match(r" of\b", place) and re.search(
        r"\d ?(?:km|mi|miles|kilometers|m) $", before(found)
    )
    if not road and not far:
        return None
    stop = "." if found.group().endswith(".") and not place.strip() else ""
    return _POINTS[letters.lower()] + stop


def _state(found: re.Match[str], manner: Manner) -> str | None:
    """The letters of a state behind its city, "Troy, NY 12180"."""
    if not _CITY.search(before(found)):
        return None
    zipped = re.match(r"\.? \d{5}\b", after(found))
    if not zipped and (
        found.group() in _STATES_TOO or not re.match(r"[.,;:)]|\s*$|\s[a-z]", after(found, 4))
    ):
        return None
    return _STATES[found.group()]


_OLD = {
    "Calif": "California", "Conn": "Connecticut", "Fla": "Florida", "Tenn": "Tennessee",
    "Ariz": "Arizona", "Colo": "Colorado", "Okla": "Oklahoma", "Penn": "Pennsylvania",
    "Minn": "Minnesota", "Mich": "Michigan", "Nev": "Nevada", "Neb": "Nebraska", "Ky": "Kentucky",
    "Tex": "Texas", "Wis": "Wisconsin", "Wyo": "Wyoming", "Ont": "Ontario", "Que": "Quebec",
}  # fmt: skip
"""Short forms with a full stop, as newspapers have them."""


def _old_state(found: re.Match[str], manner: Manner) -> str:
    return _OLD[found.group(1)] + ("." if before_sentence(found) else "")


def _road(found: re.Match[str], manner: Manner) -> str | None:
    """`Fifth Ave` without its full stop."""
    near = (
        word_before(found)[:1].isupper()
        or re.search(r"\d(?:st|nd|rd|th) $", before(found, 8))
        or (found.group() == "Hwy" and re.match(r" \d", after(found, 2)))
    )
    return STREETS[found.group().lower()] if near else None


WORDS = [
    Rule(
        "state of old",
        [state.lower() for state in _OLD],
        re.compile(rf"({'|'.join(_OLD)})\.(?!\w)"),
        _old_state,
    ),
    Rule(
        "point of the compass", _POINTS, re.compile(r"([NSEW]{1,3})\b\.?(?!\w)"), _point_of_compass
    ),
    Rule("state", [state.lower() for state in _STATES], re.compile(r"[A-Z]{2}(?!\w)"), _state),
    Rule(
        "road",
        ["ave", "blvd", "rd", "hwy", "pkwy"],
        re.compile(r"[A-Z][a-z]{1,4}(?![\w.'])(?! Maria)"),
        _road,
    ),
]
