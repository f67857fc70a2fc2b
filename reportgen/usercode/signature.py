"""What a user's function takes, and whether arguments fit it."""

from __future__ import annotations

import ast
from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches
from inspect import Parameter, Signature
from typing import Any

from reportgen.usercode.reference import Reference
from reportgen.usercode.source import Source


def read_signature(reference: Reference, source: Source) -> Signature | None:
    """The signature of the function of this name, by reading its file alone: nothing is run.

    None if reading does not tell: the name is a class, is imported, decorated, or bound more than once.
    """
    try:
        tree = ast.parse(source.file.read_bytes())
    except (SyntaxError, ValueError):
        return None  # reported with its line when it is run
    bound = [node for node in ast.walk(tree) if _binds(node, reference.name)]
    if len(bound) != 1 or bound[0] not in tree.body:
        return None
    (function,) = bound
    if not isinstance(function, ast.FunctionDef) or function.decorator_list:
        return None
    return _signature(function.args)


@dataclass(frozen=True)
class Misfit:
    """Keyword arguments with which a function cannot be called."""

    unknown: tuple[str, ...]
    text: str
    """“takes (width): height is unknown. Change one of the two.”"""


def misfit(expected: Signature, arguments: Collection[str]) -> Misfit | None:
    """What is wrong with keyword arguments of these names; None if they fit."""
    parameters = expected.parameters.values()
    by_name = [
        p.name for p in parameters if p.kind in (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
    ]
    rest = {p.kind for p in parameters}
    named = set(by_name) & set(arguments)
    required = [
        p.name
        for p in parameters
        if p.default is Parameter.empty and p.kind not in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    ]
    missing = [name for name in required if name not in named]
    unknown = () if Parameter.VAR_KEYWORD in rest else tuple(name for name in arguments if name not in named)
    if not missing and not unknown:
        return None
    told = [f"{name} is missing" for name in missing] + [f"{name} is unknown" for name in unknown]
    near = [get_close_matches(name, set(by_name) - named, n=1) for name in unknown]
    remedy = f"Did you mean {near[0][0]}?" if len(near) == 1 and near[0] else "Change one of the two."
    return Misfit(unknown, f"takes {expected}: {', '.join(told)}. {remedy}")


class _Written:
    """A default value as it is written in the file."""

    def __init__(self, node: ast.expr) -> None:
        self.text = ast.unparse(node)

    def __repr__(self) -> str:
        return self.text


def _binds(node: ast.AST, name: str) -> bool:
    """Whether a node binds the name, wherever it is in the file."""
    if isinstance(node, ast.Name):
        return node.id == name and not isinstance(node.ctx, ast.Load)
    if isinstance(node, ast.alias):
        return (node.asname or node.name.partition(".")[0]) in (name, "*")
    return getattr(node, "name", None) == name  # a function, a class, an exception that is caught, a pattern


def _signature(of: ast.arguments) -> Signature:
    positional = [
        *((each.arg, Parameter.POSITIONAL_ONLY) for each in of.posonlyargs),
        *((each.arg, Parameter.POSITIONAL_OR_KEYWORD) for each in of.args),
    ]
    without = len(positional) - len(of.defaults)
    defaults = [None] * without + list(of.defaults)
    found = [_parameter(name, kind, value) for (name, kind), value in zip(positional, defaults, strict=True)]
    if of.vararg is not None:
        found.append(Parameter(of.vararg.arg, Parameter.VAR_POSITIONAL))
    for each, value in zip(of.kwonlyargs, of.kw_defaults, strict=True):
        found.append(_parameter(each.arg, Parameter.KEYWORD_ONLY, value))
    if of.kwarg is not None:
        found.append(Parameter(of.kwarg.arg, Parameter.VAR_KEYWORD))
    return Signature(found)


def _parameter(name: str, kind: Any, default: ast.expr | None) -> Parameter:
    return Parameter(name, kind, default=Parameter.empty if default is None else _Written(default))
