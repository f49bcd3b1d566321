"""How natural speech sounds: one JSON line with the judge's weights and a folder of WAV files; the
answer has a mark from 1 to 5 for each file's name.

The judge is NISQA-TTS. Runs in an environment of its own (`benchmarks.aside`).
"""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path

from nisqa.NISQA_model import nisqaModel


def main() -> None:
    """Answer each line with the marks of its folder."""
    for line in sys.stdin:
        weights, folder = json.loads(line)
        print(json.dumps(marks(weights, folder)), flush=True)


def marks(weights: str, folder: str) -> dict[str, float]:
    """The mark of each file."""
    options = dict.fromkeys(("deg", "output_dir", "csv_file", "csv_deg", "ms_channel"))
    options |= {"mode": "predict_dir", "pretrained_model": weights, "data_dir": folder}
    options |= {"bs": 4, "num_workers": 0, "tr_bs_val": 4, "tr_num_workers": 0}
    with contextlib.redirect_stdout(sys.stderr):  # It prints what it does.
        found = nisqaModel(options).predict()
    return {Path(row.deg).name: float(row.mos_pred) for row in found.itertuples()}


if __name__ == "__main__":
    main()
