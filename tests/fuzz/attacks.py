"""Ways to treat a server badly, one connection each: for tests and the benchmark alike."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from supervisor.wire import client as wire
from supervisor.wire.codec import MAGIC, encode
from tests.fixtures.patterns import PATTERNS, worst
from tests.fuzz.hostile import COMMAND, GREETING, MORE, greet, open_raw, ready, zmtp_frame


def garbage_greeting(path: Path, dice: random.Random) -> int:
    """Bytes that are no ZMTP at all."""
    return _say(path, dice.randbytes(dice.randint(1, 200)))


def half_handshake(path: Path, dice: random.Random) -> int:
    """A handshake that stops somewhere."""
    whole = GREETING + ready()
    return _say(path, whole[: dice.randrange(len(whole))])


def strange_handshake(path: Path, dice: random.Random) -> int:
    """A proper greeting, and then something else than READY."""
    command = zmtp_frame(dice.randbytes(dice.randint(0, 80)), COMMAND)
    return _say(path, GREETING + command)


def giant_frame(path: Path, dice: random.Random) -> int:
    """The length of a frame that nobody could hold."""
    length = dice.choice([1 << 24, 1 << 40, (1 << 63) - 1, (1 << 64) - 1])
    return _say_after_greeting(path, b"\x02" + struct.pack(">Q", length) + bytes(100), 1)


def many_frames(path: Path, dice: random.Random) -> int:
    """A message of thousands of frames."""
    count = dice.randint(4, 5000)
    return _say_after_greeting(path, zmtp_frame(b"", MORE) * count + zmtp_frame(b""), 1)


def cut_short(path: Path, dice: random.Random) -> int:
    """A message that is never finished, and a peer that leaves."""
    return _say_after_greeting(path, zmtp_frame(MAGIC, MORE) + b"\x00\xff" + dice.randbytes(20), 1)


def malformed(path: Path, dice: random.Random) -> int:
    """Ten messages of the right shape with the wrong content."""
    said = b""
    for _ in range(10):
        header = bytearray(encode(_request(dice), json=dice.random() < 0.3)[1])
        for _ in range(dice.randint(1, 4)):
            header[dice.randrange(len(header))] = dice.randrange(256)
        frames = [dice.choice([MAGIC, MAGIC, b"TTS\x02", b""]), bytes(header)]
        frames += [dice.randbytes(dice.randint(0, 30))] * dice.randint(0, 3)
        said += b"".join(zmtp_frame(frame, MORE) for frame in frames[:-1]) + zmtp_frame(frames[-1])
    return _say_after_greeting(path, said, 10)


def worst_text(path: Path, dice: random.Random) -> int:
    """A proper request for a text of the worst kind, from one who does not wait for its audio."""
    text = worst(dice.choice(PATTERNS) + dice.choice(PATTERNS), dice.randrange(300_000)).encode()
    claimed = dice.choice([None, "interactive", "batch"])
    submit = wire.Submit(
        "1", credit=0, on_behalf=dice.choice([None, "a", "b"]), request_class=claimed
    )
    frames = [bytes(frame) for frame in encode(submit, text)]
    said = b"".join(zmtp_frame(frame, MORE) for frame in frames[:-1]) + zmtp_frame(frames[-1])
    return _say_after_greeting(path, said, 1)


def watch_and_leave(path: Path, dice: random.Random) -> int:
    """Ten times as proper a request to watch, from one who reads nothing of what he is told."""
    kinds = dice.choice([("jobs",), ("allocation", "workers"), ()])
    frames = [bytes(frame) for frame in encode(wire.Watch("1", kinds))]
    said = b"".join(zmtp_frame(frame, MORE) for frame in frames[:-1]) + zmtp_frame(frames[-1])
    return _say_after_greeting(path, said * 10, 10)


ATTACKS: list[Callable[[Path, random.Random], int]] = [
    garbage_greeting,
    half_handshake,
    strange_handshake,
    giant_frame,
    many_frames,
    cut_short,
    malformed,
    worst_text,
    watch_and_leave,
]


def attack(path: Path, messages: int, seed: int = 1) -> dict[str, int]:
    """At least so many hostile or malformed messages, in turns; how many of each kind."""
    dice = random.Random(seed)
    counts = {kind.__name__: 0 for kind in ATTACKS}
    while sum(counts.values()) < messages:
        for kind in ATTACKS:
            counts[kind.__name__] += kind(path, dice)
    return counts


def _request(dice: random.Random) -> wire.Message:
    return dice.choice(
        [
            wire.Hello("x"),
            wire.Submit("1", engine="none", speed=2.0, seed=5),
            wire.Credit("j", 1 << 50),
            wire.Cancel("j"),
            wire.Attach("1", "j", -1),
            wire.Watch("1", ("jobs", "")),
            wire.Ping(),
        ]
    )


def _say(path: Path, said: bytes) -> int:
    with suppress(OSError), open_raw(path, 5) as raw:
        raw.sendall(said)
    return 1


def _say_after_greeting(path: Path, said: bytes, count: int) -> int:
    with suppress(OSError), open_raw(path, 5) as raw:
        greet(raw)
        raw.sendall(said)
    return count
