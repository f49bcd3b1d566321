"""Connections to a gateway that ask for nothing, held by a process of their own.

    python -m benchmarks.http_crowd KIND PORT COUNT

Says `ready` when all have come, and holds them until its standard input ends. Who is hung up on
comes again a second later.
"""

from __future__ import annotations

import asyncio
import resource
import sys
from contextlib import suppress

HOST = "127.0.0.1"
HALF_HEAD = b"GET /healthz HTTP/1.1\r\nHost: local"
SLOW_BODY = b"POST /v1/audio/speech HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
PAUSE_S = 1.0

FIRST_WORDS = {"half heads": HALF_HEAD, "slow bodies": SLOW_BODY, "idle connections": REQUEST}


class Crowd:
    """Counts who has come."""

    def __init__(self, kind: str, port: int, count: int) -> None:
        self._kind = kind
        self._port = port
        self._left = count
        self.complete = asyncio.Event()

    async def member(self) -> None:
        """One connection after the other."""
        came = False
        while True:
            with suppress(OSError):
                reader, writer = await asyncio.open_connection(HOST, self._port)
                writer.write(FIRST_WORDS[self._kind])
                if not came:
                    came = True
                    self._left -= 1
                    if self._left == 0:
                        self.complete.set()
                await self._stay(reader, writer)
            await asyncio.sleep(PAUSE_S)

    async def _stay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until it is hung up on; a slow body goes on by the byte."""
        try:
            while True:
                try:
                    async with asyncio.timeout(PAUSE_S):
                        if not await reader.read(4096):
                            return
                except TimeoutError:
                    if self._kind == "slow bodies":
                        writer.write(b" ")
        finally:
            writer.close()


async def main(kind: str, port: int, count: int) -> None:
    """Come, stay, leave."""
    crowd = Crowd(kind, port, count)
    members = [asyncio.create_task(crowd.member()) for _ in range(count)]
    await crowd.complete.wait()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for member in members:
        member.cancel()


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
