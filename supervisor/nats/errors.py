"""What can go wrong between this process and the servers, as one error with a code."""

from __future__ import annotations

from typing import Final, Literal

Code = Literal[
    "full",
    "duplicate",
    "exists",
    "not_found",
    "no_stream",
    "forbidden",
    "unavailable",
    "too_long",
    "refused",
]
"""`full`: the stream holds as much as it may. `duplicate`: a job of this subject waits or runs.
`exists`: the key has a value, or another than was expected. `not_found`: no such message, stream or
consumer. `no_stream`: nothing listens there, because nobody has set the fleet up, or because a
leader is being elected. `forbidden`: this user may not. `unavailable`: no connection, or no answer
in time; whether it was done is not known. `too_long`: above the server's longest message.
`refused`: anything else that the server says no to.
"""

_CODES: Final[dict[int, Code]] = {
    10014: "not_found",  # no such consumer
    10037: "not_found",  # no such message
    10059: "not_found",  # no such stream
    10071: "exists",  # wrong last sequence
    10164: "exists",  # wrong last sequence, without a number
    10008: "unavailable",  # JetStream is temporarily unavailable
    10009: "unavailable",  # no leader of the consumer
    10005: "unavailable",  # too few peers
    10023: "full",  # insufficient resources
    10047: "full",  # storage resources exceeded
    10158: "unavailable",  # the same message is being stored right now
    10077: "full",  # the stream refused to store it; see `code_of`
    10039: "no_stream",  # JetStream is not enabled for this account
    10076: "no_stream",  # JetStream is not enabled
}

_STATUSES: Final[dict[int, Code]] = {404: "not_found", 503: "unavailable"}

_TRANSIENT: Final = frozenset({"unavailable", "no_stream"})


class FleetError(Exception):
    """A request that failed. `code` says how, the message what to do about it in one line."""

    def __init__(self, code: Code, message: str, err_code: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.err_code = err_code
        """The server's own number of the error; 0 if it gave none."""

    @property
    def transient(self) -> bool:
        """Whether the same request may do when it is repeated, under the same id."""
        return self.code in _TRANSIENT


def code_of(err_code: int, status: int, description: str) -> Code:
    """The code of an error that the server has told: its own number, its HTTP-like status, its
    text, which alone tells a full stream from a job that is there already.
    """
    if "per subject" in description:
        return "duplicate"
    return _CODES.get(err_code) or _STATUSES.get(status, "refused")
