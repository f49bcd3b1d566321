"""Readings of this machine: topology, limits, CPU times, thermal, memory, pressure.

`roots.Host` says where /proc and /sys are; `monitor.CPUUtilizationMonitor` puts all
readings into one `sample.Sample` per interval. Nothing here decides anything: the
records go to `supervisor.core`. What a machine does not report is None, never a guess.
"""
