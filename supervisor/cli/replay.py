"""`supervisor replay`: feed a record of events to fresh state machines, and check them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from supervisor.cli.common import fail
from supervisor.wording import counted

if TYPE_CHECKING:
    from supervisor.service.record import Document, Entry
    from supervisor.service.replay import Step

_MOST = 96
"""Characters of one event's fields."""


def replay(
    file: Annotated[
        Path,
        typer.Argument(
            help="What `supervisor status --events --json` printed, or the `events.json` that a "
            "supervisor left in its state directory."
        ),
    ],
    *,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Only what is remarkable, and the sums.")
    ] = False,
) -> None:
    """Feed a record of events to fresh machines, check them after each, and print the story."""
    from supervisor.service.record import RecordError, read
    from supervisor.service.replay import Replay

    try:
        document = read(file.read_bytes())
        _tell(document, Replay(document).steps(), quiet=quiet)
    except OSError as error:
        fail(2, f"{file}: {error.strerror}")
    except RecordError as error:
        fail(2, f"{file}: {error}")


def _tell(document: Document, steps: Any, *, quiet: bool) -> None:  # noqa: ANN401
    replayed = skipped = other = 0
    broken = False
    if document.lost:
        lost = counted(document.lost, "event is", "events are")
        typer.echo(f"{lost} lost: begins with what can be known")
    for step in steps:
        replayed += step.skipped is None
        skipped += step.skipped is not None
        other += step.other is not None
        broken = broken or step.broken is not None
        if not quiet or step.other is not None or step.broken is not None:
            _show(step)
    typer.echo(
        f"{counted(replayed, 'event')} told again, {skipped} left out, "
        f"{other} answered otherwise than then; "
        + ("an invariant is broken" if broken else "the invariants held after each")
    )
    if document.fault is not None:
        typer.echo(f"what ended it:\n{document.fault}")
    if broken:
        raise typer.Exit(1)


def _show(step: Step) -> None:
    typer.echo(line(step.entry, step.seconds))
    if step.skipped is not None:
        typer.echo(f"    left out: {step.skipped}")
    if step.other is not None:
        typer.echo(f"    now it answers: {', '.join(step.other) or 'nothing'}")
    if step.broken is not None:
        typer.echo(f"    BROKEN: {step.broken}")


def line(entry: Entry, seconds: float) -> str:
    """One event of a story: time, machine, event, and the commands that it gave."""
    event = entry.event
    fields = ((name, getattr(event, name)) for name in event.__struct_fields__ if name != "now")
    about = " ".join(f"{name}={_short(value)}" for name, value in fields)
    commands = f" -> {', '.join(entry.commands)}" if entry.commands else ""
    said = about if len(about) <= _MOST else about[: _MOST - 1] + "…"
    return f"{seconds:10.3f} {entry.family:<10} {type(event).__name__} {said}{commands}".rstrip()


def _short(value: Any) -> str:  # noqa: ANN401 - whatever an event holds
    from supervisor.core.jobs.request import JobRequest

    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, JobRequest):
        sizes = ",".join(str(len(part.text)) for part in value.segments)
        return f"({value.speech.engine} {value.speech.voice} [{sizes}])"
    return str(value)
