"""Keeping freed memory in the process instead of handing it back to the system after every layer."""

from __future__ import annotations

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # glibc's malloc.h
_NEVER_TRIM_BYTES = 2**31 - 1
_LARGEST_BLOCK_BYTES = 1 << 30


def keep_freed_memory() -> bool:
    """Tells glibc to reuse big blocks: page faults of activations cost a quarter of a forward pass.

    Returns False, and changes nothing, where the C library has no mallopt (macOS, musl).
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    mallopt(_MMAP_THRESHOLD, _LARGEST_BLOCK_BYTES)
    mallopt(_TRIM_THRESHOLD, _NEVER_TRIM_BYTES)
    return True
