"""`python -m workers.with_lifeline PIPE MODULE ARGUMENT…`: run a module that ends with the pipe.

For a program that an engine starts: it is armed with the lifeline (`lifeline.lent`) before it
imports anything slow.
"""

from __future__ import annotations

import runpy
import sys

from workers import early, lifeline

if __name__ == "__main__":
    early.arm()
    lifeline.arm(int(sys.argv[1]))
    module, sys.argv = sys.argv[2], sys.argv[2:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
