"""HTTP with a collector that may answer anything: no more of an answer than is needed is taken."""

from __future__ import annotations

from typing import Any, Final

import requests

ANSWER_BYTES: Final = 4_096
"""What is read of an answer's body: enough for an honest one, so that its connection is kept."""


class BoundedSession(requests.Session):
    """Follows no redirect and reads no long body. `problem` says how the latest request failed.

    Only in words of our own: what a stranger answers belongs into no log.
    """

    problem = ""

    def request(  # type: ignore[override]  # the rest comes by name
        self,
        method: str,
        url: str,
        **options: Any,  # noqa: ANN401 (and is passed on as it is)
    ) -> requests.Response:
        """As Session. Raises requests.RequestException, also for a redirect."""
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
    """What it came from, as the system or the library names it."""
    while error.__context__ is not None:
        error = error.__context__
    said = error.strerror if isinstance(error, OSError) else None
    return said or type(error).__name__
