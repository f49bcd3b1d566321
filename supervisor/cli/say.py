"""`supervisor say`: speak a text into a file or a pipe."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from supervisor.cli.common import fail
from supervisor.cli.connecting import client_errors, wait_for_start

if TYPE_CHECKING:
    from collections.abc import Callable

    from supervisor.audio.files import Write
    from supervisor.audio.formats import AudioFormat
    from supervisor.client import Job

_LONG_TEXT_SEGMENTS = 4
"""Segments of a text from which a progress bar is shown."""

_SIGNAL_EXIT = 128
"""Added by a shell to the number of the signal that ended a command."""


def say(  # noqa: PLR0913, PLR0917 (one argument for each option)
    text: Annotated[str | None, typer.Argument(help="What to say; - reads standard input.")] = None,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="Read the text from a UTF-8 file.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Audio file; without it WAV goes to standard output."),
    ] = None,
    voice: Annotated[str | None, typer.Option(help="Default: the engine's.")] = None,
    speed: Annotated[float, typer.Option(help="Factor on the voice's own pace.")] = 1.0,
    volume: Annotated[float, typer.Option(help="Factor from 0 to 2 on the loudness.")] = 1.0,
    engine: Annotated[str | None, typer.Option(help="Default: the supervisor's.")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same audio.")] = None,
    markup: Annotated[
        str | None,
        typer.Option(help="auto, plain, markdown, html or ssml. Default: the supervisor's."),
    ] = None,
    unreadable: Annotated[
        str | None,
        typer.Option(help="Letters that the voice cannot read: skip, spell or refuse."),
    ] = None,
    pronounce: Annotated[
        list[str] | None,
        typer.Option(help="WORD=HOW: another spelling, or /phonemes/; may be given again."),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="wav, flac, opus, mp3, aac, aiff, pcm (16 bit, 24 kHz) or raw (float32); "
            "default: the file's suffix.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the timings as JSON.")] = False,
) -> None:
    """Speak a text: supervisor say "Hello there." -o hello.wav"""
    spoken = _read(text, file)
    _check_output(output, as_json)
    audio_format = _format(output, form)
    pronunciations = _pronunciations(pronounce or [])
    from supervisor.client import Client

    with _exit_codes(output), client_errors():
        wait_for_start()
    with (
        _exit_codes(output),
        client_errors(),
        Client(name="supervisor say") as client,
        client.submit(
            spoken,
            voice,
            engine,
            speed,
            seed,
            volume=volume,
            markup=markup,
            unreadable=unreadable,
            pronunciations=pronunciations,
        ) as job,
    ):
        seconds = _record(job, output, audio_format)
        if job.left_out:
            typer.echo(f"left out: {'; '.join(map(str, job.left_out))}", err=True)
        if as_json:
            typer.echo(json.dumps(_report(job, output, audio_format, seconds)))


def _read(text: str | None, file: Path | None) -> str:
    """The text, from the argument, a file or stdin."""
    if text is not None and file is not None:
        fail(2, "give a text or a file, not both")
    if text == "-" or (file is not None and str(file) == "-"):
        return _decode(sys.stdin.buffer.read(), "standard input")
    if file is not None:
        try:
            return _decode(file.read_bytes(), str(file))
        except OSError as error:
            fail(2, f"cannot read {file}: {error.strerror}")
    if text is None:
        fail(2, "nothing to say; give a text, -f FILE, or - for standard input")
    return text


def _decode(content: bytes, source: str) -> str:
    try:
        return content.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        fail(
            2,
            f"{source} is not UTF-8: byte 0x{content[error.start]:02x} at offset {error.start}; "
            "convert it first, for example with iconv",
        )


def _pronunciations(given: list[str]) -> dict[str, str] | None:
    """Words and how they are said, from `WORD=HOW`."""
    entries: dict[str, str] = {}
    for entry in given:
        word, equals, how = entry.partition("=")
        if not (word and equals and how):
            fail(2, f"--pronounce {entry!r}: write WORD=HOW, such as Nguyen=win or Cairo=/ˈkaɪroʊ/")
        entries[word] = how
    return entries or None


def _check_output(output: Path | None, as_json: bool) -> None:
    """Fail before the speech is made if the output cannot be written."""
    if output is None:
        if as_json:
            fail(2, "--json prints on standard output; say with -o where the audio is to go")
        if sys.stdout.isatty():
            fail(2, "audio is not for terminals; use -o FILE, or send standard output to a player")
    elif output.is_dir():
        fail(2, f"{output} is a directory; use -o FILE")
    elif not output.parent.is_dir():
        fail(2, f"there is no directory {output.parent} for {output.name}")


def _format(output: Path | None, name: str | None) -> AudioFormat:
    from supervisor.audio.formats import UnknownFormatError, find_format

    if name is None:
        name = output.suffix if output is not None else ""
    try:
        return find_format(name or "wav")
    except UnknownFormatError as error:
        fail(2, str(error))


def _record(job: Job, output: Path | None, form: AudioFormat) -> float:
    """Write the audio as it arrives; returns its seconds."""
    from supervisor.audio.files import audio_file, audio_stream

    sink: AbstractContextManager[Write]
    if output is None:
        sink = audio_stream(sys.stdout.buffer, form, job.sample_rate)
    else:
        sink = audio_file(output, form, job.sample_rate)
    samples = 0
    with sink as write, _progress_bar(job) as show:
        for chunk in job:
            write(chunk)
            samples += len(chunk)
            show()
    return samples / job.sample_rate


class _Signalled(BaseException):
    """A signal, by its number, asked this command to end."""


def _raise(number: int, _frame: object) -> NoReturn:
    raise _Signalled(number)


@contextmanager
def _exit_codes(output: Path | None) -> Iterator[None]:
    """Turn a signal, a closed pipe and a full disk into an exit code, not a traceback, and leave no
    part of a file.
    """
    from supervisor.audio.formats import EncodingError

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # As `nohup` has it.
            signal.signal(number, _raise)
    try:
        yield
    except _Signalled as signalled:
        raise typer.Exit(_SIGNAL_EXIT + signalled.args[0]) from None
    except BrokenPipeError:
        _leave_pipe()
    except (OSError, EncodingError) as error:
        where = "standard output" if output is None else str(output)
        fail(5, f"cannot write {where}: {error}")


def _leave_pipe() -> NoReturn:
    """Give up a closed pipe, so that the interpreter does not fail on it again at its exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise typer.Exit(_SIGNAL_EXIT + signal.SIGPIPE)


