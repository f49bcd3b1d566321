"""A coverage-guided fuzzer on the client codec: `python -m tests.fuzz.codec -max_total_time=60`.

Whatever bytes come, they are a message or a WireError; and a message survives being
written and read again.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["supervisor.broker"]):
    from supervisor.broker.refused import Refused
    from supervisor.broker.requests import read_text
    from supervisor.wire.codec import (
        MAGIC,
        WireError,
        decode_reply,
        decode_request,
        encode,
    )
    from tests.fuzz.seeds import REQUEST_SEEDS

TEXT_BYTES = 1 << 16
_WHOLE = 0b110


@atheris.instrument_func  # type: ignore[untyped-decorator]  # atheris has no types
def one_input(data: bytes) -> None:
    """Read the input as a client's message, and as the supervisor's."""
    frames = split(data)
    with suppress(WireError):
        decode_reply(frames)
    with suppress(WireError, Refused):
        request = decode_request(frames)
        again = decode_request(encode(request.message, request.body, json=request.json))
        if again.message != request.message and b"nan" not in repr(request.message).encode():
            raise AssertionError(f"{request.message} came back as {again.message}")
        read_text(request.body, TEXT_BYTES)


def split(data: bytes) -> list[bytes]:
    """The first byte says how many frames, and whether with magic; the second, the header's end."""
    mode, end = data[:1] or b"\0", 2 + (data[1] if len(data) > 1 else 0)
    magic = MAGIC if mode[0] & 4 else data[2:6]
    return [magic, data[2:end], data[end:], b""][: 1 + (mode[0] & 3)]


def seeds(directory: Path) -> None:
    """One input for each op, to begin with, in both encodings."""
    for number, message in enumerate(REQUEST_SEEDS):
        for json in (False, True):
            header = encode(message, json=json)[1]
            body = bytes(header) + b"text"
            path = directory / f"{number}-{json}"
            path.write_bytes(bytes([_WHOLE, len(header)]) + body)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as corpus:
        seeds(Path(corpus))
        atheris.Setup([*sys.argv, corpus], one_input)
        atheris.Fuzz()
