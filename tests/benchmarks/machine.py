"""The machine that is measured: its processor, and how wide the vectors are that compiled code uses."""

import os
import platform
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import numba
import numpy as np
from numba.core import config


def about() -> dict[str, Any]:
    """What a table of timings says of the machine."""
    return {
        "platform": platform.platform(),
        "processor": processor(),
        "compiled for": getattr(config, "CPU_NAME", None) or llvm.get_host_cpu_name(),
        "vector bits": vector_bits(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "threads of numba": numba.get_num_threads(),
    }


def processor() -> str:
    """Its name, as the system says."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def vector_bits() -> int:
    """The widest registers that numba's code for a plain loop uses: 512 (AVX-512), 256 (AVX2) or 128."""

    @numba.njit(fastmath=True)
    def scaled(x):  # type: ignore[no-untyped-def]
        for i in range(len(x)):
            x[i] *= 2.0

    scaled(np.ones(64))
    (text,) = scaled.inspect_asm().values()
    return 512 if "%zmm" in text else 256 if "%ymm" in text else 128
