"""Precision: chosen from the processor's capabilities and the sizes, never by timing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from isthmus.support.errors import InputError, unknown

PRECISIONS = ("auto", "float32", "bfloat16")
LARGE = 2**26
"""Minimum multiplications in a step for which bfloat16 outweighs its conversions."""


def choose_precision(wanted: str, device: torch.device, multiplications: int, batch_size: int) -> str:
    """Return ``"float32"`` or ``"bfloat16"``.

    Parameters
    ----------
    wanted : {"auto", "float32", "bfloat16"}
        ``"auto"``: bfloat16 if the device supports it in hardware and a step is large enough.
    device : torch.device
    multiplications : int
        For one row, about.
    batch_size : int
    """
    if wanted not in PRECISIONS:
        raise InputError(unknown("precision", wanted, PRECISIONS))
    if wanted != "auto":
        return wanted
    return "bfloat16" if has_bfloat16(device) and multiplications * batch_size >= LARGE else "float32"


def has_bfloat16(device: torch.device) -> bool:
    """Tell whether a device multiplies bfloat16 in hardware."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return any(capabilities.get(name, False) for name in ("avx512_bf16", "amx_bf16"))


@contextmanager
def computing(precision: str, device: torch.device) -> Iterator[None]:
    """Compute matrix products in `precision` inside the block; weights, sums and losses stay float32.

    One block is one step: converted weights are kept until its end.
    """
    with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16"):
        yield
