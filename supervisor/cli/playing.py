"""Sound through a player of this machine: whichever of the usual ones is there and can play.

Nothing is linked against a sound system. The player gets samples through a pipe as they come, so
its buffer is all that is ahead of the ear.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from supervisor.audio.samples import Samples

PLAYERS: Final[Sequence[str]] = (
    "pw-cat --playback --raw --rate {rate} --channels 1 --format f32 -",
    "paplay --raw --rate={rate} --channels=1 --format=float32le",
    "aplay -q -t raw -f FLOAT_LE -c 1 -r {rate}",
    "ffplay -v error -nodisp -autoexit -f f32le -ar {rate} -i -",
    (
        "mpv --really-quiet --no-video --demuxer=rawaudio --demuxer-rawaudio-rate={rate} "
        "--demuxer-rawaudio-channels=1 --demuxer-rawaudio-format=floatle -"
    ),
)
"""Players with what has them play float32 samples of one channel from standard input."""

_KEPT_S: Final = 20.0
"""Audio that is played again by the next player, where one finds no sound device."""

_END_S: Final = 10.0
"""Longest wait, after the last sample, for a player that has played all of it."""


class NoSoundError(Exception):
    """Nothing can be played; one line that says what to do."""


def installed() -> bool:
    """Whether there is a player that could be tried."""
    return any(shutil.which(player.partition(" ")[0]) for player in PLAYERS)


@contextmanager
def playing(sample_rate: int, *, keep_on: bool = False) -> Iterator[Callable[[Samples], object]]:
    """Play what is written within the block, to its end.

    Raises NoSoundError; where the block is to `keep_on` without sound, at its end.
    """
    failures: list[NoSoundError] = []
    player: _Player | None = None

    def write(samples: Samples) -> None:
        try:
            if player is not None and not failures:
                player.write(samples)
        except NoSoundError as error:
            if not keep_on:
                raise
            failures.append(error)

    try:
        player = _Player(sample_rate)
    except NoSoundError as error:
        if not keep_on:
            raise
        failures.append(error)
    try:
        yield write
        if player is not None and not failures:
            player.finish()
    finally:
        if player is not None:
            player.close()
    if failures:
        raise failures[0]


class _Player:
    """The first player that goes on playing, of those that are installed."""

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._left = [
            words for player in PLAYERS if shutil.which((words := player.split())[0]) is not None
        ]
        if not self._left:
            names = ", ".join(player.partition(" ")[0] for player in PLAYERS)
            raise NoSoundError(f"no player is installed ({names}); use -o FILE")
        self._complaints: list[str] = []
        self._kept: list[bytes] = []
        self._samples = 0
        self._program = self._start()

    def write(self, samples: Samples) -> None:
        """Play these samples after those before. Raises NoSoundError."""
        data = samples.astype("<f4").tobytes()
        if self._whole:
            self._kept.append(data)
        self._samples += len(samples)
        if not self._program.take(data):
            self._replace()

    def finish(self) -> None:
        """Wait until all of it is heard. Raises NoSoundError."""
        while not self._program.finished(self._samples / self._rate):
            self._replace()

    def close(self) -> None:
        """End the player now, if it is still there."""
        self._program.close()

    @property
    def _whole(self) -> bool:
        """Whether everything so far is kept."""
        return self._samples <= _KEPT_S * self._rate

    def _start(self) -> _Program:
        return _Program([word.format(rate=self._rate) for word in self._left.pop(0)])

    def _replace(self) -> None:
        """Go on with the next player, from the first sample on. Raises NoSoundError."""
        while True:
            self._complaints.append(self._program.last_words())
            if not self._left or not self._whole:
                told = "; ".join(self._complaints)
                raise NoSoundError(f"nothing can be played here ({told}); use -o FILE")
            self._program = self._start()
            if all(map(self._program.take, self._kept)):
                return


class _Program:
    """A player that runs."""

    def __init__(self, words: Sequence[str]) -> None:
        self._name = words[0]
        self._last_line = ""
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self._said
        )
        self._began = time.monotonic()

    def take(self, data: bytes) -> bool:
        """Give it samples; False if it has ended."""
        try:
            self._input.write(data)
            self._input.flush()
        except BrokenPipeError:
            return False
        return True

    def finished(self, sound_s: float) -> bool:
        """Wait until it has played so many seconds; False if it ended with an error instead."""
        with suppress(BrokenPipeError):  # It has ended, and its code says why.
            self._input.close()
        left_s = max(0.0, sound_s - (time.monotonic() - self._began))
        try:
            return self._process.wait(left_s + _END_S) == 0
        except subprocess.TimeoutExpired:
            return True  # It has had the time to play everything.

    def last_words(self) -> str:
        """Its name, and the last line that it said, once it has ended."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_S)  # It takes no more, and is about to end.
        self.close()
        said = self._last_line or f"ended with {self._process.returncode}"
        return f"{self._name}: {said}"

    def close(self) -> None:
        """End it now, if it is still there."""
        if self._said.closed:
            return
        with suppress(BrokenPipeError):
            self._input.close()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        with self._said as said:
            said.seek(0)
            lines = said.read().decode(errors="replace").strip().splitlines()
        self._last_line = lines[-1] if lines else ""

    @property
    def _input(self) -> IO[bytes]:
        assert self._process.stdin is not None  # noqa: S101 - it was started with a pipe
        return self._process.stdin
