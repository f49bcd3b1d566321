"""CPU features that decide which kernels run, and so which derived model fits."""

from __future__ import annotations

import functools
from pathlib import Path

_RELEVANT = frozenset(
    {
        *("avx", "avx2", "fma", "avx512f", "avx512bw", "avx512vl", "avx512_vnni", "avx_vnni"),
        *("avx512_bf16", "amx_int8", "amx_tile", "asimd", "asimddp", "i8mm", "sve", "bf16"),
    }
)
_DOT_PRODUCT = frozenset({"avx512_vnni", "avx_vnni", "asimddp"})
"""Sums of products of bytes in 32 bits (VNNI, and Arm's counterpart). Without them the kernels
sum in 16 bits, where weights of the calibrated model may saturate."""


@functools.cache
def cpu_features() -> tuple[str, ...]:
    """Names as in /proc/cpuinfo, sorted; empty where there is none to ask."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ()
    fields = (line.partition(":") for line in lines)
    flags = next((v for k, _, v in fields if k.strip() in {"flags", "Features"}), "")
    return tuple(sorted(_RELEVANT.intersection(flags.split())))


def dot_product() -> bool:
    """Whether bytes are multiplied and summed without saturation."""
    return not _DOT_PRODUCT.isdisjoint(cpu_features())
