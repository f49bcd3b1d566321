"""Time profiles as a source of settings: what they may hold, and what goes before them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from supervisor.config import ConfigError, Loaded, check, load
from supervisor.config import override as override_file
from supervisor.config.loading import Place as Source
from supervisor.config.sections import profiles as section
from tests.unit.config.places import Place, cpu

SECTION = "performance.dynamic_cpu_allocation"
MIN_CORES = f"{SECTION}.min_cores"
EIGHT = datetime(2026, 12, 1, 8, 0, tzinfo=UTC).timestamp()
"""A Tuesday."""
HOUR = 3600.0


def profile(name: str = "morning", **written: Any) -> dict[str, Any]:
    """A profile of the hours from 6 to 9, that sets min_cores 6."""
    given = {"from": "06:00", "to": "09:00", "timezone": "UTC", "set": cpu(min_cores=6)}
    return {"name": name, **given, **written}


ALWAYS: dict[str, Any] = {"from": None, "to": None}


def loaded(place: Place, *profiles: dict[str, Any], at: float = EIGHT, **sources: Any) -> Loaded:
    """What is in force at this time, with these profiles in override.json."""
    tree = {"profiles": list(profiles), **sources.pop("beside", {})}
    place.override.write_text(json.dumps(tree))
    if "config" in sources:
        place.config.write_text(json.dumps(sources.pop("config")))
    config = place.config if place.config.exists() else None
    return load(config, place.override, sources.pop("environ", {}), at=at, **sources)


def allocation(found: Loaded) -> tuple[int, int | None]:
    """min_cores and max_cores in force."""
    values = found.settings.performance.dynamic_cpu_allocation
    return values.min_cores, values.max_cores


def test_it_holds_in_its_window_and_no_longer(place: Place) -> None:
    """Above override.json while it is active; its name is the origin, and it counts as chosen."""
    beside = cpu(min_cores=2, max_cores=8)
    now = loaded(place, profile(), beside=beside)
    assert (now.active, allocation(now)) == (("morning",), (6, 8))
    later = loaded(place, profile(), at=EIGHT + HOUR, beside=beside)
    assert (later.active, allocation(later)) == ((), (2, 8))
    assert later.origins[MIN_CORES] == str(place.override)
    assert later.at(EIGHT).settings == now.settings
    assert now.origins[MIN_CORES] == f"profile morning ({place.override})"
    assert (now.profile_of(MIN_CORES), now.profile_of(f"{SECTION}.max_cores")) == ("morning", None)
    assert now.chosen(MIN_CORES)


def test_environment_and_command_line_go_before_it(place: Place) -> None:
    """What the operator fixed at the start stays fixed."""
    variable = "SUPERVISOR_PERFORMANCE__DYNAMIC_CPU_ALLOCATION__MIN_CORES"
    found = loaded(place, profile(), environ={variable: "3"})
    assert allocation(found) == (3, None)
    assert found.active == ("morning",)
    found = loaded(place, profile(), environ={variable: "3"}, command_line={MIN_CORES: 4})
    assert allocation(found) == (4, None)


def test_the_later_of_two_wins(place: Place) -> None:
    """By the order of the list, setting by setting."""
    early = profile("early", set=cpu(min_cores=4, max_cores=8))
    assert allocation(loaded(place, early, profile("late"))) == (6, 8)
    assert allocation(loaded(place, profile("late"), early)) == (4, 8)
    assert loaded(place, early, profile("late")).active == ("early", "late")


def test_the_edges_are_played_in_order(place: Place) -> None:
    """Each with the settings from then on, as a simulation takes them."""
    found = loaded(place, profile(), profile("noon", **{"from": "08:30", "to": "12:00"}))
    edges = [
        ((at - EIGHT) / HOUR, then.active) for at, then in found.edges(EIGHT, EIGHT + 6 * HOUR)
    ]
    assert edges == [(0.5, ("morning", "noon")), (1.0, ("noon",)), (4.0, ())]


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ({"name": None}, "profiles: number 1: name must be a text of 1 to 64 characters, but is n"),
        ({"name": "a\nb"}, "name must be printable"),
        ({"form": "06:00"}, 'morning: unknown key "form"; nearest valid key: from'),
        ({"from": "6.30"}, 'morning: from must be a time from "00:00" to "23:59", but is "6.30"'),
        ({"from": "24:00"}, 'from must be a time from "00:00" to "23:59", but is "24:00"'),
        ({"to": "24:01"}, 'to must be a time from "00:00" to "24:00", but is "24:01"'),
        ({"to": 9}, 'to must be a time from "00:00" to "24:00", but is 9'),
        ({"days": "mon-fry"}, 'days must be days like "mon-fri" or "sat,sun", but is "mon-fry"'),
        ({"days": ["mon"]}, 'days must be days like "mon-fri" or "sat,sun", but is ["mon"]'),
        ({"timezone": "Europe/Berln"}, 'no time zone "Europe/Berln"; nearest: Europe/Berlin'),
        ({"timezone": "../../etc/passwd"}, 'no time zone "../../etc/passwd"'),
        ({"timezone": "Europe"}, 'no time zone "Europe"'),
        ({"dates": "2026-12-24"}, "dates must be a list like"),
        ({"dates": ["2027-02-29"]}, "each of dates must be like 2026-12-24 or 2026-12-24/2027-01-"),
        ({"dates": ["2026-12-24/2026-12-23"]}, '"2026-12-24/2026-12-23" ends before it begins'),
        ({"dates": ["0001-01-01"]}, "each of dates must be in the years 1971 to 9000"),
        (
            {"every": {"minute": "58-60"}},
            'every must be minutes of the hour like {"minute": "58-2"',
        ),
        ({"every": {"minute": "1-0," * 9000 + "5"}}, "every must be minutes of the hour"),
        ({"days": "mon," * 9000 + "tue"}, 'days must be days like "mon-fri"'),
        ({"set": {"pool." * 9000: 6}}, "unknown key pool.pool.pool."),
        ({"every": {"hour": "5"}}, "every must be minutes of the hour"),
        ({"lead_s": -1}, "lead_s must be a number from 0 to 3600, but is -1"),
        ({"lead_s": True}, "lead_s must be a number from 0 to 3600, but is true"),
        ({"set": {}}, "set must be an object with settings, as in override.json, but is {}"),
        (
            {"set": cpu(min_core=6)},
            f"unknown key {SECTION}.min_core; nearest valid key: {MIN_CORES}",
        ),
        (
            {"set": {MIN_CORES: 6}},
            f'unknown key {MIN_CORES}; in a file it is {{"performance": {{"dynamic_cpu_all',
        ),
        ({"set": cpu(min_cores="6")}, f"{MIN_CORES} must be a whole number from 1 to 4096"),
        ({"set": cpu(min_cores=6, max_cores=5)}, "min_cores 6 is above max_cores 5"),
        (
            {"set": {"http": {"port": 1}}},
            "no profile can set http.port: a change holds with the ne",
        ),
        (
            {"set": {"engines": {"preload": ["kokoro"]}}},
            "no profile can set engines.preload: a change has all workers replaced",
        ),
        ({"set": {"profiles": []}}, "no profile can set profiles: a change would not end with"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    place: Place, written: dict[str, Any], says: str
) -> None:
    """At any time of the day, with the file, the profile, the key and what would be right."""
    for at in (EIGHT, EIGHT + 12 * HOUR):
        with pytest.raises(ConfigError) as caught:
            loaded(place, profile(**written), at=at)
        assert says in str(caught.value)
        assert str(place.override) in str(caught.value)
    with pytest.raises(ConfigError) as caught:
        check(place.override)
    assert says in str(caught.value)


@pytest.mark.parametrize("profiles", [{"name": "x"}, ["x"], [[]], "morning"])
def test_what_is_no_list_of_objects(place: Place, profiles: object) -> None:
    """The words of every other setting."""
    with pytest.raises(ConfigError, match="profiles must be a list, each an object, but is"):
        place.load(override={"profiles": profiles})


def test_names_are_unique_and_few_enough(place: Place) -> None:
    """An origin and a metric name a profile, and each is checked with each."""
    with pytest.raises(ConfigError, match="profiles: morning: two profiles have this name"):
        loaded(place, profile(), profile())
    with pytest.raises(ConfigError, match="33 profiles are more than 32"):
        loaded(place, *(profile(f"p{n}") for n in range(33)))


def test_a_machine_without_zones_is_told_the_package(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slim containers have none."""

    def no_zone(_key: str) -> None:
        raise KeyError

    monkeypatch.setattr(section, "ZoneInfo", no_zone)
    monkeypatch.setattr(section, "available_timezones", set)
    with pytest.raises(ConfigError, match=r"no time zones; install its package tzdata, or `pip"):
        loaded(place, profile(timezone="Europe/Berlin"))
    assert loaded(place, profile()).active == ("morning",), "UTC needs none"


