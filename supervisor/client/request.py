"""A job's request, and its resumption at the next supervisor after the first was lost.

A durable job is attached to again, from the byte where it broke off. A plain job is submitted
again, with the seed it had, from the segment on that was being heard, and the audio that the caller
already has is skipped. With a
seed that the caller gave, the rest is the same to the sample. With one that the supervisor picked,
the audio has the same length and timing, so that both parts fit, but may differ by rounding: the
first part may have been spoken by several threads. To avoid that, every request would have to run
on one thread, and speech would start later. `job` waits for the next supervisor.
"""

from __future__ import annotations

import time
from typing import Unpack

from supervisor.client.errors import NoSupervisor, Refused, SupervisorError, SupervisorGone
from supervisor.client.protocol import Conversation, JobOptions, SubmitFields
from supervisor.client.records import JobRecord

RESUME_S = 10.0
"""Time for which a client with a job waits for the next supervisor."""


class Terms(JobOptions, total=False):
    """Options of a job beside text, voice, engine, speed and seed.

    `volume` is 0 to 2, 1 as loud as the engine speaks; what would be too loud is limited softly.
    `words` asks for the times of the words (`Job.new_words`, `Audio.words`), as far as the engine
    knows them; the audio is the same.
    `language` is the tag of the language to read in, such as "es" or "en-GB", one that the voice
    reads; without a voice it takes one that does.
    `markup` ("auto", "plain", "markdown", "html", "ssml", "tags"), `unreadable` ("skip", "spell",
    "refuse") and `pronunciations` (a word to "/phonemes/" or to another spelling) say how the text
    is read, None as the supervisor's settings do. Who plays the audio `tempo` times as fast, at
    the same pitch, has the silences that the text asks for (`[pause:1s]`) so much longer.
    The text of an `open` job is added to by `Job.write` until `Job.end_text`, and spoken as it
    comes.
    `request_class` is "interactive" for what somebody waits for, "stream" for what somebody listens
    to, "batch" for what is heard later; None: by the text. Who waits goes first.
    `priority` is 0 to 9, 9 the most urgent; `deadline` in seconds from the call on; the
    same `key` with the same request is the same job, however often it is submitted; a
    `durable` job outlives this client and the supervisor, and what is added to its open text is
    written down as it comes (`Job.written`). `traceparent` and `tracestate`
    are the headers of a W3C trace context, as OpenTelemetry's propagator injects them:
    where the supervisor traces, the job becomes part of that trace. `on_behalf` names the client
    that the job is charged to, in at most 128 characters, for a program that asks for others, as
    the gateway does: each name has a share and bounds of its own. Only a supervisor of the same
    user heeds it. `label` is a note of the caller's in at most 256 characters, which `jobs` tells.
    `part` (i, n) is the i-th, from 0 on, of n parts of about equal length, and with `first_segment`
    the segments before that one are left out: with a `seed` it is that stretch of the whole audio,
    to the sample.
    """

    deadline: float | None


class Request:
    """A job's text and options; `deadline` is in seconds from the call on."""

    def __init__(
        self, text: str, *, deadline: float | None = None, **asked: Unpack[SubmitFields]
    ) -> None:
        self._text = text
        self._deadline = deadline
        self._asked = asked

    @property
    def text(self) -> str:
        """The text as it was given."""
        return self._text

    @property
    def open(self) -> bool:
        """Whether more of its text is to come."""
        return self._asked.get("open", False)

    @property
    def engine(self) -> str | None:
        """The engine that is asked for; None for the default one."""
        return self._asked.get("engine")

    @property
    def voice(self) -> str | None:
        """The voice that is asked for; None for the engine's own."""
        return self._asked.get("voice")

    @property
    def request_class(self) -> str | None:
        """The class that is asked for; None: by the text."""
        return self._asked.get("request_class")

    @property
    def language(self) -> str | None:
        """The language that is asked for."""
        return self._asked.get("language")

    @property
    def durable(self) -> bool:
        """Whether the job is to outlive its client and the supervisor."""
        return self._asked.get("durable", False)

    def keyed(self, key: str) -> Request:
        """The same request with this key, unless it has one."""
        if self._asked.get("key") is not None:
            return self
        asked = self._asked.copy()
        asked["key"] = key
        return Request(self._text, deadline=self._deadline, **asked)

    @property
    def whole(self) -> bool:
        """Whether all of its text is asked for, not a part."""
        return self._asked.get("part") is None and not self._asked.get("first_segment")

    def submit(
        self,
        conversation: Conversation,
        spent_s: float = 0.0,
        seed: int | None = None,
        first_segment: int = 0,
    ) -> JobRecord:
        """Submit it, `spent_s` after the call, with `seed` if one is given, and of a whole text
        what begins with `first_segment`. Raises BadRequest.
        """
        asked = self._asked.copy()
        if first_segment:
            asked["first_segment"] = first_segment
        if self._deadline is not None:
            asked["deadline_ms"] = max(0, round((self._deadline - spent_s) * 1000))
        if seed is not None:
            asked["seed"] = seed
        return conversation.submit(self._text, time.monotonic(), **asked)


class Resumption:
    """Resumes one job. `request` is None for a job that was attached to by its id."""

    def __init__(self, request: Request | None) -> None:
        self._request = request
        self._submitted_again = False

    @property
    def request(self) -> Request | None:
        """What is to be resumed; None for a job that was attached to."""
        return self._request

    @property
    def durable(self) -> bool:
        """Whether the job was asked for as a durable one."""
        return self._request is not None and self._request.durable

    @property
    def _attaches(self) -> bool:
        return self._request is None or self._request.durable

    def possible(self, error: SupervisorError, lost: JobRecord) -> bool:
        """Whether the job that `lost` records may go on after this error. One that was resumed and
        lost again must have come further, or a text that ends supervisors would go on for ever.
        """
        if self._request is not None and self._request.open and not self._request.durable:
            return False  # The next one would cut the text at other places.
        again = self._submitted_again and not lost.progressed
        return isinstance(error, SupervisorGone) and (self._attaches or not again)

    def ask(self, conversation: Conversation, lost: JobRecord) -> JobRecord:
        """Ask the next supervisor for the rest of the job that `lost` records."""
        accepted = lost.accepted
        if accepted is None:
            raise ValueError("a request that was not accepted is no job")
        if self._request is None or self._attaches:
            record = conversation.attach(accepted.job, time.monotonic(), lost.received)
        else:
            spent_s = time.monotonic() - lost.submitted_at
            middle = self._request.whole and lost.segment > 0
            first = lost.segment if middle else 0
            record = self._request.submit(conversation, spent_s, accepted.seed, first)
            record.skip_heard(lost, from_segment=middle)
        record.words = lost.words
        record.text = lost.text or record.text
        record.submitted_at = lost.submitted_at
        record.first_audio_at = lost.first_audio_at
        return record

    def accepted(self) -> None:
        """Note that the next supervisor has accepted the job."""
        self._submitted_again = True

    @staticmethod
    def is_transient(error: SupervisorError) -> bool:
        """Whether to try again: no supervisor yet, one lost again, or a retryable refusal."""
        return isinstance(error, NoSupervisor) or (isinstance(error, Refused) and error.retryable)
