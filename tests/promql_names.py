"""Which metrics and labels a PromQL expression names, and which labels its result has."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from promql_parser import (
    AggModifierType,
    AggregateExpr,
    BinaryExpr,
    Call,
    Expr,
    LabelModifierType,
    MatrixSelector,
    NumberLiteral,
    ParenExpr,
    StringLiteral,
    SubqueryExpr,
    UnaryExpr,
    VectorMatchCardinality,
    VectorSelector,
    parse,
)

Labels = frozenset[str]
NONE: Labels = frozenset()


class Use(NamedTuple):
    """A metric, and the labels that the expression matches it by, groups it by or takes from it.

    Of a selector without a name, `metric` is what __name__ is compared with.
    """

    metric: str
    labels: Labels


def uses(expression: str) -> list[Use]:
    """Every selector of the expression. Raises ValueError if it is no PromQL."""
    return list(_uses(parse(expression), NONE))


def result_labels(expression: str, known: Mapping[str, Labels]) -> Labels:
    """The labels that the result may have; `known`: those of every metric."""
    return _result(parse(expression), known)


def _uses(expr: Expr, wanted: Labels) -> Iterator[Use]:
    """`wanted`: the labels that something around `expr` looks at."""
    match expr:
        case VectorSelector():
            matched = {matcher.name: matcher.value for matcher in expr.matchers.matchers}
            yield Use(expr.name or matched.get("__name__", ""), wanted | (matched.keys() - {"__name__"}))
        case AggregateExpr():
            yield from _uses(expr.expr, wanted | _grouped_by(expr))
        case BinaryExpr():
            on, taken = _on(expr), _taken(expr)
            left, right = wanted, NONE if str(expr.op) in ("and", "unless") else wanted
            if expr.modifier and expr.modifier.card == VectorMatchCardinality.ManyToOne:
                left, right = wanted - taken, taken
            elif expr.modifier and expr.modifier.card == VectorMatchCardinality.OneToMany:
                left, right = taken, wanted - taken
            yield from _uses(expr.lhs, left | on)
            yield from _uses(expr.rhs, right | on)
        case Call() if made := _made(expr):
            yield from _uses(expr.args[0], (wanted - {made}) | _sources(expr))
        case _:
            for inner in _inside(expr):
                yield from _uses(inner, wanted)


def _result(expr: Expr, known: Mapping[str, Labels]) -> Labels:
    match expr:
        case VectorSelector():
            return known.get(expr.name or "", NONE)
        case AggregateExpr() if str(expr.op) in ("topk", "bottomk"):
            return _result(expr.expr, known)
        case AggregateExpr():
            return (_result(expr.expr, known) - _removed(expr)) if _removed(expr) else _grouped_by(expr)
        case BinaryExpr():
            return _joined(expr, _result(expr.lhs, known), _result(expr.rhs, known))
        case Call() if made := _made(expr):
            return _result(expr.args[0], known) | {made}
    return NONE.union(*(_result(inner, known) for inner in _inside(expr)))


def _joined(expr: BinaryExpr, left: Labels, right: Labels) -> Labels:
    """The labels of the result, by those of both sides."""
    card = expr.modifier.card if expr.modifier else None
    if str(expr.op) == "or" or isinstance(expr.lhs, NumberLiteral):
        return left | right
    if card == VectorMatchCardinality.OneToMany:
        return right | _taken(expr)
    return ((card == VectorMatchCardinality.OneToOne and _on(expr)) or left) | _taken(expr)


def _inside(expr: Expr) -> list[Expr]:
    match expr:
        case Call():
            return list(expr.args)
        case MatrixSelector():
            return [expr.vector_selector]
        case ParenExpr() | SubqueryExpr() | UnaryExpr():
            return [expr.expr]
    return []


def _grouped_by(expr: AggregateExpr) -> Labels:
    modifier = expr.modifier
    return frozenset(modifier.labels) if modifier and modifier.type == AggModifierType.By else NONE


def _removed(expr: AggregateExpr) -> Labels:
    modifier = expr.modifier
    return frozenset(modifier.labels) if modifier and modifier.type == AggModifierType.Without else NONE


def _on(expr: BinaryExpr) -> Labels:
    matching = expr.modifier.matching if expr.modifier else None
    return frozenset(matching.labels) if matching and matching.type == LabelModifierType.Include else NONE


def _taken(expr: BinaryExpr) -> Labels:
    """By group_left or group_right from the other side."""
    return frozenset((expr.modifier.group_labels if expr.modifier else None) or ())


def _made(expr: Call) -> str:
    """The label that the function makes, if it makes one."""
    return _text(expr.args[1]) if expr.func.name in ("label_replace", "label_join") else ""


def _sources(expr: Call) -> Labels:
    """The labels that it is made of."""
    names = expr.args[3:4] if expr.func.name == "label_replace" else expr.args[3:]
    return frozenset(map(_text, names)) - {"", "__name__"}


def _text(expr: Expr) -> str:
    return expr.val if isinstance(expr, StringLiteral) else ""