def test_each_is_checked_with_the_files_and_with_those_it_meets(place: Place) -> None:
    """Also for a time that is not now, and only where both are ever active at once."""
    night = EIGHT + 12 * HOUR
    with pytest.raises(ConfigError) as caught:
        loaded(place, profile(), at=night, beside=cpu(max_cores=4))
    assert f"profile morning ({place.override}) and {place.override}: " in str(caught.value)
    assert "min_cores 6 is above max_cores 4" in str(caught.value)
    other = profile("other", set=cpu(max_cores=4), **{"from": "08:59", "to": "10:00"})
    for _ in ("load", "check"):
        with pytest.raises(ConfigError) as caught:
            loaded(place, profile(), other, at=night) if _ == "load" else check(place.override)
        assert "profile morning" in str(caught.value)
        assert "profile other" in str(caught.value)
    other["from"] = "09:00"
    assert loaded(place, profile(), other, at=night).active == ()
    assert check(place.override) == []


def test_a_part_of_a_file_is_checked_as_a_part(place: Place) -> None:
    """A profile above the default of max_cores alone is no contradiction."""
    place.override.write_text(json.dumps({"profiles": [profile()]}))
    assert check(place.override) == []
    place.override.write_text(json.dumps({"profiles": [profile()], **cpu(max_cores=4)}))
    with pytest.raises(ConfigError, match="min_cores 6 is above max_cores 4"):
        check(place.override)


def test_a_change_of_override_json_is_held_back_by_an_active_profile(place: Place) -> None:
    """It is written, and the answer says whose value holds as long as the window lasts."""
    place.override.write_text(json.dumps({"profiles": [profile(**ALWAYS)]}))
    source = Source(override=str(place.override))
    done = override_file.change(source, cpu(min_cores=2, max_cores=9), {})
    assert done.held_back == {MIN_CORES: f"profile morning ({place.override})"}
    assert allocation(done.loaded) == (6, 9)
    with pytest.raises(ConfigError, match="min_cores 6 is above max_cores 4"):
        override_file.change(source, cpu(max_cores=4), {})


def test_profiles_from_a_variable(place: Place) -> None:
    """As JSON, like every list; it replaces that of the files."""
    text = json.dumps([profile("cloud")])
    found = loaded(place, profile(), environ={"SUPERVISOR_PROFILES": text})
    assert found.active == ("cloud",)
    assert found.origins[MIN_CORES] == "profile cloud (environment SUPERVISOR_PROFILES)"
