"""An estimator takes the decoder passes that it declares; a user's own that does not is reported."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import reportgen
from reportgen.errors import UsageError
from reportgen.estimators import ESTIMATORS, Coefficients, Draws, Estimator

UNITS = 3


def measured(
    estimator: Estimator, objective: str = "elbo", family: str = "gaussian"
) -> reportgen.Measurement:
    torch.manual_seed(0)
    width = 2 * UNITS if family == "gaussian" else UNITS
    model = reportgen.Model(
        nn.Linear(4, width), nn.Linear(UNITS, 4), (torch.rand(2, 4) > 0.5).float(), family=family
    )
    # pathwise beside it has derivatives drawn, which an estimator could take without saying so
    beside = ["pathwise"] if family == "gaussian" else ["score_function"]
    return reportgen.measure(
        model,
        [estimator, *beside],
        objective,
        num_samples=2 if objective == "iwae" else None,
        precision=0.5,
        budget=400,
        min_replicates=20,
    )


def cases() -> list[Any]:
    found = []
    for name, kind in ESTIMATORS.items():
        if kind.parameters == "theta":
            continue
        family = "gaussian" if "gaussian" in (kind.families or ("gaussian",)) else "bernoulli"
        found += [
            pytest.param(kind, objective, family, id=f"{name}-{objective}")
            for objective in ("elbo", "iwae")
            if kind.serves(objective)
        ]
    return found


@pytest.mark.parametrize(("kind", "objective", "family"), cases())
def test_the_table_declares_what_is_taken_and_no_more(kind: Estimator, objective: str, family: str) -> None:
    copied = replace(kind, name="mine", title="")
    assert measured(copied, objective, family).get("total_variance", "mine").available
    with pytest.raises(UsageError, match=r"mine: needs the decoder passes .* declared"):
        measured(replace(copied, extra_forward=copied.extra_forward - 1), objective, family)
    if copied.backward_passes(1):
        with pytest.raises(UsageError, match=r"mine: needs the decoder passes .* declared"):
            measured(replace(copied, extra_backward=copied.extra_backward - 1), objective, family)


def others_at_the_mean(draws: Draws, _: Coefficients) -> Tensor:
    """The score function of a unit, f with all other units at their means: K·d points."""
    i, r, k, d = draws.z.shape
    own = torch.eye(d, dtype=torch.bool)
    points = torch.where(own, draws.z.unsqueeze(3), draws.centre.unsqueeze(3))
    f = draws.evaluate(points.reshape(i, r, k * d, d)).reshape(i, r, k, d)
    return (draws.score * f.repeat(1, 1, 1, 2)).mean(2)


def test_passes_at_points_of_ones_own_are_to_be_declared() -> None:
    said = (
        r"mine: .* 3 forward and 0 backward with K = 1, found 1 and 0\. Set forward_per_sample, forward_per"
    )
    with pytest.raises(UsageError, match=said):
        measured(Estimator("mine", evaluate=others_at_the_mean))
    honest = Estimator(
        "mine", evaluate=others_at_the_mean, at_samples=False, forward_per_sample=0, forward_per_latent=1
    )
    assert measured(honest).get("evaluations", "mine").value == UNITS


def test_the_mean_of_q_takes_no_pass() -> None:
    def shifted(draws: Draws, _: Coefficients) -> Tensor:
        return ((draws.f + (draws.z - draws.centre).sum(-1) * 0.0).unsqueeze(-1) * draws.score).mean(2)

    found = measured(Estimator("mine", evaluate=shifted))
    assert found.get("evaluations", "mine").value == 1
