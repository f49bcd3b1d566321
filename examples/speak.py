"""Speak a text into a WAV file, writing each piece of audio as soon as it is there.

    python examples/speak.py "Good evening. The kettle is on." evening.wav

With --whole it waits for all of the audio instead. Exit codes are those of `supervisor`.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from supervisor.audio.files import audio_file
from supervisor.audio.formats import FORMATS
from supervisor.audio.wav import write_wav
from supervisor.client import BadRequest, Client, NoSupervisor, Refused, SupervisorError


def stream(client: Client, text: str, path: Path, voice: str | None) -> str:
    """Write the pieces while later sentences are still being spoken."""
    began, first = time.monotonic(), None
    with (
        client.stream(text, voice) as job,
        audio_file(path, FORMATS["wav"], job.sample_rate) as write,
    ):
        for samples in job:  # float32, in order
            if first is None:
                first = time.monotonic() - began
            write(samples)
        return f"first audio after {first or 0.0:.3f} s, {job.progress.audio_s:.1f} s of speech"


def whole(client: Client, text: str, path: Path, voice: str | None) -> str:
    """Wait for everything, then write it."""
    audio = client.synthesize(text, voice)
    write_wav(path, audio.samples, audio.sample_rate)
    return f"all audio after {audio.timings.total_s:.3f} s, {audio.duration:.1f} s of speech"


def main() -> None:
    """Read the arguments and speak. Raises what the client raises."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("text")
    parser.add_argument("wav", type=Path)
    parser.add_argument("--voice")
    parser.add_argument("--whole", action="store_true", help="wait for all of the audio")
    options = parser.parse_args()
    with Client(name="examples/speak.py") as client:
        speak = whole if options.whole else stream
        print(f"{options.wav}: {speak(client, options.text, options.wav, options.voice)}")


if __name__ == "__main__":
    try:
        main()
    except SupervisorError as error:
        print(f"speak.py: {error}", file=sys.stderr)
        codes = {BadRequest: 2, NoSupervisor: 3, Refused: 4}
        sys.exit(next((code for kind, code in codes.items() if isinstance(error, kind)), 5))
    except OSError as error:
        print(f"speak.py: {error}", file=sys.stderr)
        sys.exit(2)
