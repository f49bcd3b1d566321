"""Who is at the other end of a message."""

from __future__ import annotations


def user_of(inbox: str) -> str:
    """Who listens to an inbox: servers let a user listen to his own alone. Who names another's
    hears nothing.
    """
    parts = inbox.split(".")
    return parts[1] if len(parts) > 2 and parts[0] == "_I" else inbox
