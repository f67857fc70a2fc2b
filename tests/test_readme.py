"""The README's examples of own code and of Python are the files that are there, and they run."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

import reportgen
from reportgen.datasets import DATASETS
from reportgen.declaration import load, load_text
from reportgen.declaration.claims.statistics import MODEL_STATISTICS, STATISTICS
from reportgen.declaration.problems import PROBLEMS
from reportgen.distributions import DISTRIBUTIONS
from reportgen.estimators import ESTIMATORS
from reportgen.objectives import OBJECTIVES
from tests.example_model import EXAMPLES

ROOT = Path(__file__).resolve().parent.parent
README, OWN_CODE = ROOT / "README.md", ROOT / "docs" / "own_code.md"
EXPERIMENTS = ROOT / "docs" / "experiments.md"


def section(page: Path, title: str) -> str:
    """One section's text, without its heading."""
    found = re.search(
        rf"^## {title}\n(.*?)(?:^## |\Z)", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert found is not None
    return found[1]


def blocks(page: Path, title: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", section(page, title), re.MULTILINE | re.DOTALL)


def printed(page: Path, title: str) -> list[list[str]]:
    """Indented blocks, the output that is shown, as lines."""
    found = re.findall(r"prints\n\n((?:    .*\n)+)", section(page, title))
    return [textwrap.dedent(block).splitlines() for block in found]


def test_the_model_shown_is_the_example() -> None:
    shown = "".join(blocks(OWN_CODE, "Your own model", "python")) + "".join(
        blocks(OWN_CODE, "Your own model", "yaml")
    )
    whole = "".join((EXAMPLES / name).read_text() for name in ("my_vae.py", "my_vae.yaml"))
    lines = {line.strip() for line in whole.splitlines()}
    assert len(shown.splitlines()) > 10
    assert [line for line in shown.splitlines() if line.strip() not in lines] == []


def test_the_estimator_that_a_function_makes_is_the_example() -> None:
    code, _ = blocks(OWN_CODE, "Your own estimator", "python")
    assert (EXAMPLES / "my_baseline.py").read_text().endswith(f"\n{code}")
    (shown,) = blocks(OWN_CODE, "Your own estimator", "yaml")
    declared = load(EXAMPLES / "my_baseline.yaml").estimators
    labels = [spec.label for spec in declared]
    for spec in load_text(f"experiment: x\nproblem: {{model: conjugate}}\n{shown}").estimators:
        whole = declared[labels.index(spec.label)]
        assert (spec.name, spec.num_samples) == (whole.name, whole.num_samples)


def test_a_q_without_a_network_is_measured_as_shown() -> None:
    """Of the quadratic E[∂f/∂μ] is −Λ μ, and pathwise's variance of it tr Λ Σ_q Λ, with Σ_q the identity."""
    space: dict[str, Any] = {}
    exec(*blocks(OWN_CODE, "A q without a network", "python"), space)
    found = reportgen.measure(space["build"](3, 0.5), ["pathwise", "score_function"], "reconstruction")
    precision = torch.linalg.inv(0.5 * torch.eye(3) + 0.5)
    told = found.get("total_variance", "pathwise", "mean")
    assert told.low < float((precision @ precision).trace()) < told.high
    norm = found.get("mean_norm", "pathwise", "mean")
    assert norm.low < float(precision.sum(0).norm()) < norm.high
    assert found.get("coordinate_lower", "score_function").value == 1.0


@pytest.mark.long
def test_the_lattice_shown_estimates_the_same_gradient_with_less_noise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    space: dict[str, Any] = {}
    (code,) = [code for code in blocks(OWN_CODE, "Your own estimator", "python") if "lattice" in code]
    exec(code, space)
    monkeypatch.syspath_prepend(EXAMPLES)
    torch.manual_seed(0)
    model = importlib.import_module("my_vae").build(epochs=1)
    options: dict[str, Any] = {"num_samples": 16, "precision": 0.1, "min_replicates": 256, "budget": 5_000}
    found = reportgen.measure(model, ["pathwise", space["LATTICE"]], "reconstruction", **options)
    assert found.ratio("pathwise", "lattice").low > 1.5
    along = found.get("relative_projection", "lattice")
    assert along.low < 1.0 < along.high and along.high - along.low < 0.1
    assert found.get("bias_p_value", "lattice").value > 0.01
    assert found.get("evaluations", "lattice").value == 32


FC_VAE = """
import torch
from torch import nn


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc21, self.fc22 = nn.Linear(9, 5), nn.Linear(5, 2), nn.Linear(5, 2)
        self.fc3, self.fc4 = nn.Linear(2, 5), nn.Linear(5, 9)

    def encode(self, x):
        h = torch.relu(self.fc1(x))
        return self.fc21(h), self.fc22(h)

    def decode(self, z):
        return torch.sigmoid(self.fc4(torch.relu(self.fc3(z))))


images = torch.eye(9)
"""


def test_an_existing_vae_is_measured_as_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """η and the likelihood are those of the VAE's own `encode` and `decode`, from the weights in the file."""
    import torch

    from reportgen.problems.own_checks import check
    from reportgen.problems.python_model import as_problem

    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "vae", raising=False)
    (tmp_path / "vae.py").write_text(FC_VAE)
    space: dict[str, Any] = {"__file__": str(tmp_path / "mine.py")}
    exec(FC_VAE, fitted := {})
    torch.manual_seed(1)
    vae = fitted["VAE"]()
    torch.save(vae.state_dict(), tmp_path / "weights.pt")
    exec(*blocks(OWN_CODE, "An existing VAE", "python"), space)
    own = as_problem(space["build"](points=4), "x")
    check(own)
    x, z = torch.eye(9)[:4], torch.tensor([[0.3, -2.0], [1.5, 0.1]])
    with torch.no_grad():
        q, (mean, log_variance) = own.family(own.encoder(x)), vae.encode(x)
        torch.testing.assert_close(q.mean.flatten(), mean.flatten())
        torch.testing.assert_close(q.scale.flatten(), log_variance.exp().sqrt().flatten())
        expected = torch.distributions.Bernoulli(vae.decode(z)).log_prob(x.unsqueeze(1)).sum(-1)
        torch.testing.assert_close(own.log_likelihood(z.expand(4, 2, 2)), expected)
    monkeypatch.delitem(sys.modules, "vae")


def test_the_estimator_shown_is_declared_as_shown_and_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import reportgen

    monkeypatch.chdir(tmp_path)
    code = blocks(README, "Your own code", "python")[2]
    (declared,) = blocks(README, "Your own code", "yaml")
    Path("my_estimator.py").write_text(code)
    options = "measure: {precision: 50%, budget: 4e3, min_replicates: 64}"
    Path("own.yaml").write_text(f"experiment: own\nproblem: {{model: conjugate}}\n{options}\n{declared}")
    assert yaml.safe_load(declared)["estimators"][0]["label"] == "centred"
    results = reportgen.run("own.yaml", allow_code=True)
    assert results.broken == ()
    assert results.findings.get("total_variance", "centred").available


def test_the_declarations_own_example_is_in_order() -> None:
    (shown,) = blocks(README, "Your own experiment", "yaml")
    assert load_text(shown).experiment == "mine"


def test_every_statistic_that_a_claim_may_name_is_told() -> None:
    kinds = {f"`{name}({kind.form})`": kind.meaning for name, kind in STATISTICS.items()}
    kinds |= {f"`{name}`": meaning for name, meaning in MODEL_STATISTICS.items()}
    rows = re.findall(r"^\| (`.*`) \| (.*) \|$", section(EXPERIMENTS, "Claims"), re.MULTILINE)
    assert dict(rows) == kinds, "docs/experiments.md has a row for each, its meaning word for word"


@pytest.mark.long
@pytest.mark.usefixtures("quick_reports")
def test_what_is_typed_in_python_prints_what_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Verdicts and labels to the letter; numbers differ between machines, and times between runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(EXAMPLES))
    space: dict[str, Any] = {}

    (shown,) = printed(OWN_CODE, "From Python")
    exec(*blocks(OWN_CODE, "From Python", "python"), space)
    told = capsys.readouterr().out.splitlines()
    assert [columns(line)[:2] for line in told] == [columns(line)[:2] for line in shown]
    assert space["page"].is_file() and space["rows"][0]["experiment"] == "smoke"

    codes = blocks(README, "Your own code", "python")
    for code, shown in zip(codes, printed(README, "Your own code"), strict=False):
        exec(code.replace("precision=0.05", "precision=0.2, min_replicates=64, budget=1024"), space)
        told = capsys.readouterr().out.splitlines()
        assert len(shown) > 3 and [columns(line)[0] for line in told[1:-1]] == [
            columns(line)[0] for line in shown[1:-1]
        ]
        assert told[-1] == shown[-1] and told[0].rpartition(",")[0][:30] == shown[0].rpartition(",")[0][:30]
    ratio = space["found"].ratio("score_function", "pathwise").value
    assert ratio == pytest.approx(float(columns(shown[2])[3].split()[0]), rel=0.2)


