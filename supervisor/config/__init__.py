"""Settings: models, sources and their precedence, migration, live reload.

The names below are loaded on first use: a client or a worker that only needs `paths`
must not pay for the models (0.14 s and 25 MB).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from supervisor.config.changes import Change, diff, flat
    from supervisor.config.errors import ConfigError
    from supervisor.config.loading import Loaded, check, load
    from supervisor.config.sections.declared import Effect
    from supervisor.config.settings import Settings
    from supervisor.config.sources import assignments

__all__ = [
    "Change",
    "ConfigError",
    "Effect",
    "Loaded",
    "Settings",
    "assignments",
    "check",
    "diff",
    "flat",
    "load",
]

_MODULES = {
    "Change": "changes",
    "ConfigError": "errors",
    "Effect": "sections.declared",
    "Loaded": "loading",
    "Settings": "settings",
    "assignments": "sources",
    "check": "loading",
    "diff": "changes",
    "flat": "changes",
    "load": "loading",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 (whatever the name stands for)
    """Import the module that holds a public name (PEP 562). Raises AttributeError."""
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{module}"), name)
