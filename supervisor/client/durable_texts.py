"""Texts of durable open jobs on one connection: what was sent of them and is not answered yet.

Each piece says where in the text it begins, so one that is sent again is neither lost nor doubled.
What the supervisor has is told by WRITTEN, and by ACCEPTED to who comes back; the rest is kept
(`open_text`) and sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from supervisor.client.errors import BadRequest, from_wire
from supervisor.client.open_text import OpenText
from supervisor.client.records import JobRecord
from supervisor.wire.client import Accepted, Append, Error, Finish, Message, Written


class DurableTexts:
    """`send` takes a message and its body, `name` makes a name for a request."""

    def __init__(
        self, send: Callable[[Message, bytes | None], None], name: Callable[[], str]
    ) -> None:
        self._send = send
        self._name = name
        self._asked: dict[str, tuple[JobRecord, bool]] = {}
        """Pieces that are not answered; True: the end of a text."""

    def append(self, record: JobRecord, text: OpenText, data: bytes, *, flush: bool) -> None:
        """Send more of a text, or keep it for the next supervisor. Raises BadRequest for one that
        was ended.
        """
        if text.error is not None:
            raise text.error
        at = text.size
        text.add(data, flush=flush)
        if not text.refused:
            self._append(record, at, data, flush=flush)

    def finish(self, record: JobRecord, text: OpenText) -> None:
        """End a text."""
        text.ended = True
        if not text.refused:
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
        record, last = self._asked.pop(message.id, (None, False))
        if record is None or record.text is None:
            return None, None
        record.text.end_written = record.text.end_written or last
        return record, record.text.take(message.bytes)

    def refused(self, message: Error) -> bool:
        """Take an error, if it answers a piece: that is sent again, or nothing more is taken."""
        record, _last = self._asked.pop(message.id or "", (None, False))
        if record is None:
            return False
        if record.text is not None and message.retryable:
            record.text.refused = True
        elif record.text is not None:
            record.text.error = from_wire(message)
        record.changed()
        return True

    def write_again(self, records: Iterable[JobRecord]) -> None:
        """Send again what a journal could not take before."""
        for record in records:
            if record.text is not None and record.text.refused:
                self._again(record, record.text)

    def forget(self) -> None:
        """The connection is over: no answer comes."""
        self._asked.clear()

    def _again(self, record: JobRecord, text: OpenText) -> None:
        text.refused = False
        if text.kept or text.flush:
            self._append(record, text.written, bytes(text.kept), flush=text.flush)
        if text.ended and not text.end_written:
            self._finish(record, text)

    def _append(self, record: JobRecord, at: int, data: bytes, *, flush: bool) -> None:
        if record.accepted is not None and not record.ended:
            id = self._name()
            self._asked[id] = record, False
            self._send(Append(job=record.accepted.job, id=id, flush=flush, offset=at), data)

    def _finish(self, record: JobRecord, text: OpenText) -> None:
        if record.accepted is not None and not record.ended:
            id = self._name()
            self._asked[id] = record, True
            self._send(Finish(job=record.accepted.job, id=id, offset=text.size), None)
