"""Write docs/COMMANDS.md anew, from the words of the commands themselves.

python -m scripts.commands
"""

from __future__ import annotations

from pathlib import Path

from supervisor.cli import app
from supervisor.cli.manual import as_markdown, pages

DOCUMENT = Path(__file__).parent.parent / "docs" / "COMMANDS.md"


def main() -> None:
    """Write it."""
    DOCUMENT.write_text(as_markdown(pages(app)), encoding="utf-8")


if __name__ == "__main__":
    main()
