"""Speak a book into one FLAC file for each chapter; stopped in the middle, it goes on there.

    python examples/audiobook.py book.txt book/

Chapters begin at lines such as "# One" or "Chapter 1". Each is a durable job with a key
made of its text: killed and started again, this program asks for the same keys and gets
the jobs that it had, spoken or half spoken, also if the supervisor was restarted
meanwhile. Finished files are left alone. Exit codes are those of `supervisor`.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from collections import deque
from pathlib import Path

from supervisor.audio.files import audio_file
from supervisor.audio.formats import FORMATS
from supervisor.client import BadRequest, Client, Job, NoSupervisor, Refused, SupervisorError

AHEAD = 3
"""Chapters that are handed in at once: enough to keep a pool busy, little to hold."""

HEADING = re.compile(r"(?im)^(?=#+ |chapter\b)")


def chapters_of(text: str) -> list[str]:
    """The book cut before each heading; what stands before the first is a chapter, too."""
    return [part for part in (part.strip("# \n") for part in HEADING.split(text)) if part]


def submit(client: Client, text: str, voice: str | None) -> Job:
    """Hand a chapter in, or find the job that it has been since the last time."""
    key = "audiobook-" + hashlib.sha256(f"{voice}\0{text}".encode()).hexdigest()
    return client.submit(text, voice, durable=True, key=key)


def write(job: Job, path: Path) -> float:
    """Write one chapter, its progress on stderr; returns its seconds."""
    # Under its name a chapter is always whole.
    with audio_file(path, FORMATS["flac"], job.sample_rate) as write_samples:
        for samples in job:
            write_samples(samples)
            done = job.progress
            print(
                f"\r{path.name}: {done.segments_done}/{done.segments}",
                end="",
                file=sys.stderr,
                flush=True,
            )
    return job.progress.audio_s


def speak(book: Path, directory: Path, voice: str | None) -> None:
    """Speak what is missing, in order, a few chapters ahead."""
    chapters = chapters_of(book.read_text(encoding="utf-8"))
    directory.mkdir(parents=True, exist_ok=True)
    paths = [directory / f"{number:03}.flac" for number in range(1, len(chapters) + 1)]
    missing = deque((p, c) for p, c in zip(paths, chapters, strict=True) if not p.exists())
    print(f"{len(chapters)} chapters, {len(chapters) - len(missing)} there already", flush=True)
    with Client(name="examples/audiobook.py") as client:
        asked: deque[tuple[Path, Job]] = deque()
        while missing or asked:
            while missing and len(asked) < AHEAD:
                path, chapter = missing.popleft()
                asked.append((path, submit(client, chapter, voice)))
            path, job = asked.popleft()
            seconds = write(job, path)
            print(f"\r{path.name}: {seconds:.1f} s of speech, job {job.id}", flush=True)


def main() -> None:
    """Read the arguments and speak. Raises what the client raises."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("book", type=Path, help="a text in UTF-8")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--voice")
    options = parser.parse_args()
    speak(options.book, options.directory, options.voice)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("\naudiobook.py: stopped; start it again to go on", file=sys.stderr)
        sys.exit(130)
    except SupervisorError as error:
        print(f"audiobook.py: {error}", file=sys.stderr)
        codes = {BadRequest: 2, NoSupervisor: 3, Refused: 4}
        sys.exit(next((code for kind, code in codes.items() if isinstance(error, kind)), 5))
    except (OSError, UnicodeDecodeError) as error:
        print(f"audiobook.py: {error}", file=sys.stderr)
        sys.exit(2)
