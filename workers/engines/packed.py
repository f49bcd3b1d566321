"""Dictionaries of a hundred thousand words that cost neither memory nor time to load.

As Python objects a JSON dictionary takes tens of megabytes and a tenth of a second to
read, in every process that has no fork of it. Here it is packed once into a trie
that lies in the user's cache (1 MB); processes map that file, so they share its pages
and read only those that are asked for.

A file is named by what it was made from; another version of the source gets another
file. Where the cache cannot be written the trie is made anew in each process: slower
to load, as small.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import marisa_trie
import msgspec

from workers.engines import files

_FORMAT = b"msgpack in marisa, 1"
"""Changes with what is written below."""

_REMEMBERED = 2048
"""Entries that a process caches: texts repeat words, and finding and unpacking one takes 2 µs."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


class Packed:
    """Read-only mapping of strings to JSON values, out of a trie.

    Values are shared between callers and must not be changed.
    """

    def __init__(self, trie: marisa_trie.BytesTrie) -> None:
        self._trie = trie
        self.get = functools.lru_cache(_REMEMBERED)(self._get)
        """The value of a key, or None."""

    def __contains__(self, key: str) -> bool:
        return self._find(key) is not None

    def __iter__(self) -> Iterator[str]:
        """Keys, in the order of the trie."""
        return iter(self._trie.keys())

    def __len__(self) -> int:
        return len(self._trie)

    def _get(self, key: str) -> Any:  # noqa: ANN401 (JSON)
        found = self._find(key)
        return _decode(found[0]) if found else None

    def _find(self, key: str) -> list[bytes] | None:
        """Look a key up in the trie.

        It takes a NUL for the end of the key, and cannot even be asked for half of a surrogate
        pair: neither is in any dictionary.
        """
        if "\0" in key:
            return None
        try:
            found: list[bytes] | None = self._trie.get(key)
        except UnicodeEncodeError:
            return None
        return found


def packed(source: Path, part: str | None = None) -> Packed:
    """The dictionary in the JSON file `source` (.json.gz), or in one `part` of its top level.

    A list has its elements as keys and None for each. Raises OSError if `source` cannot
    be read, ValueError if it holds no such dictionary.
    """
    data = source.read_bytes()
    target = _location(source, part, data)
    with suppress(OSError, RuntimeError):
        return Packed(_mapped(target))
    with suppress(OSError, RuntimeError), files.locked(target):
        with suppress(OSError, RuntimeError):  # Another process may have written it meanwhile.
            return Packed(_mapped(target))
        files.write(target, [_trie(data, part).tobytes()])
        return Packed(_mapped(target))
    return Packed(_trie(data, part))


def _location(source: Path, part: str | None, data: bytes) -> Path:
    made_from = hashlib.sha256(_FORMAT + data).hexdigest()[:16]
    name = source.name.removesuffix(".json.gz")
    return files.cache("lexicons") / f"{'-'.join(filter(None, (name, part, made_from)))}.marisa"


def _mapped(path: Path) -> marisa_trie.BytesTrie:
    """Raises RuntimeError for a file that is not whole."""
    return marisa_trie.BytesTrie().mmap(str(path))


def _trie(data: bytes, part: str | None) -> marisa_trie.BytesTrie:
    document = msgspec.json.decode(gzip.decompress(data))
    found = document if part is None else document.get(part)
    try:
        words = msgspec.convert(
            dict.fromkeys(found) if isinstance(found, list) else found, dict[str, Any]
        )
    except msgspec.ValidationError as error:
        raise ValueError(f"no dictionary {part or ''} in this file: {error}") from None
    return marisa_trie.BytesTrie((key, _encode(value)) for key, value in words.items())
