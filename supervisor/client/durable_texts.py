"""Texts of durable open jobs on one connection: what was sent of them and is not answered yet.

Each piece says where in the text it begins, so one that is sent again is neither lost nor doubled.
What the supervisor has is told by WRITTEN, and by ACCEPTED to who comes back; the rest is kept
(`open_text`) and sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from supervisor.client.errors import BadRequest, from_wire
from supervisor.client.open_text import OpenText
from supervisor.client.records import JobRecord
from supervisor.wire.client import Accepted, Append, Error, Finish, Message, Written


class _Asked(NamedTuple):
    """A piece that is not answered; `last`: the end of a text. `attempt`: in which it was sent."""

    record: JobRecord
    text: OpenText
    attempt: int
    last: bool = False


class DurableTexts:
    """`send` takes a message and its body, `name` makes a name for a request."""

    def __init__(
        self, send: Callable[[Message, bytes | None], None], name: Callable[[], str]
    ) -> None:
        self._send = send
        self._name = name
        self._asked: dict[str, _Asked] = {}

    def append(self, record: JobRecord, text: OpenText, data: bytes, *, flush: bool) -> None:
        """Send more of a text, or keep it for the next supervisor. Raises BadRequest for one that
        was ended.
        """
        if text.error is not None:
            raise text.error
        at = text.size
        text.add(data, flush=flush)
        if text.again_at is None:
            self._append(record, text, at, data, flush=flush)

    def finish(self, record: JobRecord, text: OpenText) -> None:
        """End a text."""
        text.ended = True
        if text.again_at is None:
            self._finish(record, text)

    def accepted(self, record: JobRecord, message: Accepted) -> str | None:
        """Learn how much of a text is written down, and send the rest; returns a defect, if any."""
        text = record.text
        if message.written is None:
            if text is not None:  # It was ended: by us, or because we did not come back.
                text.end_written = True
                if text.kept:
                    reason = f"the text was ended at its byte {text.written}: it came too late"
                    text.error = BadRequest(reason, code="conflict", field="text")
            return None
        if text is None:
            record.text = OpenText(message.written)
            return None
        defect = text.take(message.written)
        if defect is None:
            self._again(record, text)
        return defect

    def written(self, message: Written) -> tuple[JobRecord | None, str | None]:
        """Take an answer; returns whose it is, and its defect, if any."""
        asked = self._asked.pop(message.id, None)
        if asked is None:
            return None, None
        asked.text.end_written = asked.text.end_written or asked.last
        return asked.record, asked.text.take(message.bytes)

    def refused(self, message: Error, now: float) -> bool:
        """Take an error, if it answers a piece: that is sent again when the supervisor asks for it,
        or nothing more is taken.

        What was sent behind a piece that was refused is refused, too: that was the same attempt.
        """
        asked = self._asked.pop(message.id or "", None)
        if asked is None:
            return False
        text = asked.text
        if text.again_at is None and asked.attempt == text.attempt:
            if message.retryable:
                text.again_at = now + (message.retry_after_ms or 0) / 1000
            else:
                text.error = from_wire(message)
        asked.record.changed()
        return True

    def write_again(self, records: Iterable[JobRecord], now: float) -> None:
        """Send again what a journal could not take before."""
        for record in records:
            text = record.text
            if text is not None and text.again_at is not None and now >= text.again_at:
                self._again(record, text)

    def forget(self) -> None:
        """The connection is over: no answer comes."""
        self._asked.clear()

    def _again(self, record: JobRecord, text: OpenText) -> None:
        text.again_at = None
        text.attempt += 1
        if text.kept or text.flush:
            self._append(record, text, text.written, bytes(text.kept), flush=text.flush)
        if text.ended and not text.end_written:
            self._finish(record, text)

    def _append(
        self, record: JobRecord, text: OpenText, at: int, data: bytes, *, flush: bool
    ) -> None:
        if record.accepted is not None and not record.ended:
            id = self._name()
            self._asked[id] = _Asked(record, text, text.attempt)
            self._send(Append(job=record.accepted.job, id=id, flush=flush, offset=at), data)

    def _finish(self, record: JobRecord, text: OpenText) -> None:
        if record.accepted is not None and not record.ended:
            id = self._name()
            self._asked[id] = _Asked(record, text, text.attempt, last=True)
            self._send(Finish(job=record.accepted.job, id=id, offset=text.size), None)
