"""On the real MNIST, where it is: a model is trained, measured and judged, as declared."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import reportgen

TEXT = """
experiment: real
problem: {model: vae, data: mnist, hidden: [32], latent: 4}
objective: [elbo]
estimators: [score_function, pathwise]
train: {epochs: 1, batch_size: 500, learning_rate: 5e-3, checkpoints: [1]}
measure: {images: 2, precision: 50%, budget: 500, min_replicates: 100}
judge: {images: 20, num_samples: 10}
claims:
  - {id: learnt, statement: more than the mean image is learnt, test: negative_log_likelihood < 195}
  - {id: less, statement: less variance, test: "variance_ratio(score_function, pathwise) > 1"}
"""
"""A model that does not look at z has 206 nats an image."""


@pytest.mark.skipif("REPORTGEN_DATA" not in os.environ, reason="REPORTGEN_DATA is not set: no MNIST")
def test_a_model_of_mnist_is_trained_measured_and_judged(tmp_path: Path) -> None:
    path = tmp_path / "real.yaml"
    path.write_text(TEXT)
    found = reportgen.run(reportgen.load(path), tmp_path / "output")
    assert {claim.id: claim.verdict for claim in found.claims} == {"learnt": "confirmed", "less": "confirmed"}
    assert {row["dataset"] for row in found.rows} == {"mnist"}