def columns(line: str) -> list[str]:
    return re.split(r"\s{2,}", line)


def test_the_noise_of_a_minibatch_is_what_is_shown_and_what_all_data_give(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The noise scale tr Σ/‖G‖² from the gradients of all data points one by one, and the printed ones."""
    code, shown = blocks(OWN_CODE, "Any gradient", "python")[0], printed(OWN_CODE, "Any gradient")[0]
    space: dict[str, Any] = {}
    exec(code, space)
    told = capsys.readouterr().out.splitlines()
    assert [columns(line)[0][:24] for line in told] == [columns(line)[0][:24] for line in shown]
    model, found = space["model"], space["found"]
    rows = []
    for image, label in zip(space["images"], space["labels"], strict=True):
        model.zero_grad()
        torch.nn.functional.cross_entropy(model(image), label).backward()
        rows.append(torch.cat([parameter.grad.flatten() for parameter in model.parameters()]).double())
    each = torch.stack(rows)
    noise, squared = float(each.var(0, correction=0).sum()), float((each.mean(0) ** 2).sum())
    for size, line in zip((8, 32), shown[-2:], strict=True):
        variance = found.get("total_variance", f"batch of {size}")
        assert variance.low < noise / size < variance.high
        ratio = found.get("signal_to_noise", f"batch of {size}")
        assert size / ratio.high**2 < noise / squared < size / ratio.low**2
        assert float(line.split()[-3]) == pytest.approx(size / ratio.value**2, rel=0.05)


def test_pictures_without_their_reports_say_what_to_run(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "docs" / "pictures.py"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    (line,) = done.stderr.splitlines()
    assert done.returncode == 1 and line.startswith(f"{tmp_path}/burda2016/report.pdf: needs this report")
    assert line.endswith("Run `reportgen report burda2016 burda2016_table1_smoke` first.")


@pytest.mark.parametrize(
    "table", [ESTIMATORS, PROBLEMS, DISTRIBUTIONS, OBJECTIVES, DATASETS], ids=lambda table: next(iter(table))
)
def test_all_that_can_be_named_is_named(table: dict[str, Any]) -> None:
    """A baseline is an option of its estimator: `optimal_constant` of `score_function`."""
    named = set(re.findall(r"`([^`]+)`", section(EXPERIMENTS, "What can be named")))
    named |= set(re.findall(r"^\| `(\w+)`", section(EXPERIMENTS, "MNIST and other data sets"), re.MULTILINE))
    words = {word for text in named for word in re.findall(r"\w+", text)}
    for name in table:
        option = name.removeprefix("score_function_")
        assert {name, option} & words, (
            f"{name}: must be named in docs/experiments.md, section “What can be named”"
        )
