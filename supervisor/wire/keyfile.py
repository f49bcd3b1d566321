"""Files with CURVE keys: `public HEX` and `secret HEX`, for their owner's eyes only.

Both sides of the wire read them; making and allowing keys is left to
`supervisor.broker.sockets.keys`. Keys are 32 bytes, in hexadecimal because that needs no
quoting in a shell.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import NamedTuple

KEY_BYTES = 32


class KeysError(Exception):
    """A key or a file of keys cannot be used; the message is one line that says what to do."""


class KeyPair(NamedTuple):
    """A public key, and the secret one to it."""

    public: bytes
    secret: bytes


def parse_key(text: str) -> bytes:
    """A public key from its 64 hexadecimal digits. Raises KeysError."""
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise KeysError(f"{text[:80]!r} is no key: a key has {2 * KEY_BYTES} hexadecimal digits")
    return key


def read_key_file(path: Path) -> KeyPair:
    """The pair in a file. Raises KeysError, also where others could read it."""
    found = dict(line.split(maxsplit=1) for line in read_private(path).splitlines() if " " in line)
    try:
        return KeyPair(parse_key(found["public"].strip()), parse_key(found["secret"].strip()))
    except (KeyError, KeysError):
        raise KeysError(
            f"{path} holds no pair of keys; make one with `supervisor keygen`"
        ) from None


def write_key_file(path: Path, pair: KeyPair) -> None:
    """Create a key file, which must not exist. Raises KeysError."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise KeysError(f"{path} is there already; remove it, or name another file") from None
    except OSError as error:
        raise KeysError(f"cannot write {path}: {error.strerror}") from None
    with os.fdopen(file, "w", encoding="ascii") as stream:
        stream.write(f"public {pair.public.hex()}\nsecret {pair.secret.hex()}\n")


def make_private(directory: Path) -> None:
    """Make a directory for its owner alone, or check that it is one. Raises KeysError.

    The mode of an existing directory is not changed: others may depend on it.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = directory.lstat()
    except OSError as error:
        raise KeysError(f"cannot use {directory}: {error.strerror}") from None
    if not stat.S_ISDIR(status.st_mode):
        raise KeysError(f"{directory} is a link; name the directory itself")
    if status.st_uid != os.getuid():
        raise KeysError(f"{directory} belongs to user {status.st_uid}; it must be yours")
    if status.st_mode & 0o077:
        raise KeysError(f"{directory} is open to others; run: chmod 700 {directory}")


def read_private(path: Path) -> str:
    """Read a file that is ours and closed to all other users. Raises KeysError."""
    try:
        with open(path, "rb") as file:
            status = os.fstat(file.fileno())
            content = file.read(1 << 20)
    except OSError as error:
        raise KeysError(f"cannot read {path}: {error.strerror}") from None
    if not stat.S_ISREG(status.st_mode) or status.st_uid != os.getuid():
        raise KeysError(f"{path} must be a file of yours; it belongs to user {status.st_uid}")
    if status.st_mode & 0o077:
        raise KeysError(f"{path} is open to others; run: chmod 600 {path}")
    return content.decode("utf-8", "replace")
