"""An error says which key it is about, and not in words alone."""

from __future__ import annotations

from typing import Any

import pytest

from supervisor.config import schema
from supervisor.config.errors import ConfigError
from supervisor.config.loading import check_tree

SECTION = ("performance", "dynamic_cpu_allocation")


@pytest.mark.parametrize(
    ("section", "keys"),
    [
        ({"cpu_target": 500}, ["cpu_target"]),
        ({"cpu_target": 60, "cpu_targett": 5}, ["cpu_targett"]),
        ({"min_cores": 5, "max_cores": 3}, ["min_cores", "max_cores"]),
        ({"min_threshold": -1}, ["min_threshold"]),
        ({"min_threshold": 90, "max_threshold": 80}, ["min_threshold", "max_threshold"]),
    ],
)
def test_an_error_has_the_keys_at_fault(section: dict[str, Any], keys: list[str]) -> None:
    """Also where the message names another key: the nearest valid one, or today's."""
    with pytest.raises(ConfigError) as caught:
        check_tree({SECTION[0]: {SECTION[1]: section}}, "the request")
    assert list(caught.value.keys) == [(*SECTION, key) for key in keys]


def test_an_error_about_no_key_has_none() -> None:
    """What is wrong with a file as a whole is no key's fault."""
    assert ConfigError("config.json: there is no such file").keys == ()


def test_a_file_of_wrong_keys_is_told_by_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """The nearest valid key is looked for once, however many are wrong: it takes 2 ms each time."""
    asked: list[schema.Path] = []
    nearest = schema.nearest

    def ask(path: schema.Path) -> schema.Path:
        asked.append(path)
        return nearest(path)

    monkeypatch.setattr(schema, "nearest", ask)
    with pytest.raises(ConfigError, match=r"unknown key pol0; .* \(and 99 more\)$"):
        check_tree({f"pol{n}": {} for n in range(100)}, "config.json")
    assert asked == [("pol0",)]
