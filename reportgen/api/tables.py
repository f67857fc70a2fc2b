"""Tables for a terminal and a notebook, without fonts or scripts, in the colours of the page around them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

STYLE = """
.reportgen{--rg-mark:#0b63b0;--rg-good:#1a7f37;--rg-bad:#b3261e;font-size:13px;line-height:1.45;overflow-x:auto}
@media (prefers-color-scheme:dark){.reportgen{--rg-mark:#6cb6ff;--rg-good:#57c470;--rg-bad:#ff8a80}}
[data-jp-theme-light=true] .reportgen{--rg-mark:#0b63b0;--rg-good:#1a7f37;--rg-bad:#b3261e}
[data-jp-theme-light=false] .reportgen{--rg-mark:#6cb6ff;--rg-good:#57c470;--rg-bad:#ff8a80}
.reportgen p{margin:.3em 0}
.reportgen table{border-collapse:collapse;margin:.2em 0;font-size:inherit}
.reportgen th,.reportgen td{padding:2px 14px 2px 0;text-align:left;white-space:nowrap;background:none;
border:0;vertical-align:middle;color:inherit}
.reportgen thead th{font-weight:600;vertical-align:bottom;border-bottom:1px solid currentColor}
.reportgen .n{text-align:right;font-variant-numeric:tabular-nums}
.reportgen .good{color:var(--rg-good)}.reportgen .bad{color:var(--rg-bad)}
.reportgen .quiet{opacity:.7}
.reportgen td.bar,.reportgen th.bar{padding-top:0;padding-bottom:0}
.reportgen svg{display:block;overflow:visible}
"""


def styled(content: str) -> str:
    """A piece of HTML that needs nothing around it, in the page's own text colour and background."""
    return f'<div class="reportgen"><style>{STYLE}</style>{content}</div>'


def aligned(rows: Sequence[Sequence[str]], numbers: Iterable[int] = ()) -> Iterable[str]:
    """Lines with aligned columns, those in `numbers` aligned to the right; the first row is the heading.

    A column with nothing under its heading is left out.
    """
    right = set(numbers)
    kept = [i for i in range(len(rows[0])) if any(row[i] for row in rows[1:])]
    widths = {i: max(len(row[i]) for row in rows) for i in kept}
    for row in rows:
        cells = (row[i].rjust(widths[i]) if i in right else row[i].ljust(widths[i]) for i in kept)
        yield "  ".join(cells).rstrip()
