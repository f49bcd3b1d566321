"""Help, manual pages and docs/COMMANDS.md say the same, whole."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from scripts.commands import DOCUMENT
from supervisor.cli import app
from supervisor.cli.manual import Page, as_markdown, as_roff, pages

PAGES = list(pages(app))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.title)
def test_help_fits_eighty_columns_and_no_line_breaks_off(page: Page) -> None:
    """Nobody reads "Start the supervisor; Ctrl-C drains and stops it, a second..."."""
    words = page.title.split()[1:]
    done = CliRunner(env={"COLUMNS": "80", "TERMINAL_WIDTH": "80"}).invoke(app, [*words, "--help"])
    assert done.exit_code == 0
    lines = done.output.splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert not [line for line in lines if re.search(r"[^\]]\.\.\.$", line)]


def test_the_document_is_that_of_these_commands() -> None:
    """python -m scripts.commands writes it anew."""
    assert DOCUMENT.read_text(encoding="utf-8") == as_markdown(iter(PAGES))


def test_a_page_goes_to_a_pipe_as_man_reads_it() -> None:
    """And a command that is none is one line."""
    command = [sys.executable, "-m", "supervisor", "man"]
    done = subprocess.run([*command, "jobs", "list"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(".TH SUPERVISOR\\-JOBS\\-LIST 1")
    assert "\n.SH OPTIONS\n" in done.stdout
    wrong = subprocess.run([*command, "sing"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
    assert wrong.stderr == (
        "supervisor: there is no command 'supervisor sing'; see `supervisor --help`\n"
    )


def test_nothing_in_a_page_is_a_request_of_roff() -> None:
    """A line that begins with a point would vanish."""
    for page in PAGES:
        for line in as_roff(page).splitlines():
            assert not line.startswith(".") or re.match(r"\.(TH|SH|TP|PP|B) ?", line), line


def test_the_shell_completes_commands_and_options() -> None:
    """As `supervisor --install-completion` sets it up."""
    for words, index, expected in (
        ("supervisor st", 1, "status"),
        ("supervisor say --pl", 2, "--play"),
    ):
        environ = {
            "_SUPERVISOR_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(index),
        }
        done = subprocess.run(
            [sys.executable, "-m", "supervisor"],
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert expected in done.stdout.split()
