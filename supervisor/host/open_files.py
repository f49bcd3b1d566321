"""The limit on open files of this process."""

from __future__ import annotations

import resource


def allow_open_files(wanted: int) -> int:
    """Raise the limit to `wanted` files, or as far as it goes; return how many may be open.

    That is `wanted` where there is no limit.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return soft