def _progress_bar(job: Job) -> AbstractContextManager[Callable[[], None]]:
    """A bar on the terminal for a long text, otherwise nothing."""
    if not sys.stderr.isatty() or job.progress.segments < _LONG_TEXT_SEGMENTS:
        return nullcontext(lambda: None)
    return _bar(job)


@contextmanager
def _bar(job: Job) -> Iterator[Callable[[], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    started = time.monotonic()
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("segments, {task.fields[audio]:.1f} s of audio, RTF {task.fields[factor]:.3f}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=job.progress.segments, audio=0.0, factor=0.0)

        def show() -> None:
            now = job.progress
            factor = (time.monotonic() - started) / now.audio_s if now.audio_s else 0.0
            bar.update(
                task,
                completed=now.segments_done,
                total=now.segments,
                audio=now.audio_s,
                factor=factor,
            )

        yield show


def _report(job: Job, output: Path | None, form: AudioFormat, seconds: float) -> dict[str, object]:
    """Object of `--json`; times in seconds, real_time_factor is total_s per audio second."""
    timings = job.timings
    assert timings is not None  # noqa: S101 (the job has been read to its end)
    return {
        "output": str(output),
        "format": form.name,
        "job": job.id,
        "seed": job.seed,
        "sample_rate": job.sample_rate,
        "duration_s": seconds,
        "segments": job.progress.segments,
        "left_out": [str(place) for place in job.left_out],
        "first_audio_s": timings.first_audio_s,
        "total_s": timings.total_s,
        "queued_s": timings.queued_s,
        "synthesis_s": timings.synthesis_s,
        "real_time_factor": timings.total_s / seconds if seconds else None,
    }
