"""Simulation of the real core under a virtual clock: allocation, worker slots and jobs.

`run` and `world` are the whole of it. `fluid` leaves out jobs and workers on purpose: it is for an
allocation rule alone, ours or a rival.
"""
