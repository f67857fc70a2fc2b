"""The press makes the same bytes from the same records: it uses no product whose rounding varies.

A matrix product of BLAS adds its terms in an order that depends on where its operands lie.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import reportgen

PRODUCTS = {"dot", "vdot", "inner", "matmul", "tensordot", "einsum", "linalg", "cov", "corrcoef", "polyfit"}
ROOMS = ("findings", "figures", "report", "verification")


def products(code: str) -> Iterator[tuple[int, str]]:
    """Line and name of every product that a library of linear algebra would make."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
            yield node.lineno, "@"
        elif isinstance(node, ast.Attribute) and node.attr in PRODUCTS:
            yield node.lineno, node.attr


@pytest.mark.parametrize("room", ROOMS)
def test_the_press_takes_no_such_product(room: str) -> None:
    files = sorted((Path(reportgen.__file__).parent / room).rglob("*.py"))
    assert files
    found = [(path.name, *one) for path in files for one in products(path.read_text(encoding="utf-8"))]
    assert found == []


def test_one_would_be_found() -> None:
    code = "import numpy as np\na = b @ c\nd = np.tensordot(a, b, 1)\ne = a.dot(b)\nf = (a * b).sum(0)\n"
    assert list(products(code)) == [(2, "@"), (3, "tensordot"), (4, "dot")]
