"""`supervisor`, and `python -m supervisor`.

Until a command has the say, Ctrl-C ends the process as it ends any other: there is nothing to
clean up yet, and nobody wants to read where the import of a library was interrupted. Where it
hangs, SIGUSR1 tells from the first line on.
"""

from __future__ import annotations

import signal

from supervisor import tracebacks

tracebacks.arm()
tracebacks.write_no_core()
_default = signal.getsignal(signal.SIGINT)
if _default is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def main() -> None:
    """Entry point of the console script."""
    from supervisor.cli import main as run  # noqa: PLC0415 - late, as said above

    signal.signal(signal.SIGINT, _default)
    run()


if __name__ == "__main__":
    main()
