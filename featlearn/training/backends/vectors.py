"""Vectors of eight numbers for compiled code: a type whose operations are instructions, not loops.

Code that loads, combines and stores such vectors says which numbers are added in which order, and nothing is left to
what a compiler finds when it turns loops into vector instructions: its bits do not depend on how it was compiled. Eight
numbers fill one register of 512 bits or two of 256.

Each function is what the operation does, in NumPy, and that runs where numba compiles nothing (``NUMBA_DISABLE_JIT``);
its decorator says what the compiler makes of it. Vectors also have + − · / among themselves and with numbers. Arrays
are (rows, LANES) in Python, and in compiled code the addresses of such arrays: it does not know where they end.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import ConcreteTemplate, infer_global, signature
from numba.extending import lower_builtin, models, register_model

from featlearn.training.backends.compilation import compiled, in_part, inlined  # noqa: F401 - kernels find all here
from featlearn.training.backends.layout import LANES


class VectorType(types.Type):
    """The type of a vector in compiled code."""

    def __init__(self) -> None:
        super().__init__(name="vector of doubles")


_LANES, _INDEX = ir.VectorType(ir.DoubleType(), LANES), ir.IntType(32)
VECTOR, NUMBER, COUNT = VectorType(), types.float64, types.intp
ROWS = types.CPointer(NUMBER)
_EITHER = (VECTOR, NUMBER)


@register_model(VectorType)
class _Model(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _LANES)


def instruction(
    emit: Callable[..., Any], result: types.Type | None, *cases: tuple[types.Type, ...]
) -> Callable[[Any], Any]:
    """A decorator of what an operation does: in compiled code it is what ``emit`` makes of the values of a case.

    Args:
        emit: from numba's target context, the builder of LLVM code and the arguments' values to the result's.
        result: the type of the result; None for that of the first argument.
        cases: the types of the arguments that there are.
    """

    def lower(context: Any, builder: Any, _: Any, values: Any) -> Any:
        return emit(context, builder, *values)

    def known(function: Any) -> Any:
        signatures = [signature(result or case[0], *case) for case in cases]
        template = type("Template", (ConcreteTemplate,), {"key": function, "cases": signatures})
        infer_global(function, types.Function(template))
        for case in cases:
            lower_builtin(function, *case)(lower)
        return function

    return known


def _spread(builder: Any, value: Any) -> Any:
    """A number in every lane; a vector is itself."""
    if value.type == _LANES:
        return value
    one = builder.insert_element(ir.Constant(_LANES, ir.Undefined), value, _INDEX(0))
    return builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(_INDEX, LANES), [0] * LANES))


def _arithmetic(name: str) -> Callable[..., Any]:
    return lambda _, builder, a, b: getattr(builder, name)(_spread(builder, a), _spread(builder, b))


for _operator, _name in (
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    instruction(_arithmetic(_name), VECTOR, (VECTOR, VECTOR), (VECTOR, NUMBER), (NUMBER, VECTOR))(_operator)

instruction(lambda _, builder, a: builder.fneg(a), VECTOR, (VECTOR,))(operator.neg)


def _address(builder: Any, rows: Any, row: Any) -> Any:
    return builder.gep(rows, [builder.mul(row, row.type(LANES))])


def _load(_: Any, builder: Any, rows: Any, row: Any) -> Any:
    return builder.load(builder.bitcast(_address(builder, rows, row), _LANES.as_pointer()), align=8)


def _store(context: Any, builder: Any, rows: Any, row: Any, value: Any) -> Any:
    place = builder.bitcast(_address(builder, rows, row), _LANES.as_pointer())
    builder.store(_spread(builder, value), place, align=8)
    return context.get_dummy_value()


def _entry(_: Any, builder: Any, rows: Any, row: Any, lane: Any) -> Any:
    return builder.load(builder.gep(_address(builder, rows, row), [lane]))


def _second_if(operation: str) -> Callable[..., Any]:
    """What emits the choice of the second of two numbers where it compares so with the first."""

    def emit(_: Any, builder: Any, a: Any, b: Any) -> Any:
        compare = builder.icmp_signed if a.type == b.type == ir.IntType(64) else builder.fcmp_ordered
        return builder.select(compare(operation, b, a), b, a)

    return emit


instruction(_second_if("<"), None, (COUNT, COUNT), (NUMBER, NUMBER))(min)
instruction(_second_if(">"), None, (COUNT, COUNT), (NUMBER, NUMBER))(max)
instruction(lambda _, builder, a: builder.fptosi(a, ir.IntType(64)), COUNT, (NUMBER,))(int)


@instruction(_load, VECTOR, (ROWS, COUNT))
def load(rows: np.ndarray, row: int) -> Any:
    """A row of an array (rows, LANES)."""
    return rows[row].copy()


@instruction(_store, types.none, (ROWS, COUNT, VECTOR), (ROWS, COUNT, NUMBER))
def store(rows: np.ndarray, row: int, value: Any) -> None:
    """Put a vector into a row, or a number into all of it."""
    rows[row] = value


@instruction(_entry, NUMBER, (ROWS, COUNT, COUNT))
def entry(rows: np.ndarray, row: int, lane: int) -> Any:
    """One number of a row."""
    return rows[row, lane]


@instruction(lambda _, builder, rows, place: builder.load(builder.gep(rows, [place])), NUMBER, (ROWS, COUNT))
def number(rows: np.ndarray, place: int) -> Any:
    """One number of an array, counted from its first."""
    return rows.reshape(-1)[place]


@instruction(lambda _, builder, rows, row: _address(builder, rows, row), ROWS, (ROWS, COUNT))
def rows_from(rows: np.ndarray, row: int) -> np.ndarray:
    """The array without the rows before ``row``."""
    return rows[row:]


@instruction(lambda _, builder, a: _spread(builder, a), VECTOR, (NUMBER,))
def spread(a: float) -> Any:
    """A number in every lane."""
    return np.full(LANES, a)


def _intrinsic(name: str) -> Callable[..., Any]:
    """What emits an LLVM intrinsic from vectors to a vector."""

    def emit(_: Any, builder: Any, *values: Any) -> Any:
        kind = ir.FunctionType(_LANES, [_LANES] * len(values))
        function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.v{LANES}f64")
        return builder.call(function, [_spread(builder, value) for value in values])

    return emit


@instruction(_intrinsic("fma"), VECTOR, *[(a, b, c) for a in _EITHER for b in _EITHER for c in _EITHER])
def fma(a: Any, b: Any, c: Any) -> Any:
    """a·b + c, rounded once by processors that can."""
    return a * b + c


@instruction(_intrinsic("sqrt"), VECTOR, (VECTOR,))
def sqrt(a: Any) -> Any:
    return np.sqrt(a)


@instruction(_intrinsic("fabs"), VECTOR, (VECTOR,))
def absolute(a: Any) -> Any:
    return np.abs(a)


@instruction(_intrinsic("copysign"), VECTOR, (VECTOR, VECTOR))
def copysign(a: Any, b: Any) -> Any:
    """|a| with the sign of b."""
    return np.copysign(a, b)


def _choose(_: Any, builder: Any, *values: Any) -> Any:
    a, b, above, otherwise = (_spread(builder, value) for value in values)
    return builder.select(builder.fcmp_ordered(">", a, b), above, otherwise)


@instruction(_choose, VECTOR, *[(a, b, c, d) for a in _EITHER for b in _EITHER for c in _EITHER for d in _EITHER])
def where_above(a: Any, b: Any, above: Any, otherwise: Any) -> Any:
    """``above`` in the lanes where a > b, ``otherwise`` in the others, and where a or b is NaN."""
    return np.where(a > b, above, otherwise)


_WHOLE = 1.5 * 2.0**52  # added to a number below 2^51 it leaves its whole part in the last bits
_BITS = ir.VectorType(ir.IntType(64), LANES)


def _constant(value: Any, kind: ir.VectorType = _LANES) -> Any:
    return ir.Constant(kind, [value] * LANES)


def _two_to(_: Any, builder: Any, k: Any) -> Any:
    bits = builder.bitcast(builder.fadd(k, _constant(_WHOLE)), _BITS)
    bits = builder.shl(builder.add(bits, _constant(1023, _BITS)), _constant(52, _BITS))
    return builder.bitcast(bits, _LANES)


@instruction(_two_to, VECTOR, (VECTOR,))
def two_to(k: Any) -> Any:
    """2^k of whole numbers, −1022 … 1023."""
    return np.exp2(k)


@instruction(
    lambda _, builder, a: builder.fsub(builder.fadd(a, _constant(_WHOLE)), _constant(_WHOLE)), VECTOR, (VECTOR,)
)
def whole(a: Any) -> Any:
    """The whole number next to a, of numbers below 2^51."""
    return np.round(a)


def _shuffle(*lanes: int) -> Callable[..., Any]:
    order = ir.Constant(ir.VectorType(_INDEX, LANES), lanes)
    return lambda _, builder, a, b: builder.shuffle_vector(a, b, order)


def _interleaved(a: Any, b: Any, width: int, first: int) -> Any:
    """Every other group of ``width`` lanes of a, each followed by the same of b, beginning with group ``first``."""
    groups = np.stack([a.reshape(-1, width)[first::2], b.reshape(-1, width)[first::2]], axis=1)
    return groups.reshape(LANES)


@instruction(_shuffle(0, 8, 2, 10, 4, 12, 6, 14), VECTOR, (VECTOR, VECTOR))
def even_lanes(a: Any, b: Any) -> Any:
    return _interleaved(a, b, 1, 0)


@instruction(_shuffle(1, 9, 3, 11, 5, 13, 7, 15), VECTOR, (VECTOR, VECTOR))
def odd_lanes(a: Any, b: Any) -> Any:
    return _interleaved(a, b, 1, 1)


@instruction(_shuffle(0, 1, 8, 9, 4, 5, 12, 13), VECTOR, (VECTOR, VECTOR))
def even_pairs(a: Any, b: Any) -> Any:
    return _interleaved(a, b, 2, 0)


@instruction(_shuffle(2, 3, 10, 11, 6, 7, 14, 15), VECTOR, (VECTOR, VECTOR))
def odd_pairs(a: Any, b: Any) -> Any:
    return _interleaved(a, b, 2, 1)


@instruction(_shuffle(0, 1, 2, 3, 8, 9, 10, 11), VECTOR, (VECTOR, VECTOR))
def first_halves(a: Any, b: Any) -> Any:
    return _interleaved(a, b, 4, 0)


@instruction(_shuffle(4, 5, 6, 7, 12, 13, 14, 15), VECTOR, (VECTOR, VECTOR))
def second_halves(a: Any, b: Any) -> Any:
    return _interleaved(a, b, 4, 1)


@compiled
def sum_of_lanes(value: Any, desk: np.ndarray) -> Any:
    """The sum of the numbers of a vector, in their order; the first row of ``desk`` is scratch."""
    store(desk, 0, value)
    total = entry(desk, 0, 0)
    for lane in range(1, LANES):
        total += entry(desk, 0, lane)
    return total
