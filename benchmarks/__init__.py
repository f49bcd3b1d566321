"""Benchmarks: one file per claim. `harness` says how one is written; `make bench` runs them."""
