"""The shipped files and the documentation say what the model says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import BaseModel

from supervisor.config import Settings, reference, schema, sources
from supervisor.config.sections.declared import Section

ROOT = Path(__file__).parents[3]


def test_config_json_holds_every_setting_with_its_default() -> None:
    """An operator can read all settings in config.json, and deleting the file changes nothing."""
    assert json.loads((ROOT / "config.json").read_text()) == Settings().model_dump()


def test_override_json_ships_empty() -> None:
    """A fresh checkout runs on config.json alone."""
    assert json.loads((ROOT / "override.json").read_text()) == {}


def test_documented_tables_are_those_of_the_model() -> None:
    """Every setting, default, unit, range and effect in the documentation is today's."""
    document = (ROOT / "docs/CONFIGURATION.md").read_text(encoding="utf-8")
    assert reference.with_tables(document) == document


def test_documentation_names_every_variable() -> None:
    """A variable that is accepted without being a setting is explained."""
    document = (ROOT / "docs/CONFIGURATION.md").read_text(encoding="utf-8")
    for name in [*sources.OTHER_VARIABLES, *sources.FOREIGN_VARIABLES]:
        assert f"`{name}`" in document


@pytest.mark.parametrize("setting", schema.settings().values(), ids=lambda s: ".".join(s.path))
def test_every_setting_explains_itself(setting: schema.Setting) -> None:
    """No setting is declared without a sentence and the words for its range."""
    assert setting.description.endswith(".")
    assert setting.allowed


def test_every_section_is_strict_and_frozen() -> None:
    """A new section that forgets to be a Section would accept unknown keys."""
    models: list[type[BaseModel]] = [Settings, *Section.__subclasses__()]
    assert len(models) > 5
    for model in models:
        config = model.model_config
        assert (config["extra"], config["frozen"], config["strict"]) == ("forbid", True, True)
        assert config["allow_inf_nan"] is False
