"""`supervisor gateway`: serve HTTP, and Wyoming, for a supervisor that was started without."""

from __future__ import annotations

from typing import Annotated

import typer

from supervisor.cli.common import Assignments, ConfigFile, OverrideFile, fail


def gateway(
    config: ConfigFile = None,
    override: OverrideFile = None,
    set_: Assignments = None,
    wyoming: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="Speak Home Assistant's protocol there, too; alone where HTTP is served already.",
        ),
    ] = None,
    new_key: Annotated[
        bool, typer.Option("--new-key", help="Make an API key, print it and its hash, and exit.")
    ] = False,
) -> None:
    """Run the HTTP gateway in the foreground; Ctrl-C stops it.

    `supervisor start` runs one by itself unless `http.enabled` is false.
    """
    if new_key:
        _print_new_key()
        return
    import asyncio
    import os

    from supervisor import config as configuration
    from supervisor import logs
    from supervisor.gateway.connections.listener import Address, ListenError
    from supervisor.gateway.process import serve

    def announce(address: Address) -> None:
        logs.get_logger(__name__).info("gateway: listening on http://%s", address)

    try:
        given = configuration.assignments(set_ or [])
        if wyoming is not None:
            given = {**given, "http.wyoming": wyoming}
        settings = configuration.load(config, override, os.environ, given).settings
        logs.configure(settings.logging.level, settings.logging.format, settings.logging.levels)
        asyncio.run(serve(settings, announce, beside=wyoming is not None))
    except (configuration.ConfigError, ListenError) as error:
        fail(2, str(error))


def _print_new_key() -> None:
    from supervisor.gateway.keys import hash_key, new_key

    key = new_key()
    typer.echo(f"key, for the client:          {key}")
    typer.echo(f"hash, for http.api_keys here: {hash_key(key)}")
