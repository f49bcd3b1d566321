"""`supervisor read`: show how a text is read, segment by segment; it is not spoken.

No supervisor has to run: texts are cut here as a job's are, with the settings that one would have,
and read by the engines' own readers in a process of theirs (`supervisor.reading`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from supervisor.cli.common import Assignments, ConfigFile, OverrideFile, fail
from supervisor.cli.connecting import client_errors
from supervisor.cli.endings import exit_codes
from supervisor.cli.texts import (
    LanguageTag,
    MarkupName,
    Pronounced,
    TextFile,
    UnreadableName,
    given_text,
    said_as,
)

if TYPE_CHECKING:
    from supervisor.client import SupervisorError
    from supervisor.config import Settings
    from supervisor.reading.process import ReadingProcess
    from supervisor.reading.text import ReadSegment
    from supervisor.wire.client import Submit


class _Wanted(NamedTuple):
    """The options that decide how a text is read."""

    engine: str | None
    voice: str | None
    language: str | None
    speed: float
    markup: str | None
    unreadable: str | None
    pronunciations: dict[str, str] | None


def read(  # noqa: PLR0913, PLR0917 (one argument for each option)
    text: Annotated[
        str | None, typer.Argument(help="What to read; - reads standard input.")
    ] = None,
    file: TextFile = None,
    lines: Annotated[
        Path | None,
        typer.Option(
            "--lines",
            help="Many texts: a file with a JSON string on each line, - for standard input. "
            "Prints a JSON object for each.",
        ),
    ] = None,
    engine: Annotated[str | None, typer.Option(help="Default: as configured.")] = None,
    voice: Annotated[str | None, typer.Option(help="Default: the engine's.")] = None,
    language: LanguageTag = None,
    markup: MarkupName = None,
    unreadable: UnreadableName = None,
    pronounce: Pronounced = None,
    speed: Annotated[float, typer.Option(help="Factor on the voice's own pace.")] = 1.0,
    config: ConfigFile = None,
    override: OverrideFile = None,
    set_: Assignments = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show how a text is read: supervisor read 'Dr. Smith paid $3.50.'

    For each segment the words that are said, their phonemes, the pause after it, and what is left
    out.
    """
    if lines is not None and (text is not None or file is not None):
        fail(2, "give a text or --lines, not both")
    import asyncio

    from supervisor import config as configuration
    from supervisor.reading.process import ReadingEnded

    wanted = _Wanted(
        engine=engine,
        voice=voice,
        language=language,
        speed=speed,
        markup=markup,
        unreadable=unreadable,
        pronunciations=said_as(pronounce),
    )
    with exit_codes(None), client_errors():
        try:
            assigned = configuration.assignments(set_ or [])
            settings = configuration.load(config, override, os.environ, assigned).settings
            if lines is not None:
                asyncio.run(_read_lines(lines, wanted, settings))
            else:
                given = given_text(text, file)
                asyncio.run(_read_one(given, wanted, settings, as_json=as_json))
        except configuration.ConfigError as error:
            fail(2, str(error))
        except ReadingEnded as error:
            fail(5, str(error))


async def _read_one(text: str, wanted: _Wanted, settings: Settings, *, as_json: bool) -> None:
    """Print one text. Raises SupervisorError, after what can be read where the rest cannot."""
    import msgspec

    from supervisor.reading.process import ReadingProcess
    from supervisor.reading.text import read
    from supervisor.service.settings import make_setup

    async with ReadingProcess(make_setup(settings)) as process:
        outcome = await read(process, _submit(wanted), _encoded(text), settings)
    if as_json:
        _print(msgspec.json.encode(outcome.text))
    else:
        for number, segment in enumerate(outcome.text.segments):
            _print("\n".join(_rows(number, segment)).encode())
    if outcome.error is not None:
        raise outcome.error


async def _read_lines(lines: Path, wanted: _Wanted, settings: Settings) -> None:
    """Print an object for each text. A reading process that ends costs the text that it read."""
    from supervisor.reading.process import ReadingProcess
    from supervisor.service.settings import make_setup

    setup, submit = make_setup(settings), _submit(wanted)
    given = _given_lines(lines)
    left = True
    while left:
        async with ReadingProcess(setup) as process:
            left = await _answer(process, given, submit, settings)


async def _answer(
    process: ReadingProcess, lines: Iterator[bytes], submit: Submit, settings: Settings
) -> bool:
    """Answer each line; False when there are no more, True where the process has ended before."""
    import msgspec

    from supervisor.client import SupervisorError
    from supervisor.reading.process import ReadingEnded
    from supervisor.reading.text import read

    for line in lines:
        answer: dict[str, object] = {"segments": ()}
        try:
            text = msgspec.json.decode(line, type=str)
            outcome = await read(process, submit, text.encode(), settings)
            answer["segments"] = outcome.text.segments
            if outcome.error is not None:
                answer["error"] = _described(outcome.error)
        except SupervisorError as error:
            answer["error"] = _described(error)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            answer["error"] = {"code": "bad_json", "message": f"the line is no string: {error}"}
        except ReadingEnded as error:
            answer["error"] = {"code": "failed", "message": str(error)}
        _print(msgspec.json.encode(answer))
        if not process.running:
            return True
    return False


def _given_lines(lines: Path) -> Iterator[bytes]:
    """Each line of the file, or of standard input, that is not blank."""
    if str(lines) == "-":
        yield from filter(bytes.strip, sys.stdin.buffer)
        return
    try:
        file = lines.open("rb")
    except OSError as error:
        fail(2, f"cannot read {lines}: {error.strerror}")
    with file:
        yield from filter(bytes.strip, file)


def _submit(wanted: _Wanted) -> Submit:
    """The request by which a client would have the text spoken so."""
    from supervisor.wire.client import Submit

    return Submit(
        id="read",
        engine=wanted.engine,
        voice=wanted.voice,
        language=wanted.language,
        speed=wanted.speed,
        markup=wanted.markup,
        unreadable=wanted.unreadable,
        pronunciations=wanted.pronunciations,
    )


def _encoded(text: str) -> bytes:
    """As it came on the command line, where bytes that are no UTF-8 stay what they are."""
    return text.encode("utf-8", "surrogateescape")


def _described(error: SupervisorError) -> dict[str, Any]:
    field = {} if error.field is None else {"field": error.field}
    return {"code": error.code, "message": str(error), **field}


def _rows(number: int, segment: ReadSegment) -> Iterator[str]:
    """A segment for people: what is as one expects it has no row."""
    yield f"{number:<3} {_shown(segment.text) or '(silence)'}"
    if segment.spoken != segment.text:
        yield from _row("spoken", segment.spoken)
    yield from _row("phonemes", segment.phonemes)
    yield from _row("skipped", "  ".join(segment.skipped))
    yield from _row("pause", f"{segment.pause_s:g} s ({segment.ends})")


def _row(name: str, value: str) -> Iterator[str]:
    if value:
        yield f"    {name:9} {_shown(value)}"


def _shown(text: str) -> str:
    """The text with what a terminal would obey, or not show, written out."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def _print(line: bytes) -> None:
    """In UTF-8, whatever the terminal's encoding: phonemes are in no other. Flushed."""
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()
