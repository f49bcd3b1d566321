"""`python -m supervisor`."""

from __future__ import annotations

from supervisor.cli import main

main()
