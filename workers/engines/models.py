"""`python -m workers.engines.models`: the program behind `supervisor models`.

Engines know their models, and the supervisor imports no engine; so its command starts this module
and shows its output: JSON on stdout, one line on stderr for an error, exit code 2 for an unknown
name and 5 for a pull that failed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import msgspec

from workers.engines import registry
from workers.engines.base import Model, PullError, Stocked

Engines = dict[str, Stocked]


def main() -> int:
    """Run one command from the process's arguments."""
    arguments = _arguments()
    engines = _stocked(msgspec.json.decode(arguments.settings, type=registry.Settings))
    if arguments.command == "list":
        found = [model for engine in engines.values() for model in engine.models()]
        return _print(found)
    return _pull(engines, arguments.name, arguments.source)


_APART = {"piper": "pip install ./engines/piper, in the source of tts-supervisor"}
"""Engines that are distributions of their own, and what installs them."""


def _pull(engines: Engines, name: str, source: Path | None) -> int:
    owner = next((e for e in engines.values() if name in {m.name for m in e.models()}), None)
    if owner is None and name in _APART and name not in engines:
        return _fail(2, f"engine {name} is not installed: {_APART[name]}")
    if owner is None:
        known = ", ".join(m.name for e in engines.values() for m in e.models())
        return _fail(2, f"no model is named {name!r}; there are {known}")
    try:
        return _print(owner.pull(name, source))
    except PullError as error:
        return _fail(5, str(error))


def _stocked(settings: registry.Settings) -> Engines:
    """Engines that keep models; one that cannot be imported is left to the catalogue."""
    engines: Engines = {}
    for name, info in registry.catalogue(settings).items():
        if info.sample_rate:
            engine = registry.make(name, settings)
            if isinstance(engine, Stocked):
                engines[name] = engine
    return engines


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="workers.engines.models")
    parser.add_argument("--settings", default="{}", help="engine name to its settings, in JSON")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list")
    pull = commands.add_parser("pull")
    pull.add_argument("name")
    pull.add_argument("--from", dest="source", type=Path)
    return parser.parse_args()


def _print(result: Model | list[Model]) -> int:
    sys.stdout.buffer.write(msgspec.json.encode(result) + b"\n")
    return 0


def _fail(code: int, message: str) -> int:
    print(message, file=sys.stderr)  # noqa: T201 - this is how the command answers
    return code


if __name__ == "__main__":
    sys.exit(main())
