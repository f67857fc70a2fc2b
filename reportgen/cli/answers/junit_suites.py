"""What each command judges, as suites of cases, of which one fails if and only if the exit code is not 0."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from reportgen.cli.answers import drift_lines
from reportgen.cli.answers.junit import Case, Outcome, Suite
from reportgen.cli.answers.tables import place_of
from reportgen.findings import drift

if TYPE_CHECKING:
    from pathlib import Path

    from reportgen.cli.answers.drift_lines import Comparison
    from reportgen.cli.answers.drift_together import Together
    from reportgen.findings import ClaimFinding, Findings
    from reportgen.verification import Verification

REPORT = "report"
"""Name of the case that stands for a report as a whole; with it no suite is empty."""


def of_findings(findings: Findings, seconds: float = 0.0) -> Suite:
    """One case per claim, and per cell or estimator without a result, of a run that took `seconds`."""
    from reportgen.report.provenance import recorded_date

    cases = [Case(REPORT, seconds=seconds), *_lost(findings), *map(_of_claim, findings.claims)]
    return Suite(findings.experiment.experiment, tuple(cases), recorded_date(findings))


def without_report(failed: Mapping[str, str], left_out: Mapping[str, str]) -> list[Suite]:
    """Suites of experiments that failed (name → cause) or were left out (name → the data set they lack)."""
    broke = [Suite(name, (Case(REPORT, "error", "no report", why),)) for name, why in failed.items()]
    skipped = [
        Suite(name, (Case(REPORT, "skipped", message=f"the data set {data} is not on this machine"),))
        for name, data in left_out.items()
    ]
    return [*broke, *skipped]


def of_comparison(found: Comparison) -> Suite:
    """One case per claim, and one per number that drifted."""
    text = "\n".join(drift_lines.lines(found))
    claims = [_of_drift(claim) for claim in found.claims or ()]
    return Suite(found.name, (Case("numbers", text=text), *claims, *_drifted(found)))


def of_folders(found: Together) -> list[Suite]:
    """One suite per report."""
    return [
        *map(of_comparison, found.found),
        *(Suite(name, (Case(REPORT, "error", "damaged", why),)) for name, why in found.damaged.items()),
        *(_alone(folder, "failure", drift.VANISHED) for folder in found.vanished),
        *(_alone(folder, "passed", "new") for folder in found.added),
    ]


def of_verification(found: Verification) -> Suite:
    """Cases for the verdict, for each fault of the evidence, and for each thing that is not as reported."""
    from reportgen.cli.answers.verdict_lines import ending, others

    whole = Case(REPORT, text=ending(found))
    if found.exit_code:
        whole = Case(REPORT, "error" if found.broken else "failure", found.verdict, ending(found))
    faults = [Case(f"evidence: {fault}", "failure", "evidence", fault) for fault in found.evidence.faults]
    apart = [Case(one["where"], "failure", one["standing"], one["change"]) for one in others(found)]
    return Suite(str(found.evidence.manifest["experiment"]), (whole, *faults, *apart))


def _lost(findings: Findings) -> Iterator[Case]:
    from reportgen.findings import broken_arms

    for cell in findings.broken:
        name = (place_of(cell) or f"{cell.kind}: ").removesuffix(": ")
        if cell.paused:
            yield Case(name, "failure", "unfinished", cell.cause)
        else:
            yield Case(name, "error", "broken", cell.cause)
    causes: dict[str, list[str]] = {}
    for arm in broken_arms(findings.measurements):
        causes.setdefault(arm.label, []).append(arm.cause or "no cause was kept")
    for label, found in causes.items():
        told = list(dict.fromkeys(found))
        yield Case(f"estimator {label}", "error", "broken", told[0], "\n".join(told[1:]))


def _of_claim(claim: ClaimFinding) -> Case:
    from reportgen.findings import prose

    effect = f"{claim.effect} {prose.with_interval(claim.estimate)}" if claim.estimate.available else ""
    text = "\n".join(filter(None, (claim.statement, claim.test, effect, claim.cause)))
    name = f"claim {claim.id}"
    if claim.as_expected:
        return Case(name, text=text)
    outcome: Outcome = "error" if claim.verdict == "broken" else "failure"
    return Case(name, outcome, claim.verdict, f"{claim.verdict}, expected: {claim.expect}", text)


def _of_drift(claim: drift.ClaimDrift) -> Case:
    change = drift_lines.became(claim.old, claim.new)
    if claim.status in drift.DRIFT:
        return Case(f"claim {claim.id}", "failure", claim.status, change)
    return Case(f"claim {claim.id}", text=change)


def _drifted(found: Comparison) -> Iterator[Case]:
    listed = drift_lines.ranked(found.numbers)
    for number in [*listed, *(n for n in found.numbers if n.newly_broken and n not in listed)]:
        name = f"{drift_lines.where(number)}, {number.row.statistic}"
        change = (
            f"{drift_lines.value(number.old)} → {drift_lines.value(number.new)}, {drift_lines.why(number)}"
        )
        yield Case(name, "error" if number.newly_broken else "failure", number.status, change)


def _alone(folder: Path, outcome: Outcome, status: str) -> Suite:
    return Suite(folder.name, (Case(REPORT, outcome, status, f"{status}, only {folder} is there"),))
