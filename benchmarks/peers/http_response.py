"""One HTTP/1.1 response, read piece by piece; only what this client needs to know of it."""

from __future__ import annotations

_CRLF = b"\r\n"


class Response:
    """Feed it what was received. `body_bytes` counts the body without chunk framing.

    Raises ValueError for what is no response, or one whose length is not told.
    """

    def __init__(self) -> None:
        self.status = 0
        self.body_bytes = 0
        self.done = False
        self.keeps_connection = True
        self._unread = b""
        self._left: int | None = None
        """Bytes of the body, or of the chunk, that are still to come; None at a framing line."""
        self._chunked = False
        self._last = False

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the connection."""
        data = self._unread + data
        self._unread = b""
        while not self.done:
            if not self.status:
                head, found, data = data.partition(_CRLF + _CRLF)
                if not found:
                    self._unread = head
                    return
                self._read_head(head)
            elif self._left is not None:
                taken = min(self._left, len(data))
                self.body_bytes += taken
                self._left -= taken
                data = data[taken:]
                if self._left:
                    return
                self._left = None
                self.done = not self._chunked
            else:
                line, found, rest = data.partition(_CRLF)
                if not found:
                    self._unread = data
                    return
                data = rest
                self._read_framing(line)

    def _read_head(self, head: bytes) -> None:
        status, *lines = head.decode("latin-1").split("\r\n")
        fields = {
            name.lower(): value.strip().lower()
            for name, _, value in (line.partition(":") for line in lines)
        }
        self.status = int(status.split(" ")[1])
        self.keeps_connection = fields.get("connection") != "close"
        self._chunked = fields.get("transfer-encoding") == "chunked"
        if self._chunked:
            return
        if "content-length" not in fields:
            raise ValueError("a response without a length")
        self._left = int(fields["content-length"])

    def _read_framing(self, line: bytes) -> None:
        """A chunk's size; the empty line after its data; or the end, which has no trailers."""
        if line:
            self._left = int(line.split(b";")[0], 16) or None
            self._last = self._left is None
        elif self._last:
            self.done = True
