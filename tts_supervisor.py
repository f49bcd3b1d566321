"""Entry point of the console script, outside the package, to tell when that is another project's.

PyPI's `supervisor` (supervisord) installs a package of the same name: in one environment it stands
in our place, or writes its files over ours.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec


def main() -> None:
    """Run the command line; exit with 2 and one line where the package `supervisor` is not ours."""
    try:
        # Theirs has neither.
        from supervisor import __version__  # noqa: F401, PLC0415
        from supervisor.__main__ import main as run  # noqa: PLC0415
    except ImportError as error:
        sys.exit(_explained(error))
    run()


def _explained(error: ImportError) -> int:
    found = find_spec("supervisor")
    places = found.submodule_search_locations if found is not None else None
    sys.stderr.write(
        f"supervisor: the package `supervisor` in {next(iter(places or ['?']))} is not that of "
        "tts-supervisor, or not whole: PyPI's `supervisor` (supervisord) has the same import name. "
        "Give each an environment of its own, or run `pip uninstall supervisor` and install "
        f"tts-supervisor again ({error})\n"
    )
    return 2
