"""`supervisor`, and `python -m supervisor`.

Until a command runs, Ctrl-C ends the process at once: there is nothing to clean up yet, and a
traceback out of an import helps no user. SIGUSR1 writes tracebacks from the first line on, for an
import that hangs.
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
