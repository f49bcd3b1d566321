"""Claims: what the supervisors of a host say of themselves, one file each (`claim_files`).

Its owner writes it anew with every sample, with a number that counts up: of a supervisor that was
stopped, or hangs, the claim is no longer believed after a while. What is no claim counts as one
that wants nothing. What it means for our cores is decided by `core.allocation.shares`.
"""

from __future__ import annotations

import time
from pathlib import Path

import msgspec

from supervisor.core.allocation.shares import Claim
from supervisor.pool.claim_files import ClaimFiles, Found
from supervisor.pool.leases import UnusableError

_PATIENCE_S = 10.0
"""A claim that has not been written anew for three intervals and so long wants nothing."""


class _Written(msgspec.Struct, frozen=True):
    """What is in the file. `every`: seconds between two samples of that supervisor."""

    claim: Claim
    beat: int
    every: float


class Claims:
    """Our claim, and those of `others` as of the last look."""

    def __init__(self, directory: Path) -> None:
        self.others: tuple[Claim, ...] = ()
        self.moved = False
        """Whether another's leases changed between the last two looks."""
        self.since = time.time()
        self.files = ClaimFiles(directory, "claim")
        self._directory = directory
        self._beat = 0
        self._beats: dict[str, tuple[int, float]] = {}
        """By file: the last beat, and when it was new."""
        self.error: str | None = None
        """Why our claim cannot be written, in one line; cores are not shared then."""
        self.strange: str | None = None
        """Why the claim of another cannot be read, in one line."""

    def look(self, now: float) -> None:
        """Read the claims of others. `now`: any steady clock, in seconds."""
        before = {claim.holds for claim in self.others}
        self.strange = None
        try:
            found = self.files.others()
        except (OSError, UnusableError):
            found = []  # `publish` says why
        beats: dict[str, tuple[int, float]] = {}
        self.others = tuple(self._believed(each, beats, now) for each in found)
        self._beats = beats
        self.moved = {claim.holds for claim in self.others} != before

    def publish(self, claim: Claim, every: float) -> None:
        """Write our claim. `every`: seconds until it is written again, at most."""
        self._beat += 1
        try:
            self.files.write(msgspec.json.encode(_Written(claim, self._beat, every)))
        except UnusableError as error:
            self.error = f"core shares: {error}"
        except OSError as error:
            self.error = f"core shares: {self._directory}: {error.strerror}"
        else:
            self.error = None

    def close(self) -> None:
        """Take our claim back."""
        self.files.close()

    def _believed(self, found: Found, beats: dict[str, tuple[int, float]], now: float) -> Claim:
        """The claim, wanting nothing more where it was not written anew; notes its beat."""
        try:
            written = msgspec.json.decode(found.document or b"", type=_Written)
        except (ValueError, RecursionError):  # The second of fields that are none of ours.
            self.strange = (
                f"core shares: {self._directory / found.name}: no claim that can be read; remove "
                "it if nobody needs it"
            )
            return Claim(pid=found.pid, since=self.since, weight=1.0, wanted=0, least=0)
        seen, at = self._beats.get(found.name, (None, now))
        beats[found.name] = (written.beat, now if written.beat != seen else at)
        silent_s = now - beats[found.name][1]
        claim = written.claim
        if silent_s <= 3 * written.every + _PATIENCE_S:
            return claim
        return msgspec.structs.replace(claim, wanted=len(claim.holds))
