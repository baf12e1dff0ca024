"""Compiled kernels on disk: what was compiled once is loaded from then on, without numba.

A file holds the machine code of one function for one family of kernels and this processor. Its name is a
digest of all that the code depends on: the sources, the versions of the compilers, the processor. It begins with a
digest of its content, and one that is damaged is compiled anew and replaced. Whoever compiles loads what it wrote, so
that all processes run the same instructions.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from featlearn.storage.errors import Caution
from featlearn.storage.replacement import write_file

# The modules that compiled code is made of, relative to ``featlearn.training``.
SOURCES = (
    "backends/biased_kernels.py",
    "backends/biased_moment_kernels.py",
    "backends/biased_polynomial_kernels.py",
    "backends/compilation.py",
    "backends/entries.py",
    "backends/kernel_cache.py",
    "backends/layout.py",
    "backends/method_kernels.py",
    "backends/moment_kernels.py",
    "backends/normal_kernels.py",
    "backends/pair_kernels.py",
    "backends/row_kernels.py",
    "backends/series_kernels.py",
    "backends/step_kernels.py",
    "backends/tile_kernels.py",
    "backends/turns.py",
    "backends/vectors.py",
    "methods/adam.py",
    "methods/momentum.py",
)
_DIGEST = 32  # bytes of SHA-256
_CALLED = {"memset", "memcpy", "pow", "fma", "usleep"}  # functions of the C library that compiled code may call

Kernel = Callable[..., None]  # takes NumPy arrays

before_compiling: list[Callable[[], object]] = []  # called when something has to be compiled, which takes seconds
_lock = threading.RLock()


# a pointer to the numbers of an array that may be written; ``array.ctypes`` is slow
_pointer: Callable[..., Any] = (ctypes.c_char * 0).from_buffer


def address_of(array: np.ndarray) -> int:
    """Where the numbers of an array lie."""
    return ctypes.addressof(_pointer(array))


def _renew_lock() -> None:
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)  # a thread that the child does not have may hold it


def kernel(name: str, family: int) -> Kernel:
    """One of the functions of ``entries``, loaded or compiled; in plain Python where ``NUMBA_DISABLE_JIT`` is set."""
    with _lock:
        return _kernel(name, family)


@cache
def _kernel(name: str, family: int) -> Kernel:
    if os.environ.get("NUMBA_DISABLE_JIT", "0") != "0":
        from featlearn.training.backends.entries import ENTRIES

        return ENTRIES[name](family)
    file = f"{name}-{family}-{_dependencies()}.kernel"
    content = next(filter(None, (_read(place / file) for place in _places())), None)
    if content is None:
        for tell in before_compiling:
            tell()
        content = _compiled(name, family)
        _keep(file, content)
    return _loaded(content)


def _dependencies() -> str:
    """A digest of all that compiled code depends on."""
    digest = hashlib.sha256()
    for source in SOURCES:
        digest.update(hashlib.sha256((Path(__file__).parents[1] / source).read_bytes()).digest())
    versions = [sys.version, *map(version, ("numba", "llvmlite"))]
    digest.update("\n".join([*versions, *_processor()]).encode())
    return digest.hexdigest()[:32]


def _places() -> Iterator[Path]:
    """The directories where compiled code may lie, in the order in which they are tried."""
    if chosen := os.environ.get("NUMBA_CACHE_DIR"):
        yield Path(chosen)
        return
    yield Path(__file__).parent / "__pycache__"  # moves with the package
    with suppress(RuntimeError):  # nobody's home is known
        yield Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "featlearn"


def _read(path: Path) -> bytes | None:
    """The content of a file, without its digest; None if there is none, or another than was written."""
    try:
        whole = path.read_bytes()
    except OSError:
        return None
    digest, content = whole[:_DIGEST], whole[_DIGEST:]
    return content if hashlib.sha256(content).digest() == digest else None


def _keep(file: str, content: bytes) -> None:
    for place in _places():
        try:
            place.mkdir(parents=True, exist_ok=True)
            write_file(place / file, hashlib.sha256(content).digest() + content)
        except OSError:
            continue
        return
    text = "compiled kernels can be kept nowhere, and each process compiles its own: NUMBA_CACHE_DIR may name a place"
    warnings.warn(Caution(text), stacklevel=2)


def _processor() -> tuple[str, str]:
    """Name and features of the processor to compile for; numba's variables may choose another."""
    from llvmlite import binding

    name = os.environ.get("NUMBA_CPU_NAME") or binding.get_host_cpu_name()
    features = os.environ.get("NUMBA_CPU_FEATURES")
    return name, binding.get_host_cpu_features().flatten() if features is None else features


def _machine() -> Any:
    from llvmlite import binding

    with suppress(RuntimeError):  # needed before llvmlite 0.45, and refused from then on
        binding.initialize()
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    name, features = _processor()
    return binding.Target.from_default_triple().create_target_machine(cpu=name, features=features, opt=3, jit=True)


def _compiled(name: str, family: int) -> bytes:
    """The content of a file: the function's name, a zero, and its object code."""
    from llvmlite import binding

    from featlearn.training.backends.compilation import in_llvm
    from featlearn.training.backends.entries import ARGUMENTS, ENTRIES

    symbol, llvm = in_llvm(ENTRIES[name](family), ARGUMENTS[name])
    module, machine = binding.parse_bitcode(llvm), _machine()
    passes = binding.create_pass_builder(machine, binding.create_pipeline_tuning_options(speed_level=3))
    passes.getModulePassManager().run(module, passes)
    code = str(module)
    defined = set(re.findall(r'^define [^\n]*?@"?([^"(]+)"?\(', code, flags=re.M))
    called = {x for x in re.findall(r'call [^\n]*?@"?([^"(\n]+)"?\(', code) if not x.startswith("llvm.")}
    if symbol not in defined or not called <= defined | _CALLED:
        raise RuntimeError(f"compiled code calls {sorted(called - defined - _CALLED)}, which only numba has")
    return symbol.encode() + b"\0" + machine.emit_object(module)


def _loaded(content: bytes) -> Kernel:
    """The function in a file's content. Its arrays are as ``entries`` says, and it checks nothing."""
    from llvmlite import binding

    symbol, _, code = content.partition(b"\0")
    engine = binding.create_mcjit_compiler(binding.parse_assembly(""), _machine())
    engine.add_object_file(binding.ObjectFileRef.from_data(code))
    engine.finalize_object()
    _engines.append(engine)
    function = ctypes.CFUNCTYPE(ctypes.c_int32)(engine.get_function_address(symbol.decode()))

    def call(*arrays: np.ndarray) -> None:
        # numba's convention: where a result and an error would go, and then the arguments
        nowhere = ctypes.create_string_buffer(16)
        status = function(nowhere, nowhere, *map(_pointer, arrays))
        if status != 0:
            raise RuntimeError(f"compiled code ended with status {status}")

    return call


_engines: list[Any] = []  # code lives as long as these
