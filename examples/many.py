"""Speak every line of a text at once, and write the files in the order of the lines.

    python examples/many.py lines.txt spoken/

All lines are handed in together, so the pool can use every core that it has; the files
appear as 0001.wav, 0002.wav, … in order. Exit codes are those of `supervisor`.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from supervisor.audio.wav import write_wav
from supervisor.client import AsyncClient, Audio, BadRequest, NoSupervisor, Refused, SupervisorError

AT_ONCE = 256
"""Requests in flight; a connection may have `broker.max_jobs_per_client` (1,024) jobs."""


async def speak_all(lines: list[str], directory: Path, voice: str | None) -> None:
    """Ask for all lines, write each as soon as those before it are written."""
    room = asyncio.Semaphore(AT_ONCE)
    async with AsyncClient(name="examples/many.py") as client, asyncio.TaskGroup() as group:

        async def speak(line: str) -> Audio:
            async with room:
                return await client.synthesize(line, voice)

        tasks = [group.create_task(speak(line)) for line in lines]
        for number, task in enumerate(tasks, 1):
            audio = await task
            path = directory / f"{number:04}.wav"
            write_wav(path, audio.samples, audio.sample_rate)
            print(f"{path}: {audio.duration:.1f} s, waited {audio.timings.queued_s:.2f} s")


def main() -> None:
    """Read the arguments and the lines, and speak them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("lines", type=Path, help="a UTF-8 file, one request for each line")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--voice")
    options = parser.parse_args()
    text = options.lines.read_text(encoding="utf-8")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    options.directory.mkdir(parents=True, exist_ok=True)
    asyncio.run(speak_all(lines, options.directory, options.voice))


def exit_code(error: BaseException) -> int:
    """As `supervisor say` has it."""
    codes = {BadRequest: 2, OSError: 2, NoSupervisor: 3, Refused: 4}
    return next((code for kind, code in codes.items() if isinstance(error, kind)), 5)


if __name__ == "__main__":
    try:
        main()
    except* (SupervisorError, OSError, UnicodeDecodeError) as group:
        first: BaseException = group
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        print(f"many.py: {first}", file=sys.stderr)
        sys.exit(exit_code(first))
