"""What an arm is compared with, and along what it is split, by its reference, its K and its bias."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reportgen.engine.found import Found
from reportgen.engine.moments import Moments
from reportgen.engine.references import Place, own_arms, reference_arms
from reportgen.engine.replicates import Key, Replicates
from reportgen.estimators import ESTIMATORS
from reportgen.plan import Arm

ARMS = (
    Arm("iwae", "generative", "θ", 2),
    Arm("iwae", "doubly_reparameterized", "drawn", 2),
    Arm("iwae", "pathwise", "reference", 2),
    Arm("iwae", "pathwise", "more", 4),
    Arm("iwae", "sticking_the_landing", "biased", 2),
    Arm("elbo", "pathwise", "reference"),
    Arm("elbo", "pathwise", "more", 4),
    Arm("elbo", "score_function", "moved", constant=5.0),
)
"""The reference under either objective is `reference`, and that of θ the only one."""


def found(arms: tuple[Arm, ...], references: dict[Place, Arm]) -> Found[Replicates[Moments]]:
    """With sound replicates of each arm, of which none was drawn."""
    channels = {
        Key.of(arm): Replicates(Key.of(arm), ESTIMATORS[arm.estimator], Moments.empty(1, 2, 1))
        for arm in arms
    }
    return Found(arms, channels, references, 0)


@pytest.fixture
def whole() -> Found[Replicates[Moments]]:
    named = {"iwae": "reference", "elbo": "reference"}
    return found(ARMS, reference_arms(ARMS, named, ESTIMATORS))


@pytest.mark.parametrize(
    ("arm", "twin", "along"),
    [
        (ARMS[0], ARMS[0], ARMS[0]),
        (ARMS[1], ARMS[2], ARMS[2]),
        (ARMS[2], ARMS[2], ARMS[2]),
        (ARMS[3], None, ARMS[3]),  # a bound of more samples is another function
        (ARMS[4], ARMS[2], ARMS[4]),  # a biased one has another mean
        (ARMS[6], ARMS[5], ARMS[5]),  # a mean over more samples has the same
        (ARMS[7], ARMS[5], ARMS[5]),
    ],
)
def test_an_arm_is_split_along_the_mean_that_is_its_own(
    whole: Found[Replicates[Moments]], arm: Arm, twin: Arm | None, along: Arm
) -> None:
    assert whole.twin(arm) == twin
    assert whole.directing(arm).key == Key.of(along)


def test_without_a_reference_an_arm_has_no_twin_and_its_own_direction() -> None:
    alone = found(ARMS, {})
    assert all(alone.twin(arm) is None and alone.directing(arm).key == Key.of(arm) for arm in ARMS)


def test_maps_are_of_sound_arms_of_phi_and_of_the_first_objectives_reference(
    whole: Found[Replicates[Moments]],
) -> None:
    assert own_arms(ARMS) == [0, 1, 2, 3, 4, 5, 6]
    maps, first = whole.in_phi()
    assert list(maps) == [1, 2, 3, 4, 5, 6] and first == 2
    assert all(one is whole.channel(ARMS[a]) for a, one in maps.items())
    whole.channel(ARMS[3]).cause = "estimates are not finite"
    assert list(whole.in_phi()[0]) == [1, 2, 4, 5, 6]


def test_a_reference_that_the_other_route_measures_is_none_of_these_arms() -> None:
    others = tuple(arm for arm in ARMS if arm.label != "reference")
    elsewhere = {("iwae", "phi"): replace(ARMS[2], label="elsewhere")}
    assert found(others, elsewhere).in_phi()[1] == -1
    assert found(others, {}).in_phi()[1] == -1
