"""CURVE keys for an endpoint on tcp: the supervisor's public key and the client's own pair."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from supervisor.client.errors import BadRequest
from supervisor.wire.keyfile import KeyPair, KeysError, parse_key, read_key_file


class Credentials(NamedTuple):
    """The supervisor's public key, and the client's own pair."""

    server: bytes
    own: KeyPair


def read_credentials(server_key: str | None, key_file: str | Path | None) -> Credentials | None:
    """Read the keys that a caller names, None for none. Raises BadRequest."""
    if server_key is None and key_file is None:
        return None
    if server_key is None or key_file is None:
        raise BadRequest("server_key and key_file go together", code="bad_key")
    try:
        return Credentials(parse_key(server_key), read_key_file(Path(key_file)))
    except KeysError as error:
        raise BadRequest(str(error), code="bad_key") from None
