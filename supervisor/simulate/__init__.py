"""The real core under a virtual clock: allocation, worker slots and jobs (`run`, `world`).

`fluid` leaves out jobs and workers on purpose: it is for an allocation rule alone, ours or a rival.
"""
