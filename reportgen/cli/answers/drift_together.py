"""`reportgen compare` of two output folders: the reports that both hold, and those that only one holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reportgen.cli.answers import drift_lines
from reportgen.cli.answers.drift_lines import Comparison
from reportgen.cli.exit_codes import CONTRARY, worst
from reportgen.errors import UsageError
from reportgen.findings.finished import RESULTS, reports_in


@dataclass(frozen=True)
class Together:
    """Two output folders, report by report."""

    found: tuple[Comparison, ...]
    """Comparisons of the reports that both hold."""
    damaged: Mapping[str, str]
    """Name → cause, for reports that both hold and that cannot be read in one of them."""
    vanished: tuple[Path, ...]
    """Reports of OLD alone."""
    added: tuple[Path, ...]
    """Reports of NEW alone."""

    @property
    def exit_code(self) -> int:
        """The worst of all; a report that vanished counts as a drift."""
        codes = {one.exit_code for one in self.found}
        codes |= {CONTRARY} if self.vanished else set()
        return worst(codes | ({UsageError.exit_code} if self.damaged else set()))


def compare(old: Path, new: Path) -> Together | None:
    """Compares two folders of reports; None if one of the two is a report itself, or neither holds any.

    A damaged report does not stop the others. Raises UsageError if one is a folder of reports and the
    other holds none.
    """
    before, after = reports_in(old), reports_in(new)
    if not (before and after):
        reports, other = (old, new) if before else (new, old)
        if not (before or after) or other.is_file() or (other / RESULTS).is_file():
            return None
        holds = "holds none" if other.exists() else "there is nothing"
        raise UsageError(
            f"{other}: must be a folder of reports, as {reports} is, but {holds}. Correct the path, or make "
            f"them with `reportgen report --output {other}`."
        )
    found: list[Comparison] = []
    damaged: dict[str, str] = {}
    for name in (name for name in before if name in after):
        try:
            found.append(drift_lines.compare(before[name], after[name]))
        except UsageError as error:
            damaged[name] = str(error)
    return Together(
        tuple(found),
        damaged,
        tuple(folder for name, folder in before.items() if name not in after),
        tuple(folder for name, folder in after.items() if name not in before),
    )


def lines(together: Together) -> Iterable[str]:
    """The lines of each report, and at the end how many were compared, drifted, vanished and so on."""
    for one in together.found:
        yield from drift_lines.lines(one)
    alone = {"vanished": together.vanished, "new": together.added}
    for status, folders in alone.items():
        yield from (f"{folder.name}: {status}, only {folder} is there" for folder in folders)
    drifted = sum(one.exit_code != 0 for one in together.found)
    told = [f"reports compared: {len(together.found)}", f"drifted: {drifted}"]
    others = {**alone, "damaged": together.damaged}
    yield ", ".join([*told, *(f"{status}: {len(of)}" for status, of in others.items() if of)])


def answer(together: Together) -> dict[str, Any]:
    """All reports, for programs."""
    return {
        "exit_code": together.exit_code,
        "experiments": [drift_lines.answer(one) for one in together.found],
        "vanished": [str(folder) for folder in together.vanished],
        "damaged": [{"experiment": name, "cause": cause} for name, cause in together.damaged.items()],
        "added": [str(folder) for folder in together.added],
    }
