"""The text of a condition in, a judge of values out: a handful of operators, and no way to anything else."""

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sweeps.settings import SpaceError

_HIGHEST_POWER: Final = 64  # higher ones are no hyperparameters, and take for ever
_ARITHMETIC: Final[dict[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_COMPARISONS: Final[dict[type[ast.cmpop], Callable[[Any, Any], Any]]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.In: lambda part, whole: part in whole,
    ast.NotIn: lambda part, whole: part not in whole,
}
_UNARY: Final[dict[type[ast.unaryop], Callable[[Any], Any]]] = {
    ast.Not: operator.not_,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
_FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {"len": len, "min": min, "max": max, "abs": abs}


@dataclass(frozen=True)
class Condition:
    """What must hold between the values of a trial.

    Attributes:
        text: as it was written.
        keys: dotted config keys in it.
    """

    text: str
    keys: tuple[str, ...]
    _tree: ast.expr = field(repr=False, compare=False)

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Tell whether it holds.

        Args:
            values: of all its keys.

        Raises:
            SpaceError: the values do not go together, such as text and a number.
        """
        try:
            return bool(_value(self._tree, values))
        except (TypeError, ArithmeticError, ValueError) as error:
            found = ", ".join(f"{key} = {values[key]!r}" for key in self.keys)
            raise SpaceError(f"constraint {self.text!r}: {error} (found {found})") from error


def read_condition(text: object, where: str) -> Condition:
    """Read a condition.

    Raises:
        SpaceError: it is no condition, or holds something else than keys, numbers, text, lists, arithmetic,
            comparisons, ``and``, ``or``, ``not``, ``in``, ``len``, ``min``, ``max`` and ``abs``.
    """
    try:
        tree = ast.parse(text if isinstance(text, str) else "", mode="eval").body
        keys = tuple(dict.fromkeys(_keys(tree)))
    except (SyntaxError, _UnknownError, RecursionError) as error:
        raise SpaceError(
            f"{where}: constraint {text!r}: {error}; expected an expression such as a.b <= 2 * c, of config keys, "
            f"numbers, text, lists, + - * / // % **, comparisons, and, or, not, in, {', '.join(_FUNCTIONS)}"
        ) from error
    is_condition = isinstance(tree, ast.Compare | ast.BoolOp) or (
        isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not)
    )
    if not is_condition or not keys:
        raise SpaceError(f"{where}: constraint {text!r} says nothing of any key; expected something like a.b <= 2 * c")
    return Condition(str(text), keys, tree)


class _UnknownError(ValueError):
    """A piece of Python that is no part of a condition."""


def _keys(node: ast.expr) -> list[str]:
    """Return the keys in an expression; whatever is not understood is refused here, before anything is computed."""
    match node:
        case ast.Constant(value=bool() | int() | float() | str() | None):
            return []
        case ast.Name() | ast.Attribute():
            return [_dotted(node)]
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.BoolOp(values=parts):
            pass
        case ast.UnaryOp(op=symbol, operand=operand) if type(symbol) in _UNARY:
            parts = [operand]
        case ast.BinOp(left=left, op=symbol, right=right) if type(symbol) in _ARITHMETIC:
            parts = [left, right]
        case ast.Compare(left=left, ops=symbols, comparators=others) if {*map(type, symbols)} <= set(_COMPARISONS):
            parts = [left, *others]
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _FUNCTIONS and arguments:
            parts = arguments
        case _:
            raise _UnknownError(f"found {ast.unparse(node)!r}")
    return [key for part in parts for key in _keys(part)]


def _dotted(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            return f"{_dotted(value)}.{name}"
        case _:
            raise _UnknownError(f"found {ast.unparse(node)!r}")


def _value(node: ast.expr, values: Mapping[str, Any]) -> Any:  # noqa: ANN401, PLR0911 - one line for each kind of node
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name() | ast.Attribute():
            return values[_dotted(node)]
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            return [_value(part, values) for part in parts]
        case ast.BoolOp(op=symbol, values=parts):
            return (all if isinstance(symbol, ast.And) else any)(_value(part, values) for part in parts)
        case ast.UnaryOp(op=symbol, operand=operand):
            return _UNARY[type(symbol)](_value(operand, values))
        case ast.BinOp(left=left, op=symbol, right=right):
            return _calculated(symbol, _number(_value(left, values)), _number(_value(right, values)))
        case ast.Compare():
            return _compared(node, values)
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _FUNCTIONS[name](*(_value(argument, values) for argument in arguments))
    raise AssertionError(ast.dump(node))  # `_keys` has refused it


def _calculated(symbol: ast.operator, left: float, right: float) -> float:
    if isinstance(symbol, ast.Pow) and abs(right) > _HIGHEST_POWER:
        raise ValueError(f"a power of {right} is more than the {_HIGHEST_POWER} that are allowed")
    result: float = _ARITHMETIC[type(symbol)](left, right)
    return result


def _compared(node: ast.Compare, values: Mapping[str, Any]) -> bool:
    left = _value(node.left, values)
    for symbol, other in zip(node.ops, node.comparators, strict=True):
        right = _value(other, values)
        if not _COMPARISONS[type(symbol)](left, right):
            return False
        left = right
    return True


def _number(value: object) -> float:
    if not isinstance(value, int | float):
        raise TypeError(f"found {value!r}, expected a number to calculate with")
    return value
