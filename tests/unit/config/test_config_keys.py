"""An error says which key it is about, and not in words alone."""

from __future__ import annotations

from typing import Any

import pytest

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
