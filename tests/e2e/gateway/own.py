"""A supervisor with its own gateway and a key, as `supervisor start` runs them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from supervisor.gateway.keys import hash_key
from tests.e2e.gateway.serving import Listening
from tests.supervised import Supervised

KEY = "sk-of-the-operator"
BEARER = {"Authorization": f"Bearer {KEY}"}


class Own(Listening):
    """The gateway of `supervised`, and where its override.json is."""

    def __init__(self, supervised: Supervised, port: int) -> None:
        super().__init__("127.0.0.1", port)
        self.supervised = supervised
        self.override = supervised.directory / "override.json"


@contextmanager
def own_gateway(
    override: str | None = None, settings: Mapping[str, object] | None = None
) -> Iterator[Own]:
    """Started with this override.json and these settings beside its own."""
    all_settings: dict[str, object] = {
        "http.enabled": True,
        "http.port": 0,
        "http.api_keys": [hash_key(KEY)],
        "engines.default": "noop",
        "engines.preload": ["noop"],
        **(settings or {}),
    }
    supervised = Supervised(all_settings)
    if override is not None:
        (supervised.directory / "override.json").write_text(override)
    with supervised:
        yield Own(supervised, int(supervised.url.rpartition(":")[2]))
