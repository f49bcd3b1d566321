"""The supervisor's own CURVE key, and the list of allowed keys.

Both are files in `STATE/keys`, mode 0600; a looser mode is refused, and so are directories
that others may enter. The list has one public key a line, in hexadecimal, and a name.
"""

from __future__ import annotations

from pathlib import Path

import zmq
from zmq.utils import z85

from supervisor.files import PRIVATE, replace_file
from supervisor.wire.keyfile import (
    KeyPair,
    KeysError,
    make_private,
    parse_key,
    read_key_file,
    read_private,
    write_key_file,
)

DIRECTORY = "keys"


def new_pair() -> KeyPair:
    """A new random key pair."""
    public, secret = zmq.curve_keypair()
    return KeyPair(z85.decode(public), z85.decode(secret))


class Keys:
    """The keys under a state directory. Every method raises KeysError."""

    def __init__(self, state: Path) -> None:
        self.directory = state / DIRECTORY
        self._server = self.directory / "server.key"
        self._allowed = self.directory / "allowed"

    def make_server(self) -> KeyPair:
        """The supervisor's pair; made now if there is none."""
        if not self._server.exists():
            self._make_directory()
            write_key_file(self._server, new_pair())
        return self.server()

    def server(self) -> KeyPair:
        """The supervisor's pair."""
        if not self._server.exists():
            raise KeysError(f"there is no {self._server}; make it with `supervisor keygen`")
        return read_key_file(self._server)

    def allowed(self) -> dict[bytes, str]:
        """Names of the allowed public keys."""
        if not self._allowed.exists():
            return {}
        found = {}
        for line in read_private(self._allowed).splitlines():
            key, _, name = line.partition(" ")
            if key:
                found[parse_key(key)] = name.strip()
        return found

    def allow(self, key: bytes, name: str) -> None:
        """Allow a key, under a name."""
        self._write({**self.allowed(), key: " ".join(name.split())})

    def revoke(self, key_or_name: str) -> list[bytes]:
        """Take a key, or all keys of a name, off the list; return them."""
        allowed = self.allowed()
        gone = [key for key, name in allowed.items() if key_or_name in (key.hex(), name)]
        if not gone:
            raise KeysError(f"no key {key_or_name[:80]!r} is allowed; see `supervisor keys list`")
        self._write({key: name for key, name in allowed.items() if key not in gone})
        return gone

    def _write(self, allowed: dict[bytes, str]) -> None:
        self._make_directory()
        lines = "".join(f"{key.hex()} {name}\n" for key, name in allowed.items())
        try:
            with replace_file(self._allowed, durable=True, mode=PRIVATE) as file:
                file.write(lines.encode())
        except OSError as error:
            raise KeysError(f"cannot write {self._allowed}: {error.strerror}") from None

    def _make_directory(self) -> None:
        """The state directory, too: write access to it would be enough to replace the keys."""
        make_private(self.directory.parent)
        make_private(self.directory)
