"""Settings of the gateway: addresses, keys, and limits on connections and requests."""

from __future__ import annotations

import re
from typing import Annotated, Final, Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from supervisor.config.sections.addresses import (
    is_host_name,
    is_host_port,
    is_loopback,
    is_network,
    parse_host_port,
)
from supervisor.config.sections.declared import CONFLICT, RULE, Declared, Name, Section

ANY_ORIGIN: Final = "*"
"""In `cors_origins`: every site."""

_PATH = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)+")


class Http(Section):
    """The section `http`: the gateway process, for HTTP and Wyoming."""

    enabled: Annotated[
        bool,
        Field(description="Run the gateway process."),
        Declared("supervisor_restart"),
    ] = True
    host: Annotated[
        Name,
        Field(
            description="Address that the gateway listens on; beyond this machine it needs "
            "`api_keys`."
        ),
        Declared("supervisor_restart"),
    ] = "127.0.0.1"
    port: Annotated[
        int,
        Field(ge=0, le=65_535, description="Port that the gateway listens on; 0 takes a free one."),
        Declared("supervisor_restart"),
    ] = 8354
    api_keys: Annotated[
        list[Name],
        Field(
            description="Hashes of the keys that clients may use, as `supervisor gateway "
            "--new-key` prints them; with an empty list no key is asked for."
        ),
        Declared("supervisor_restart"),
    ] = []
    cors_origins: Annotated[
        list[Name],
        Field(
            description="Origins, such as `https://example.org`, whose pages may use the gateway "
            "from a browser; `*`: pages of every site, with a key where keys are used."
        ),
        Declared("supervisor_restart"),
    ] = []
    public_hosts: Annotated[
        list[Name],
        Field(
            description="Names, such as `tts.example.org`, under which a reverse proxy or another "
            "machine asks for the gateway; without keys every other name than `localhost` is "
            "refused."
        ),
        Declared("supervisor_restart"),
    ] = []
    root_path: Annotated[
        Name | None,
        Field(
            description="Path, such as `/tts`, below which a reverse proxy serves the gateway "
            "without cutting it off; addresses without it work as ever."
        ),
        Declared("supervisor_restart"),
    ] = None
    trusted_proxies: Annotated[
        list[Name],
        Field(
            description="Addresses and networks, such as `127.0.0.1` or `10.0.0.0/8`, of reverse "
            "proxies whose word is taken for the address of a client and the name it asked for "
            "(`X-Forwarded-For`, `X-Forwarded-Host`, `Forwarded`)."
        ),
        Declared("supervisor_restart"),
    ] = []
    open_lists: Annotated[
        bool,
        Field(description="Tell the engines and voices without a key."),
        Declared("supervisor_restart"),
    ] = False
    max_connections: Annotated[
        int,
        Field(
            ge=1,
            le=100_000,
            description="Connections at once, of HTTP and of Wyoming each. Where all are taken, "
            "an idle one is closed for the next; where none is idle, the next is answered "
            "with 503.",
        ),
        Declared("supervisor_restart", "connections"),
    ] = 1000
    max_request_bytes: Annotated[
        int,
        Field(
            ge=1024,
            le=1 << 30,
            description="Longest body of a request; a longer one gets 413, a compressed one 415.",
        ),
        Declared("supervisor_restart", "bytes"),
    ] = 4 * 1_048_576
    max_files_mb: Annotated[
        int,
        Field(
            ge=1,
            le=1_000_000,
            description="Room on disk, in the cache directory, for finished files (`stream: "
            "false`): those that are made, sent or kept. One that has no room gets 413 or 503.",
        ),
        Declared("supervisor_restart"),
    ] = 4000
    files_kept_s: Annotated[
        int,
        Field(
            ge=0,
            le=86_400,
            description="How long a finished file is kept for who comes for a part of it "
            "(`GET /v1/audio/files/…`); 0 keeps none. 256 are kept at most.",
        ),
        Declared("supervisor_restart", "s"),
    ] = 300
    max_books: Annotated[
        int,
        Field(
            ge=0,
            le=100_000,
            description="Books (`POST /v1/books`) that one key, or without keys everybody "
            "together, may have; 0 takes none.",
        ),
        Declared("supervisor_restart", "books"),
    ] = 100
    max_book_file_mb: Annotated[
        int,
        Field(ge=1, le=200, description="Largest file that becomes a book."),
        Declared("supervisor_restart"),
    ] = 100
    max_books_mb: Annotated[
        int,
        Field(
            ge=1,
            le=10_000_000,
            description="Room on disk, in the state directory, for all books; what is spoken waits "
            "where it is taken. An hour of speech has 58 MB.",
        ),
        Declared("supervisor_restart"),
    ] = 20_000
    wyoming: Annotated[
        Name | None,
        Field(
            description="HOST:PORT where the gateway speaks Home Assistant's Wyoming protocol "
            "(extra `wyoming`), such as `127.0.0.1:10200`."
        ),
        Declared("supervisor_restart"),
    ] = None
    wyoming_without_keys: Annotated[
        bool,
        Field(
            description="Let Wyoming, which knows no keys, listen beyond this machine: every host "
            "that can reach it can use it."
        ),
        Declared("supervisor_restart"),
    ] = False

    wyoming_announce: Annotated[
        bool,
        Field(
            description="Announce Wyoming to the network (extra `zeroconf`) where other machines "
            "can reach it, so that Home Assistant finds it."
        ),
        Declared("supervisor_restart"),
    ] = True

    @field_validator("api_keys")
    @classmethod
    def _only_hashes(cls, hashes: list[str]) -> list[str]:
        for number, hash in enumerate(hashes, 1):
            if re.fullmatch(r"sha256:[0-9a-f]{64}", hash) is None:
                raise PydanticCustomError(
                    RULE,
                    "entry {number} is no hash of a key; make a key and its hash with "
                    "`supervisor gateway --new-key`",
                    {"number": number},
                )
        return hashes

    @field_validator("public_hosts")
    @classmethod
    def _only_names(cls, names: list[str]) -> list[str]:
        for number, name in enumerate(names, 1):
            if not is_host_name(name):
                raise PydanticCustomError(
                    RULE,
                    "entry {number} is no name of a host, such as tts.example.org, without scheme, "
                    "port and path",
                    {"number": number},
                )
        return [name.lower() for name in names]

    @field_validator("root_path")
    @classmethod
    def _is_a_path(cls, path: str | None) -> str | None:
        if path is not None and _PATH.fullmatch(path) is None:
            raise PydanticCustomError(
                RULE,
                "must be a path such as /tts: with a slash at its beginning and none at its end, "
                "of letters, digits and any of . _ ~ -, without the parts . and ..",
            )
        return path

    @field_validator("trusted_proxies")
    @classmethod
    def _only_networks(cls, networks: list[str]) -> list[str]:
        for number, network in enumerate(networks, 1):
            if not is_network(network):
                raise PydanticCustomError(
                    RULE,
                    "entry {number} is no address or network, such as 127.0.0.1 or 10.0.0.0/8",
                    {"number": number},
                )
        return networks

    @field_validator("wyoming")
    @classmethod
    def _is_an_address(cls, wyoming: str | None) -> str | None:
        if wyoming is not None and not is_host_port(wyoming):
            raise PydanticCustomError(RULE, "must be HOST:PORT, such as 127.0.0.1:10200")
        return wyoming

    @model_validator(mode="after")
    def _others_need_a_key(self) -> Self:
        if not self.api_keys and not is_loopback(self.host):
            raise PydanticCustomError(
                CONFLICT,
                "host {host} can be reached from other machines, so {high} must not be empty; "
                "make a key with `supervisor gateway --new-key`, or use 127.0.0.1",
                {"low": "host", "high": "api_keys", "host": self.host},
            )
        if self.wyoming is not None and not self.wyoming_without_keys:
            host, _port = parse_host_port(self.wyoming)
            if not is_loopback(host):
                raise PydanticCustomError(
                    CONFLICT,
                    "wyoming on {host} can be reached from other machines and knows no keys; use "
                    "127.0.0.1, or say {high}: true if everybody may use it",
                    {"low": "wyoming", "high": "wyoming_without_keys", "host": host},
                )
        return self
