"""Sound goes to the first player that can play; what it missed is played again by the next."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from supervisor.audio.samples import Samples
from supervisor.cli.playing import NoSoundError, playing
from tests.programs import install

TONE = np.linspace(-0.5, 0.5, 48_000, dtype=np.float32)


@pytest.fixture
def players(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory for players, the only ones that are found, and for what they heard."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def player(players: Path, name: str, script: str) -> None:
    """A player that runs these lines of shell."""
    install(players, name, f"PATH=/usr/bin:/bin\n{script}")


def play(*parts: Samples) -> None:
    """Play these parts one after the other."""
    with playing(24_000) as hear:
        for part in parts:
            hear(part)


def test_one_that_finds_no_device_is_followed_by_one_that_does(players: Path) -> None:
    """Also where it has taken some of the sound before it ended."""
    player(players, "pw-cat", "head -c 1000 >/dev/null; echo no daemon >&2; exit 1")
    player(players, "aplay", f"cat >{players}/heard")
    play(*np.array_split(TONE, 7))
    assert np.array_equal(np.fromfile(players / "heard", "<f4"), TONE)


def test_where_none_can_play_one_line_says_what_each_said(players: Path) -> None:
    """And what else can be done."""
    player(players, "paplay", "echo first >&2; echo Connection refused >&2; exit 1")
    player(players, "aplay", "exit 3")
    with pytest.raises(NoSoundError) as raised:
        play(*np.array_split(TONE, 7))
    told = str(raised.value)
    assert "paplay: Connection refused; aplay: ended with 3" in told
    assert told.endswith("use -o FILE")


def test_without_a_player_it_is_told_which_there_are(players: Path) -> None:
    """Before anything is spoken, and at the end where a file is written beside."""
    with pytest.raises(NoSoundError, match=r"no player is installed \(pw-cat, paplay, aplay"):
        playing(24_000).__enter__()
    written = []
    with pytest.raises(NoSoundError), playing(24_000, keep_on=True) as hear:  # noqa: PT012
        hear(TONE)
        written.append(TONE)
    assert written


def test_one_that_fails_after_long_is_not_begun_anew(players: Path) -> None:
    """What was heard is not heard again."""
    player(players, "paplay", "head -c 9600000 >/dev/null; echo unplugged >&2; exit 1")
    player(players, "aplay", f"cat >{players}/heard")
    with pytest.raises(NoSoundError, match="unplugged"):
        play(*[TONE] * 60)
    assert not (players / "heard").exists()
