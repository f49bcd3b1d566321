"""Requests for speech over HTTP: a connection for each lane, kept open as long as it lasts."""

from __future__ import annotations

import json
import select
import socket
import time

from benchmarks.peers.http_response import Response
from benchmarks.peers.lanes import Answer

HOST = "127.0.0.1"
BYTES_PER_S = 2 * 24_000
"""16-bit mono PCM."""

_RECEIVE_BYTES = 1 << 18


class HttpLanes:
    """Lanes to a server on this port. `fields` go into each request beside the text."""

    def __init__(self, port: int, route: str, fields: dict[str, str]) -> None:
        self._port = port
        self._head = (
            f"POST {route} HTTP/1.1\r\nHost: {HOST}:{port}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        ).encode()
        self._fields = fields
        self._requests: dict[str, bytes] = {}
        self._poll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._lanes: dict[int, int] = {}
        self._responses: dict[int, Response] = {}
        self._first: dict[int, float] = {}
        self._failed: list[Answer] = []

    def send(self, lane: int, text: str) -> None:
        """Begin a request; a connection that the server gave up meanwhile is made anew."""
        self._responses[lane] = Response()
        self._first.pop(lane, None)
        if lane in self._sockets and self._is_closed(lane):
            self._hang_up(lane)
        try:
            if lane not in self._sockets:
                self._connect(lane)
            self._sockets[lane].sendall(self._request(text))
        except OSError as error:
            self._failed.append(self._error(lane, f"{error.strerror or error}"))

    def answers(self, timeout: float) -> list[Answer]:
        """Requests that have ended."""
        ended, self._failed = self._failed, []
        deadline = time.perf_counter() + timeout
        while True:
            left = 0.0 if ended else max(0.0, deadline - time.perf_counter())
            for number, _event in self._poll.poll(left):
                if (answer := self._receive(self._lanes[number])) is not None:
                    ended.append(answer)
            if ended or time.perf_counter() >= deadline:
                return ended

    def close(self) -> None:
        """Hang up."""
        for lane in list(self._sockets):
            self._hang_up(lane)
        self._poll.close()

    def _request(self, text: str) -> bytes:
        if text not in self._requests:
            body = json.dumps({"input": text, **self._fields}).encode()
            self._requests[text] = self._head + str(len(body)).encode() + b"\r\n\r\n" + body
        return self._requests[text]

    def _connect(self, lane: int) -> None:
        connection = socket.create_connection((HOST, self._port), timeout=5)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(0)
        self._sockets[lane] = connection
        self._lanes[connection.fileno()] = lane
        self._poll.register(connection, select.EPOLLIN)

    def _is_closed(self, lane: int) -> bool:
        try:
            return not self._sockets[lane].recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def _hang_up(self, lane: int) -> None:
        connection = self._sockets.pop(lane)
        del self._lanes[connection.fileno()]
        self._poll.unregister(connection)
        connection.close()

    def _receive(self, lane: int) -> Answer | None:
        """Take what has come; the answer if that was the end of it."""
        response = self._responses.get(lane)
        if response is None:
            self._hang_up(lane)  # Nothing was asked: the server gave an idle connection up.
            return None
        try:
            data = self._sockets[lane].recv(_RECEIVE_BYTES)
            now = time.perf_counter()
            response.feed(data)
        except (OSError, ValueError) as error:
            return self._error(lane, str(error))
        if not data:
            return self._error(lane, "the connection was closed before the answer was whole")
        if response.body_bytes:
            self._first.setdefault(lane, now)
        if not response.done:
            return None
        del self._responses[lane]
        if not response.keeps_connection:
            self._hang_up(lane)
        if response.status != 200 or not response.body_bytes:
            return Answer(lane, now, now, 0.0, f"HTTP {response.status}")
        return Answer(lane, self._first[lane], now, response.body_bytes / BYTES_PER_S)

    def _error(self, lane: int, why: str) -> Answer:
        self._responses.pop(lane, None)
        if lane in self._sockets:
            self._hang_up(lane)
        now = time.perf_counter()
        return Answer(lane, now, now, 0.0, why)
