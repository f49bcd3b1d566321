"""Who is at the other end of a message."""

from __future__ import annotations


def user_of(inbox: str) -> str:
    """Who listens to an inbox, "" where that is not known: servers let a user listen to his own
    alone, and who names another's hears nothing. What comes out of another account has no name.
    """
    parts = inbox.split(".")
    return parts[1] if len(parts) > 2 and parts[0] == "_I" else ""
