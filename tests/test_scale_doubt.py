"""A log variance in place of log σ is noticed if the model is trained: half of it has a higher ELBO."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import reportgen
from reportgen.findings.statistics import cautions as told
from reportgen.findings.statistics.cautions import cautions
from reportgen.problems.own_model import problem_of
from reportgen.problems.scale_doubt import halved_scale
from tests.toy_records import arm_record, record

CURVATURE = 8.0
POSTERIOR = -0.5 * math.log(1.0 + CURVATURE)
"""log σ of q at the optimum of the ELBO."""
TEXT = "if the encoder puts out a log variance, let it put out half of that, which is log σ."


class Constant(nn.Module):
    """The same log σ everywhere, means that are the data's."""

    def __init__(self, log_scale: float) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.tensor(log_scale, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.log_scale.expand_as(x)], 1)


def bowl(x: Tensor, out: Tensor) -> Tensor:
    """−log p(x|z) with the curvature, whatever x."""
    return -0.5 * CURVATURE * (out**2).sum(-1) + 0.0 * x.sum(-1)


def model(log_scale: float, family: str = "gaussian") -> reportgen.Model:
    x = torch.linspace(-1.0, 1.0, 6, dtype=torch.float64).view(3, 2)
    return reportgen.Model(Constant(log_scale), nn.Identity(), x, bowl, family)


def bound(log_scale: float) -> float:
    """The ELBO of both latent units, up to terms that do not depend on σ."""
    return 2.0 * (log_scale - 0.5 * (1.0 + CURVATURE) * math.exp(2.0 * log_scale))


@pytest.mark.parametrize("log_scale", [POSTERIOR, 2.0 * POSTERIOR, -0.1, 0.3])
def test_the_gain_is_that_of_the_closed_form(log_scale: float) -> None:
    gain, error = halved_scale(problem_of(model(log_scale)))["halved_scale"]
    assert abs(gain - (bound(0.5 * log_scale) - bound(log_scale))) < 4.0 * error
    assert 0.0 < error < 1.5


@pytest.mark.parametrize(("log_scale", "doubted"), [(POSTERIOR, False), (2.0 * POSTERIOR, True)])
def test_what_is_measured_says_so_beside_its_numbers(log_scale: float, doubted: bool) -> None:
    found = reportgen.measure(model(log_scale), "pathwise", precision=0.5, budget=2000, min_replicates=64)
    assert any(note.endswith(TEXT) for note in found.notes) == doubted == (TEXT in str(found))


def test_only_a_q_with_a_log_scale_of_its_own_is_doubted() -> None:
    class Full(Constant):
        def forward(self, x: Tensor) -> Tensor:
            return torch.cat([x, self.log_scale.expand_as(x), x[:, :1]], 1)

    x = torch.zeros(3, 2, dtype=torch.float64)
    full = reportgen.Model(Full(2.0 * POSTERIOR), nn.Identity(), x, bowl, "full_covariance_gaussian")
    assert halved_scale(problem_of(full)) == {}


def test_a_likelihood_that_takes_no_sample_of_the_other_q_is_measured_all_the_same() -> None:
    """The wall is nearly six standard deviations of q from the outermost mean, and two of the other's."""

    def walled(x: Tensor, out: Tensor) -> Tensor:
        if bool((out.abs() > 2.7).any()):
            raise ValueError("z must lie within 2.7")
        return bowl(x, out)

    narrow = reportgen.Model(Constant(4.0 * POSTERIOR), nn.Identity(), model(0.0).x, walled)
    assert halved_scale(problem_of(narrow)) != {}
    narrow = reportgen.Model(Constant(math.log(0.12)), nn.Identity(), 2.0 * model(0.0).x, walled)
    assert halved_scale(problem_of(narrow)) == {}
    found = reportgen.measure(narrow, "pathwise", precision=0.5, budget=2000, min_replicates=64)
    assert found.get("total_variance", "pathwise").available and TEXT not in str(found)


@pytest.mark.parametrize(
    ("gain", "error", "doubted"),
    [
        (2.0, 0.1, True),
        (2.0, 0.5, False),
        (0.4, 0.01, False),
        (-2.0, 0.1, False),
        (math.nan, math.nan, False),
        (math.inf, 0.1, True),
    ],
)
def test_it_takes_half_a_nat_and_five_errors(gain: float, error: float, doubted: bool) -> None:
    made = record(
        [arm_record("a")], {"variance": np.ones((1, 1, 1)), "halved_scale": np.array([gain, error])}
    )
    assert [str(text).endswith(TEXT) for text in cautions(made)] == [True] * doubted
    assert (told.GAIN, told.ERRORS) == (0.5, 5.0)


@pytest.mark.usefixtures("quick_reports")
def test_a_declared_model_has_it_in_its_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("m.py").write_text(
        "import torch, reportgen\nfrom torch import nn\n"
        "class Encoder(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        f"        self.log_variance = nn.Parameter(torch.tensor({2.0 * POSTERIOR}))\n"
        "    def forward(self, x):\n"
        "        return torch.cat([x, self.log_variance.expand_as(x)], 1)\n"
        "def build():\n"
        f"    bowl = lambda x, out: -{0.5 * CURVATURE} * (out**2).sum(-1) + 0.0 * x.sum(-1)\n"
        "    return reportgen.Model(Encoder(), nn.Identity(), torch.zeros(3, 2), bowl)\n"
    )
    Path("e.yaml").write_text(
        "experiment: e\nproblem: {python: m.py:build}\nestimators: [pathwise, score_function]\n"
        "measure: {precision: 50%, budget: 4e3, min_replicates: 64}\n"
    )
    results = reportgen.run("e.yaml", allow_code=True)
    page = results.report().read_text(encoding="utf-8")
    assert f"a data point higher: {TEXT}" in page
