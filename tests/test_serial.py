"""Whether dependent estimates are told from independent ones."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import stats

from reportgen.engine import given
from reportgen.engine.serial import serial_dependence
from reportgen.streams import stream

Array = NDArray[np.float64]
Numbers = Callable[[np.random.Generator, int], Array]

RUNS, COUNT = 300, 256


def normal(rng: np.random.Generator, count: int) -> Array:
    return rng.normal(size=(count, 32))


def one_coordinate(rng: np.random.Generator, count: int) -> Array:
    return rng.normal(size=(count, 1)) * rng.normal(size=32)


def heavy(rng: np.random.Generator, count: int) -> Array:
    return np.exp(1.5 * rng.normal(size=(count, 2))) @ rng.normal(size=(2, 32))


def rare(rng: np.random.Generator, count: int) -> Array:
    """Zero, except for one in a hundred; few of these are close to one another."""
    return (rng.random((8 * count, 1)) < 0.01) * rng.normal(size=32)


def scores(of: Numbers, runs: int = RUNS, count: int = COUNT) -> Array:
    rng = stream(2, "serial", of.__name__)
    return np.array([serial_dependence(torch.from_numpy(of(rng, count))) for _ in range(runs)])


@pytest.mark.parametrize("law", [normal, one_coordinate, heavy, rare])
def test_independent_estimates_are_hardly_ever_told_from_such(law: Numbers) -> None:
    far = np.abs(scores(law))
    for level in (0.05, 0.01, 1e-4):
        beyond = int((far > stats.norm.isf(level / 2.0)).sum())
        assert stats.binom.sf(beyond - 1, RUNS, level) > 1e-4, level


def test_the_size_of_estimates_is_nothing() -> None:
    """However large or small: their squares' squares need not be numbers."""
    kept = torch.from_numpy(heavy(stream(5, "serial"), COUNT)).cumsum(0)
    found = serial_dependence(kept)
    assert found > 4.0
    for exponent in (900, 300, -300, -900):
        assert serial_dependence(kept * 2.0**exponent) == found
    assert serial_dependence(kept * 1e150) == pytest.approx(found)


def test_the_level_is_used() -> None:
    """It is no test that never rejects: of few normal vectors, too, the scores vary as they should."""
    found = scores(normal, 2 * RUNS, count=64)
    assert abs(found.std() - 1.0) < 4.0 / np.sqrt(2.0 * len(found))


def test_it_sees_what_is_kept_from_call_to_call() -> None:
    def momentum(rng: np.random.Generator, count: int) -> Array:
        kept, drawn = [np.zeros(32)], one_coordinate(rng, count // 4)
        for one in drawn:
            kept.append(0.9 * kept[-1] + one)
        return np.stack(kept[1:])

    def epochs(rng: np.random.Generator, count: int) -> Array:
        batches = rng.normal(size=(16, 32))
        return np.concatenate([rng.permutation(batches) for _ in range(count // 16)])

    def mirrored(rng: np.random.Generator, count: int) -> Array:
        drawn = one_coordinate(rng, count // 2)
        return np.stack([drawn, -drawn], 1).reshape(count, -1)

    threshold = stats.norm.isf(0.5e-4)
    assert (scores(momentum, 20) > threshold).mean() > 0.8, "of 64 estimates of one coordinate"
    assert (scores(epochs, 20) < -threshold).all()
    assert (scores(mirrored, 20) < -threshold).all()


def test_no_more_estimates_are_kept_than_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(given, "FOLLOWED", 20)
    channel: Any = SimpleNamespace(sketched=[])
    for _ in range(5):
        given.GivenChannel.follow(channel, torch.zeros(1, 8, 2))
    assert [len(batch) for batch in channel.sketched] == [8, 8, 8]


def test_what_does_not_vary_depends_on_nothing() -> None:
    assert serial_dependence(torch.ones(64, 32, dtype=torch.float64)) == 0.0
