"""`supervisor say`: speak a text into a file or a pipe."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from supervisor.cli.book import Asked, is_book, say_book
from supervisor.cli.common import fail
from supervisor.cli.connecting import client_errors, wait_for_start
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
from supervisor.cli.which_client import (
    FleetCa,
    FleetCredentials,
    FleetServers,
    FleetTenant,
    Whom,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from supervisor.audio.files import Write
    from supervisor.audio.formats import AudioFormat
    from supervisor.client import Job
    from supervisor.client.request import Terms
    from supervisor.speech import Word

_LONG_TEXT_SEGMENTS = 4
"""Segments of a text from which a progress bar is shown."""


def say(  # noqa: PLR0913, PLR0917 (one argument for each option)
    text: Annotated[str | None, typer.Argument(help="What to say; - reads standard input.")] = None,
    file: TextFile = None,
    to: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH",
            help="Audio file; of a book also FILE.m4b, or a FOLDER for a file each chapter. "
            "Without it WAV goes to standard output.",
        ),
    ] = None,
    voice: Annotated[str | None, typer.Option(help="Default: the engine's.")] = None,
    speed: Annotated[float, typer.Option(help="Factor on the voice's own pace.")] = 1.0,
    volume: Annotated[float, typer.Option(help="Factor from 0 to 2 on the loudness.")] = 1.0,
    engine: Annotated[str | None, typer.Option(help="Default: the supervisor's.")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same audio.")] = None,
    language: LanguageTag = None,
    markup: MarkupName = None,
    unreadable: UnreadableName = None,
    pronounce: Pronounced = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="wav, flac, opus, mp3, m4a, aac, aiff, pcm (16 bit, 24 kHz), ulaw, alaw (8 kHz) "
            "or raw (float32); "
            "default: the file's suffix.",
        ),
    ] = None,
    captions: Annotated[
        Path | None,
        typer.Option(help="Also write when each word is heard: FILE.srt, FILE.vtt or FILE.json."),
    ] = None,
    play: Annotated[
        bool, typer.Option("--play", help="Play it on this machine; with -o it is kept, too.")
    ] = False,
    urgency: Annotated[
        str | None,
        typer.Option(
            "--class",
            help="interactive (somebody waits), stream (somebody listens) or batch (nobody does); "
            "default: batch for a file that is not played, else by the text.",
        ),
    ] = None,
    servers: FleetServers = None,
    credentials: FleetCredentials = None,
    ca: FleetCa = None,
    tenant: FleetTenant = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the timings as JSON.")] = False,
) -> None:
    """Speak a text: supervisor say "Hello there." --play

    Into a file: supervisor say "Hello there." -o hello.wav

    Or a book, an EPUB or a text: supervisor say -f book.epub -o book.m4b. Stopped in the middle,
    the same command goes on there.
    """
    output = None if to is None else Path(to)
    whom = Whom(servers, credentials, ca, tenant)
    pronunciations = said_as(pronounce)
    if is_book(text, file, to, form):
        if captions is not None:
            fail(2, "captions are written for a text, not for a book: leave out --captions")
        if play:
            fail(2, "--play speaks a text; a book is written: say where to with -o")
        _check_output(output, as_json, folder=True)
        if urgency is not None:
            fail(2, "--class is for a text; a book is always batch")
        terms: Terms = {"language": language, "markup": markup}
        terms |= {"unreadable": unreadable, "pronunciations": pronunciations}
        asked = Asked(voice, engine, speed, volume, seed, terms, form, as_json)
        with exit_codes(output), client_errors():
            if not whom.is_fleet:
                wait_for_start()
            say_book(text, file, to, asked, whom)
        return
    spoken = given_text(text, file)
    _check_output(output, as_json, play=play)
    _check_captions(captions)
    audio_format = _format(output, form)
    with exit_codes(output), client_errors():
        if not whom.is_fleet:
            wait_for_start()
    with (
        exit_codes(output),
        client_errors(),
        whom.client("supervisor say") as client,
        client.submit(
            spoken,
            voice,
            engine,
            speed,
            seed,
            volume=volume,
            words=captions is not None,
            language=language,
            markup=markup,
            unreadable=unreadable,
            pronunciations=pronunciations,
            request_class=urgency or ("batch" if file is not None and not play else None),
        ) as job,
    ):
        seconds, words = _record(job, output, audio_format, play=play)
        if captions is not None:
            _write_captions(captions, words, heard=seconds > 0 and not job.left_out)
        if job.left_out:
            typer.echo(f"left out: {'; '.join(map(str, job.left_out))}", err=True)
        if as_json:
            typer.echo(json.dumps(_report(job, output, audio_format, seconds)))


def _check_output(
    output: Path | None, as_json: bool, *, folder: bool = False, play: bool = False
) -> None:
    """Fail before the speech is made if the output cannot be written."""
    if output is None and play:
        return
    if output is None:
        if as_json:
            fail(2, "--json prints on standard output; say with -o where the audio is to go")
        if sys.stdout.isatty():
            fail(2, "audio is not for terminals; use --play or -o FILE")
    elif output.is_dir() and not folder:
        fail(2, f"{output} is a directory; use -o FILE")
    elif not output.parent.is_dir():
        fail(2, f"there is no directory {output.parent} for {output.name}")


def _check_captions(path: Path | None) -> None:
    """Fail before the speech is made if the captions cannot be written."""
    from supervisor.captions import FORMS

    if path is None:
        return
    if path.suffix.lower() not in FORMS:
        fail(2, f"captions end in {', '.join(FORMS)}, not in {path.suffix or 'nothing'}: {path}")
    if path.is_dir() or not path.parent.is_dir():
        fail(2, f"captions cannot be written to {path}; use --captions FILE{path.suffix}")


def _write_captions(path: Path, words: list[Word], *, heard: bool) -> None:
    from supervisor.captions import FORMS
    from supervisor.files import replace_file

    if not words and heard:
        typer.echo("captions: this engine does not tell when words are heard", err=True)
    try:
        with replace_file(path, durable=False) as file:
            file.write(FORMS[path.suffix.lower()](words).encode())
    except OSError as error:
        fail(5, f"cannot write {path}: {error.strerror}")


def _format(output: Path | None, name: str | None) -> AudioFormat:
    from supervisor.audio.formats import UnknownFormatError, find_format

    if name is None:
        name = output.suffix if output is not None else ""
    try:
        return find_format(name or "wav")
    except UnknownFormatError as error:
        fail(2, f"{error} with --format")


def _record(
    job: Job, output: Path | None, form: AudioFormat, *, play: bool
) -> tuple[float, list[Word]]:
    """Write and play audio as it arrives; returns its seconds, and the words that came with it."""
    from supervisor.audio.files import audio_file, audio_stream
    from supervisor.cli.playing import NoSoundError, playing

    sink: AbstractContextManager[Write | None]
    if output is None and play:
        sink = nullcontext()
    elif output is None:
        sink = audio_stream(sys.stdout.buffer, form, job.sample_rate)
    else:
        sink = audio_file(output, form, job.sample_rate)
    sound: AbstractContextManager[Write | None] = nullcontext()
    if play:
        sound = playing(job.sample_rate, keep_on=output is not None)
    samples = 0
    words: list[Word] = []
    try:
        with (
            sound as hear,
            sink as write,
            _progress_bar(job) as show,
        ):
            for chunk in job:
                for take in (hear, write):
                    if take is not None:
                        take(chunk)
                samples += len(chunk)
                words += job.new_words()
                show()
    except NoSoundError as error:
        fail(5, str(error))
    words += job.new_words()
    return samples / job.sample_rate, words


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
        "output": None if output is None else str(output),
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
