"""Kokoro's graph rewritten so that it runs faster and speaks the same.

The published int8 graph leaves ONNX Runtime's fast kernels unused. Each pass here
recognises one pattern, replaces it by operators that compute the same, and counts the
sites it found; where it finds none it leaves the graph as it is.

| module | what it does |
|---|---|
| `graph` | looking things up in a graph and replacing nodes |
| `products` | recognises the integer convolutions and matrix products of the published graph |
| `integer`, `norms`, `elementwise`, `spectrum` | the exact passes: no calibration |
| `snake`, `static` | the calibrated pass: convolutions with fixed ranges, `ranges` holds them |
| `reference`, `probe` | graphs to judge by (float generator) and to calibrate with |
| `levels` | which passes make which level |
| `pace` | no pass: has every level take a speed for each token, and tell its durations |
| `cases`, `hearing`, `pairs` | who says what to judge a model, in processes; pairs for people |
| `build`, `calibrate`, `verify` | the programs: derive a model and gate it, find ranges, judge |

Only this package imports `onnx`, and only programs run it: a worker never does.
"""
