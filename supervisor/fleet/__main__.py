"""The agent as the supervisor's child: `python -m supervisor.fleet`.

stdin is a socket whose messages are the settings, the first at once and one for each change of
them; its end is the end of the supervisor. stdout gets a line of JSON whenever the agent's state
changes (`process.Told`). stderr is the log. SIGTERM drains it. Exit code 0, 2 with one line on
stderr where it cannot run, or 70 after a fault of ours.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from importlib.util import find_spec
from typing import Final

import msgspec

from supervisor import logs, tracebacks
from supervisor.fleet.settings import AgentSettings, take_over
from supervisor.installing import how_to_install

_MOST_BYTES: Final = 1 << 20
_CANNOT_RUN: Final = 2
_FAULT: Final = 70


def main() -> int:
    """Read the settings, take part, return the exit code."""
    tracebacks.arm()
    # nats-py loads it for servers behind websockets, which no agent has: 11 MB.
    sys.modules["aiohttp"] = None  # type: ignore[assignment] # so that an import of it fails
    given = socket.socket(fileno=sys.stdin.fileno())
    settings = take_over(given.recv(_MOST_BYTES))
    said = settings.logging
    logs.configure(said.level, said.format, said.levels)
    log = logs.get_logger("supervisor.fleet")
    if find_spec("nats") is None:
        reason = f"the extra fleet is missing: {how_to_install('fleet')}"
        log.error("fleet: %s", reason)
        _tell({"state": "refused", "reason": reason})
        return _CANNOT_RUN
    from supervisor.nats.errors import FleetError  # noqa: PLC0415 (needs what may be missing)

    try:
        return asyncio.run(_serve(settings, given))
    except FleetError as error:
        log.error("fleet: %s", error)  # noqa: TRY400 (a line that says what to do)
        _tell({"state": "refused", "reason": str(error)})
        return _CANNOT_RUN


async def _serve(settings: AgentSettings, given: socket.socket) -> int:
    from supervisor.fleet.process import Process, Told  # noqa: PLC0415 (as above)

    def tell(told: Told) -> None:
        _tell(msgspec.to_builtins(told))

    process = Process(settings, tell)
    loop = asyncio.get_running_loop()
    given.settimeout(0)

    def more() -> None:
        """Take changed settings, or notice that the supervisor has ended."""
        try:
            message = given.recv(_MOST_BYTES)
        except BlockingIOError:
            return
        except OSError:
            message = b""
        if not message:
            loop.remove_reader(given)
            process.leave_now()
            return
        try:
            process.reconfigure(take_over(message))
        except msgspec.MsgspecError as error:
            logs.get_logger("supervisor.fleet").error("fleet: settings not taken: %s", error)

    loop.add_reader(given, more)
    await process.run()
    return _FAULT if process.faulty else 0


def _tell(told: dict[str, str]) -> None:
    sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
