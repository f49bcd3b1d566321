"""Credentials of a user of the servers: files with them, and the public key that is its name there.

A file is for its owner's eyes only; one that others could read is refused.
"""

from __future__ import annotations

import base64
import os
import re
import stat
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import nkeys

from supervisor.nats.errors import FleetError

_MOST_BYTES: Final = 65_536
_SEED: Final = re.compile(rb"SU[A-Z2-7]{56}")
_TOKEN: Final = re.compile(
    rb"-----BEGIN NATS USER JWT-----\s+[\w-]+\.([\w-]+)\.[\w-]+\s+------END NATS USER JWT------"
)
_KEY: Final = re.compile(r"U[A-Z2-7]{55}")


class Credentials(NamedTuple):
    """Who a user is: its public key, and how nats-py is told of the secret one."""

    key: str
    options: dict[str, str]


class NewUser(NamedTuple):
    """A key that was just made: the public one, and the seed of the secret one."""

    key: str
    seed: str


def read_credentials(path: Path) -> Credentials:
    """The credentials in a file, by what is in it. Raises FleetError."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(_MOST_BYTES)
    except OSError as error:
        raise FleetError("forbidden", f"{path}: {error.strerror}") from None
    if stat.S_IMODE(mode) & 0o077:
        raise FleetError("forbidden", f"{path} can be read by others: chmod 600 {path}")
    try:
        if b"BEGIN USER NKEY SEED" in content:
            return Credentials(_key_of_token(content), {"user_credentials": str(path)})
        if _SEED.fullmatch(content.strip()):
            seed = content.strip()
            return Credentials(_public(seed), {"nkeys_seed_str": seed.decode()})
    except (nkeys.NkeysError, msgspec.MsgspecError, ValueError):
        pass
    raise FleetError("forbidden", f"{path} is neither a .creds file nor the seed of a user's nkey")


def new_user() -> NewUser:
    """A key for another user."""
    seed = bytes(nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_USER))
    return NewUser(_public(seed), seed.decode())


def is_public_key(text: str) -> bool:
    """Whether this looks like the public key of a user."""
    return _KEY.fullmatch(text) is not None


def _public(seed: bytes) -> str:
    prefix, raw = nkeys.decode_seed(bytearray(seed))
    if nkeys.encode_seed(raw, prefix) != seed:
        raise ValueError("its checksum is another")  # A letter is wrong; nkeys does not look.
    key: bytes = nkeys.from_seed(bytearray(seed)).public_key
    return key.decode()


class _Claims(msgspec.Struct):
    sub: str


def _key_of_token(content: bytes) -> str:
    """Whom the token in a .creds file is about. It is not verified: the servers do that."""
    found = _TOKEN.search(content)
    if found is None:
        raise ValueError("no token")
    packed = found[1] + b"=" * (-len(found[1]) % 4)
    key = msgspec.json.decode(base64.urlsafe_b64decode(packed), type=_Claims).sub
    if not is_public_key(key):
        raise ValueError("no user's key")
    return key
