"""How a command ends that is in the middle of its output: by a signal, or where nobody takes it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import typer

from supervisor.cli.common import fail

_SIGNAL_EXIT = 128
"""Added by a shell to the number of the signal that ended a command."""


class _Signalled(BaseException):
    """A signal, by its number, asked this command to end."""


def _raise(number: int, _frame: object) -> NoReturn:
    raise _Signalled(number)


@contextmanager
def exit_codes(output: Path | None) -> Iterator[None]:
    """Turn a signal, a closed pipe and a full disk into an exit code, not a traceback, and leave no
    part of a file. `output` is what the command writes, None for standard output.
    """
    from supervisor.audio.formats import EncodingError

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # As `nohup` has it.
            signal.signal(number, _raise)
    try:
        yield
    except _Signalled as signalled:
        raise typer.Exit(_SIGNAL_EXIT + signalled.args[0]) from None
    except BrokenPipeError:
        _leave_pipe()
    except (OSError, EncodingError) as error:
        where = "standard output" if output is None else str(output)
        fail(5, f"cannot write {where}: {error}")


def _leave_pipe() -> NoReturn:
    """Give up a closed pipe, so that the interpreter does not fail on it again at its exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise typer.Exit(_SIGNAL_EXIT + signal.SIGPIPE)
