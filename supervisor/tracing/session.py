"""An HTTP session with an untrusted collector: no redirects, bounded answers."""

from __future__ import annotations

from typing import Any, Final

import requests

ANSWER_BYTES: Final = 4_096
"""Bytes read of an answer's body: enough for an honest one, so that its connection is kept."""


class BoundedSession(requests.Session):
    """A session that follows no redirect and reads no long body.

    `problem`: how the latest request failed, in words of our own, for the answer of an
    untrusted collector belongs into no log.
    """

    problem = ""

    def request(  # type: ignore[override]  # the rest comes by name
        self,
        method: str,
        url: str,
        **options: Any,  # noqa: ANN401 (and is passed on as it is)
    ) -> requests.Response:
        """Request as `Session` does. Raises requests.RequestException, also for a redirect."""
        options |= {"allow_redirects": False, "stream": True}
        try:
            response = super().request(method, url, **options)
            with response:
                response.raw.read(ANSWER_BYTES, decode_content=False)
        except Exception as error:
            self.problem = f"no answer from the collector ({_cause(error)})"
            raise
        self.problem = f"the collector answers with status {response.status_code}"
        if 300 <= response.status_code < 400:
            raise requests.TooManyRedirects(self.problem)
        return response


def _cause(error: BaseException) -> str:
    """The cause of an exception, as the system or the library names it."""
    while error.__context__ is not None:
        error = error.__context__
    said = error.strerror if isinstance(error, OSError) else None
    return said or type(error).__name__
