"""A directory with settings files, and loading from it without this machine's environment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from supervisor.config import Loaded, load


class Place:
    """A config.json and an override.json that a test fills."""

    def __init__(self, root: Path) -> None:
        self.config = root / "config.json"
        self.override = root / "override.json"

    def load(
        self,
        config: object = None,
        override: object = None,
        environ: Mapping[str, str] | None = None,
        command_line: Mapping[str, Any] | None = None,
    ) -> Loaded:
        """Write what is given (text as it is, the rest as JSON) and load it."""
        for path, content in ((self.config, config), (self.override, override)):
            if content is not None:
                path.write_text(content if isinstance(content, str) else json.dumps(content))
        return load(
            self.config if self.config.exists() else None,
            self.override,
            environ or {},
            command_line,
        )


def cpu(**settings: object) -> dict[str, object]:
    """A tree with these settings of the CPU allocation."""
    return {"performance": {"dynamic_cpu_allocation": settings}}
