"""Mandarin in simplified characters: texts on standard input, JSON lines; texts on the output.

Runs in an environment of its own (`benchmarks.aside`).
"""

from __future__ import annotations

import json
import sys

from opencc import OpenCC


def main() -> None:
    """Answer each line with the same in simplified characters."""
    simplified = OpenCC("t2s")
    for line in sys.stdin:
        print(json.dumps(simplified.convert(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
