"""Generates the tables of docs/CONFIGURATION.md and the whole of config.json.

`python -m supervisor.config.reference` in the root of the repository rewrites both.
"""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path

from supervisor.config import schema
from supervisor.config.settings import Settings

BEGIN = "<!-- tables: written by python -m supervisor.config.reference -->\n"
END = "<!-- end of tables -->\n"

_EFFECTS = {
    "live": "at once",
    "session_rebuild": "at once; sessions are rebuilt",
    "worker_restart": "at once; workers are replaced",
    "supervisor_restart": "with the next start",
}


def with_tables(document: str) -> str:
    """The document with today's tables between its two marks."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + tables() + END + after


def tables() -> str:
    """One Markdown table for each section."""
    parts = []
    for section, settings in groupby(
        schema.settings().values(), key=lambda s: s.path[:-1] or s.path
    ):
        rows = [
            "| Setting | Default | Allowed | A change applies | Meaning |",
            "|---|---|---|---|---|",
            *map(_row, settings),
        ]
        parts.append(f"\n### `{schema.dotted(section)}`\n\n" + "\n".join(rows) + "\n")
    return "".join(parts) + "\n"


def config_json() -> str:
    """The text of config.json: every setting with its default."""
    return json.dumps(Settings().model_dump(), indent=2) + "\n"


def _row(setting: schema.Setting) -> str:
    allowed = setting.allowed + (f" ({setting.unit})" if setting.unit else "")
    cells = (
        f"`{setting.path[-1]}`",
        f"`{json.dumps(setting.default)}`",
        allowed,
        _EFFECTS[setting.effect],
        setting.description,
    )
    return f"| {' | '.join(cells)} |"


def _write() -> None:
    document = Path("docs/CONFIGURATION.md")
    document.write_text(with_tables(document.read_text(encoding="utf-8")), encoding="utf-8")
    Path("config.json").write_text(config_json(), encoding="utf-8")


if __name__ == "__main__":
    _write()
