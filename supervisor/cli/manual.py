"""`supervisor man`: the manual pages of the commands, made of the same words as `--help`."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from supervisor import __version__
from supervisor.cli.common import fail

PROGRAM: Final = "supervisor"


class Page:
    """Manual page of a command: its `title` (`supervisor jobs list`), what it is, and its words.

    `options` and `commands` are pairs of a name with what it takes, and what that means.
    """

    def __init__(self, command: Any, context: Any) -> None:  # noqa: ANN401 - typer has no public type
        records = [each.get_help_record(context) for each in command.get_params(context)]
        self.title: str = context.command_path
        self.summary: str = command.get_short_help_str(200)
        self.usage: str = " ".join([self.title, *command.collect_usage_pieces(context)])
        self.paragraphs = [
            " ".join(part.split()) for part in re.split(r"\n\s*\n", command.help or "") if part
        ]
        self.options: list[tuple[str, str]] = [record for record in records if record is not None]
        self.commands: list[tuple[str, str]] = [
            (name, each.get_short_help_str(200))
            for name, each in getattr(command, "commands", {}).items()
            if not each.hidden
        ]


def pages(app: typer.Typer) -> Iterator[Page]:
    """All pages, that of the program first."""
    root = typer.main.get_command(app)
    context = root.make_context(PROGRAM, [], resilient_parsing=True)
    yield from _pages(root, context)


def _pages(command: Any, context: Any) -> Iterator[Page]:  # noqa: ANN401 - as above
    yield Page(command, context)
    for name, each in getattr(command, "commands", {}).items():
        inner = type(context)(each, info_name=name, parent=context)
        yield from _pages(each, inner)


def man(
    command: Annotated[
        list[str] | None, typer.Argument(help="Such as: jobs list; without it: the program's.")
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option("--into", help="Write all pages into this directory, for man to find."),
    ] = None,
) -> None:
    """Show the manual page of a command; into a pipe, in the form that man reads.

    To have all where man looks: supervisor man --into ~/.local/share/man/man1
    """
    from supervisor.cli import app

    if into is not None:
        _write_all(app, into)
        return
    title = " ".join([PROGRAM, *(command or [])])
    found = {page.title: page for page in pages(app)}
    if title not in found:
        fail(2, f"there is no command {title!r}; see `supervisor --help`")
    roff = as_roff(found[title])
    if sys.stdout.isatty() and shutil.which("man"):
        subprocess.run(["man", "-l", "-"], input=roff.encode(), check=False)
    else:
        typer.echo(roff, nl=False)


def _write_all(app: typer.Typer, directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for page in pages(app):
            (directory / f"{page.title.replace(' ', '-')}.1").write_text(as_roff(page))
    except OSError as error:
        fail(5, f"cannot write into {directory}: {error.strerror}")


def as_roff(page: Page) -> str:
    """The page as man(7) has it."""
    name = page.title.replace(" ", "-")
    lines = [
        f'.TH {_roff(name.upper())} 1 "" "tts-supervisor {__version__}"',
        ".SH NAME",
        f"{_roff(name)} \\- {_roff(page.summary)}",
        ".SH SYNOPSIS",
        f".B {_roff(page.usage)}",
    ]
    if page.paragraphs:
        lines += [".SH DESCRIPTION"]
        for paragraph in page.paragraphs:
            lines += [".PP", _roff(paragraph)]
    for heading, rows in (("OPTIONS", page.options), ("COMMANDS", page.commands)):
        if rows:
            lines += [f".SH {heading}"]
            for term, meaning in rows:
                lines += [".TP", f".B {_roff(term)}", _roff(" ".join(meaning.split()))]
    return "\n".join(lines) + "\n"


def _roff(text: str) -> str:
    """Text in which nothing is a request of roff."""
    quoted = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{quoted}" if quoted.startswith((".", "'")) else quoted


def as_markdown(all_pages: Iterator[Page]) -> str:
    """One document of all pages: docs/COMMANDS.md."""
    parts = [
        "# Commands",
        "",
        (
            "Made of the same words as `--help`, by `python -m scripts.commands`. "
            "`supervisor man COMMAND` shows one of them as a manual page; "
            "`supervisor --install-completion` has the shell complete them."
        ),
    ]
    for page in all_pages:
        parts += ["", f"## {page.title}", ""]
        for paragraph in page.paragraphs:
            parts += [paragraph, ""]
        parts += [f"    {page.usage}"]
        for rows in (page.options, page.commands):
            if rows:
                parts += ["", "| | |", "|---|---|"]
                parts += [
                    f"| `{_cell(term)}` | {_cell(' '.join(meaning.split()))} |"
                    for term, meaning in rows
                ]
    return "\n".join(parts) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
