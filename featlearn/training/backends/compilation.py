"""How numba compiles: only what kernels need of it, to LLVM code that nothing has optimised yet.

Left alone, numba loads all that it knows of Python and NumPy and asks it at each operation, takes steps that change
nothing here, optimises each function twice and again all that calls it, and makes machine code of each: three times the
time. What is called from outside is optimised and made machine code as a whole, by ``kernel_cache``.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numba
import numba.core.config
from numba.core import typed_passes as typed
from numba.core import typing
from numba.core import untyped_passes as untyped
from numba.core.codegen import AOTCPUCodegen
from numba.core.compiler import CompilerBase
from numba.core.compiler_lock import global_compiler_lock
from numba.core.compiler_machinery import CompilerPass, PassManager
from numba.core.cpu import CPUContext
from numba.core.dispatcher import Dispatcher
from numba.core.registry import CPUTarget
from numba.core.typing import builtins, collections, templates

config: Any = numba.core.config


class _Typing(typing.Context):
    """The types of numbers, ranges and named tuples, and of what ``vectors`` registers; of no other attributes."""

    def init(self) -> None:
        known, self._known = templates.builtin_registry, templates.Registry()
        modules = builtins.__name__, collections.__name__
        self._known.functions, self._known.globals = known.functions, known.globals
        self._known.attributes = [x for x in known.attributes if x.__module__ in modules]

    def load_additional_registries(self) -> None:
        from numba.cpython import numbers, rangeobj, tupleobj  # noqa: F401

    def _load_builtins(self) -> None:
        self.install_registry(self._known)

    def insert_global(self, function: Any, kind: Any) -> None:
        """Note a function, but not those of anything that ``vectors`` has for numbers, in a tenth of the time."""
        ours = any(function is other for other in (min, max, int))
        if not ours or not issubclass(kind.templates[0], templates._OverloadFunctionTemplate):
            super().insert_global(function, kind)


class _Code(CPUContext):
    """The LLVM code of the same, and no machine code."""

    def init(self) -> None:
        super().init()
        self._internal_codegen = AOTCPUCodegen("featlearn")

    def load_additional_registries(self) -> None:
        from numba.cpython import mathimpl

        self.install_registry(mathimpl.registry)

    def post_lowering(self, *_: Any) -> None:
        pass  # numba's runtime, which counts references to arrays, is not linked in

    def get_executable(self, *_: Any) -> Any:
        return [].append  # of each function numba keeps a built-in one to call it by, and here none is called


class _Steps(CompilerBase):
    """What numba does to a function: of its many steps those without which kernels do not compile."""

    def define_pipelines(self) -> list[PassManager]:
        steps: list[type[CompilerPass]] = [untyped.TranslateByteCode, untyped.FixupArgs, untyped.IRProcessing]
        if not self.state.flags.no_rewrites:
            steps += [untyped.RewriteSemanticConstants, untyped.DeadBranchPrune]
        steps += [untyped.ReconstructSSA, typed.NopythonTypeInference, typed.PreLowerStripPhis]
        steps += [typed.NativeLowering, typed.NoPythonBackend]
        manager = PassManager("kernels")
        for step in steps:
            manager.add_pass(step, step.__name__)
        manager.finalize()
        return [manager]


class _Target(CPUTarget):
    _toplevel_typing_context = _Typing()
    _toplevel_target_context = _Code(_toplevel_typing_context, "cpu")


class _Function(Dispatcher):
    targetdescr = _Target("cpu")


# without ``fastmath``: a diverging run must show it
_OPTIONS: dict[str, Any] = {
    "nopython": True,
    "_nrt": False,
    "error_model": "numpy",
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}


def in_part(function: Callable[..., Any], **options: Any) -> Any:
    """A function for compiled code; of its branches on what is known when it is made, those that are taken.

    Args:
        options: of numba.
    """
    if config.DISABLE_JIT:
        return function
    return _Function(function, targetoptions=_OPTIONS | options, pipeline_class=_Steps)


compiled = partial(in_part, no_rewrites=True)  # a function for compiled code, all of it
inlined = partial(in_part, forceinline=True)  # for what is done to every row


def in_llvm(function: Callable[..., None], arguments: Sequence[Any]) -> tuple[str, bytes]:
    """The name of a function in LLVM code, and the code, with all that it calls.

    Args:
        arguments: their types, as numba has them.
    """
    with _unoptimised():
        outermost = in_part(function)
        outermost.compile(numba.types.void(*arguments))
        (found,) = outermost.overloads.values()
        return found.fndesc.mangled_name, found.library.emit_bitcode()


@contextmanager
def _unoptimised() -> Iterator[None]:
    """Within it numba leaves its code as it is, and nothing looks for garbage among what it makes."""
    with global_compiler_lock:  # for nobody else
        level, collects = config.OPT, gc.isenabled()
        config.OPT = type(level)(0)
        gc.disable()
        try:
            yield
        finally:
            config.OPT = level
            if collects:
                gc.enable()
