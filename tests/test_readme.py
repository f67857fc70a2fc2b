"""What the README shows of a user's own code and of Python is what is there, and it runs."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml

from reportgen.declaration import load_text
from tests.example_model import EXAMPLES

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """One section's text, without its heading."""
    found = re.search(rf"^## {title}\n(.*?)^## ", README, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def blocks(title: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", section(title), re.MULTILINE | re.DOTALL)


def printed(title: str) -> list[list[str]]:
    """Indented blocks, the output that is shown, as lines."""
    found = re.findall(r"prints\n\n((?:    .*\n)+)", section(title))
    return [textwrap.dedent(block).splitlines() for block in found]


def test_the_model_shown_is_the_example() -> None:
    shown = "".join(blocks("Your own model", "python")) + "".join(blocks("Your own model", "yaml"))
    whole = "".join((EXAMPLES / name).read_text() for name in ("my_vae.py", "my_vae.yaml"))
    lines = {line.strip() for line in whole.splitlines()}
    assert len(shown.splitlines()) > 10
    assert [line for line in shown.splitlines() if line.strip() not in lines] == []


def test_the_estimator_shown_is_declared_as_shown_and_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import reportgen

    monkeypatch.chdir(tmp_path)
    (code,) = blocks("Your own estimator", "python")
    (declared,) = blocks("Your own estimator", "yaml")
    Path("my_estimator.py").write_text(code)
    options = "measure: {precision: 50%, budget: 4e3, min_replicates: 64}"
    Path("own.yaml").write_text(f"experiment: own\nproblem: {{model: conjugate}}\n{options}\n{declared}")
    assert yaml.safe_load(declared)["estimators"][0]["label"] == "centred"
    results = reportgen.run("own.yaml", allow_code=True)
    assert results.broken == ()
    assert results.findings.get("total_variance", "centred").available


def test_the_declarations_own_example_is_in_order() -> None:
    (shown,) = blocks("Your own experiment", "yaml")
    assert load_text(shown).experiment == "mine"


def test_what_is_typed_in_python_prints_what_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Verdicts and labels to the letter; numbers differ between machines, and times between runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(EXAMPLES))
    shown = printed("From Python")
    codes = blocks("From Python", "python")
    assert len(codes) == len(shown) == 2
    space: dict[str, Any] = {}
    exec(codes[0], space)
    told = capsys.readouterr().out.splitlines()
    assert [re.split(r"\s{2,}", line)[:2] for line in told] == [
        re.split(r"\s{2,}", line)[:2] for line in shown[0]
    ]
    assert space["page"].is_file() and space["rows"][0]["experiment"] == "smoke"
    exec(codes[1], space)
    told = capsys.readouterr().out.splitlines()
    assert [re.split(r"\s{2,}", line)[:2] for line in told[1:-1]] == [
        re.split(r"\s{2,}", line)[:2] for line in shown[1][1:-1]
    ]
    assert told[-1] == shown[1][-1] and told[0].rpartition(",")[0][:40] == shown[1][0][:40]
    ratio = space["found"].ratio("score_function", "pathwise").value
    stated = float(re.split(r"\s{2,}", shown[1][2])[3].split()[0])
    assert ratio == pytest.approx(stated, rel=0.2)


def test_pictures_without_their_reports_say_what_to_run(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "docs" / "pictures.py"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    (line,) = done.stderr.splitlines()
    assert done.returncode == 1 and line.startswith(f"{tmp_path}/burda2016/report.pdf: needs this report")
    assert line.endswith("Run `reportgen report burda2016 burda2016_table1_smoke` first.")
