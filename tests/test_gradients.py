"""`measure_gradients`: known variances, a plain loop as a twin, and what is no gradient."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import reportgen
from reportgen.declaration.claims.statistics import STATISTICS as CLAIMED
from reportgen.engine.layered.centred import CentredMoments
from reportgen.engine.layered.gradients import LayerGradient
from reportgen.engine.layered.moments import LayerMoments
from reportgen.errors import UsageError
from reportgen.findings.statistics.cautions import cautions
from reportgen.findings.statistics.named import STATISTICS
from reportgen.problems.returned import parts
from tests.toy_records import arm_record, record

MEAN, CENTRE = 0.3, 2.0
THETA = torch.tensor([MEAN], dtype=torch.float64, requires_grad=True)
FEW: dict[str, Any] = {"min_replicates": 64, "budget": 256, "precision": 0.01}


def pathwise() -> Tensor:
    """Of E (z − c)² with z ~ N(μ, 1): 2 (z − c)."""
    z = THETA + torch.randn(1, dtype=torch.float64)
    return torch.autograd.grad(((z - CENTRE) ** 2).sum(), THETA)[0]


def score_function() -> Tensor:
    noise = torch.randn(1, dtype=torch.float64)
    return (MEAN + noise - CENTRE) ** 2 * noise


@pytest.fixture(scope="module")
def known() -> reportgen.Measurement:
    functions = {"pathwise": pathwise, "score function": score_function, "wrong": lambda: 1.05 * pathwise()}
    return reportgen.measure_gradients(functions, precision="10%")


def test_known_variances_lie_in_their_intervals(known: reportgen.Measurement) -> None:
    a = MEAN - CENTRE
    exact = {"pathwise": 4.0, "score function": 15.0 + 14.0 * a**2 + a**4}
    for label, variance in exact.items():
        found = known.get("total_variance", label)
        assert found.low < variance < found.high and found.high < 1.25 * found.low
        signal = known.get("signal_to_noise", label)
        assert signal.low < abs(2.0 * a) / math.sqrt(variance) < signal.high
    ratio = known.get("variance_ratio", "score function")
    assert ratio.low < exact["score function"] / 4.0 < ratio.high


def test_means_are_compared_on_the_same_draws(known: reportgen.Measurement) -> None:
    assert known.get("bias_p_value", "score function").value > 0.01
    assert known.get("bias_p_value", "wrong").value < 1e-6
    ratio = known.ratio("wrong", "pathwise")
    assert ratio.value == pytest.approx(1.05**2, rel=1e-12) and ratio.high - ratio.low < 1e-9
    assert known.reference == "pathwise"


def test_it_is_shown_without_what_is_not_known_of_a_function(known: reportgen.Measurement) -> None:
    heading, columns, *rows = str(known).splitlines()
    assert heading.startswith("Gradient of 1 coordinate, up to ")
    assert columns.split("  ")[0] == "estimator" and " K " not in columns and "passes" not in columns
    assert [row.split("  ")[0] for row in rows[:3]] == ["pathwise", "score function", "wrong"]
    page = known._repr_html_()
    assert ">K</th>" not in page and page.count("<tr>") == 4 and "Gradient of 1 coordinate" in page
    assert {row["group"] for row in known.rows} == {"all", "gradient"}
    told = {row["statistic"] for row in known.rows}
    assert {"total_variance", "time_normalized_variance", "coordinate_variance_q50"} <= told
    assert not told & {"evaluations", "directional_signal_to_noise", "monte_carlo_share"}
    with pytest.raises(UsageError, match="statistic: must be one of total_variance, "):
        known.get("evaluations", "pathwise")


NETWORK = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).double()
POINTS = torch.linspace(-1.0, 1.0, 60, dtype=torch.float64).reshape(20, 3)


def minibatch() -> nn.Module:
    NETWORK.zero_grad()
    rows = torch.randint(len(POINTS), (5,))
    (NETWORK(POINTS[rows]) ** 2).mean().backward()
    return NETWORK


def test_a_plain_loop_gives_the_same() -> None:
    """Every call but the first one, which shows what is returned, is a replicate."""
    seen: list[dict[str, np.ndarray]] = []

    def noted() -> nn.Module:
        minibatch()
        seen.append({name: p.grad.numpy().copy() for name, p in NETWORK.named_parameters()})  # type: ignore[union-attr]
        return NETWORK

    found = reportgen.measure_gradients({"minibatch": noted}, **FEW)
    kept = seen[1:]
    assert len(kept) == found.record.draws_per_image == 256
    total = 0.0
    for name in kept[0]:
        rows = np.stack([one[name].ravel() for one in kept])
        variance = rows.var(0, ddof=1).sum()
        total += variance
        assert found.get("total_variance", "minibatch", name).value == pytest.approx(variance, rel=1e-10)
    assert found.get("total_variance", "minibatch").value == pytest.approx(total, rel=1e-10)


def test_every_form_of_a_gradient_is_the_same_one() -> None:
    def listed() -> list[Tensor]:
        return [p.grad for p in minibatch().parameters()]  # type: ignore[misc]

    forms: dict[str, Callable[[], object]] = {
        "a sequence": listed,
        "a mapping": lambda: dict(enumerate(listed())),
        "a tuple": lambda: tuple(listed()),
    }
    found = reportgen.measure_gradients(forms, **FEW)
    alone = reportgen.measure_gradients(
        {"a tensor": lambda: torch.cat([p.flatten() for p in listed()]),
         "an array": lambda: np.concatenate([p.numpy().ravel() for p in listed()])}, **FEW
    )  # fmt: skip
    module = reportgen.measure_gradients({"a module": minibatch}, **FEW)
    values = {m.get("total_variance", label).value for m in (found, alone, module) for label in m.labels}
    assert max(values) == pytest.approx(min(values), rel=1e-12) and min(values) > 0.0


def test_a_variance_far_below_the_squared_mean_is_not_lost() -> None:
    mean = torch.linspace(-3.0, 3.0, 5, dtype=torch.float64)

    def nearly_still() -> dict[str, Tensor]:
        noise = 1e-10 * torch.randn(5, dtype=torch.float64)
        return dict(zip("ab", torch.split(mean + noise, [2, 3]), strict=True))

    kept: list[Tensor] = []

    def noted() -> dict[str, Tensor]:
        found = nearly_still()
        kept.append(torch.cat(list(found.values())))
        return found

    found = reportgen.measure_gradients({"noted": noted, "other": nearly_still}, **FEW)
    variances = torch.stack(kept[1:]).var(0)  # that of the first call is not counted
    assert found.get("total_variance", "noted").value == pytest.approx(float(variances.sum()), 1e-4, 0)
    assert found.get("total_variance", "noted", "b").value == pytest.approx(
        float(variances[2:].sum()), 1e-4, 0
    )
    assert found.get("mean_norm", "other", "a").value == pytest.approx(float(mean[:2].norm()), rel=1e-9)
    assert found.get("relative_projection", "other").value == pytest.approx(1.0, rel=1e-9)


def test_moments_about_the_first_are_those_about_zero() -> None:
    sizes, generator = {"a": 2, "b": 3}, torch.Generator().manual_seed(0)
    about_zero, centred = LayerMoments.empty(1, 4, sizes), CentredMoments.about_the_first(4, sizes)
    for bucket in (0, 1, 2, 3, 1):
        batch = torch.randn(1, 6, 5, generator=generator, dtype=torch.float64) + 2.0
        batch[..., 4] = 0.0
        pieces = {"a": batch[..., :2], "b": batch[..., 2:]}
        for moments in (about_zero, centred):
            moments.update(bucket, {name: LayerGradient.written_out(g) for name, g in pieces.items()}, 6)
    direction = torch.arange(5.0, dtype=torch.float64)
    for of in (
        lambda m: m.squared_means(m.squared_offsets()),
        lambda m: m.trace(m.squared_offsets()),
        lambda m: m.coordinate_variances(),
        lambda m: m.means(2),
        lambda m: m.along(direction),
        lambda m: m.together(),
        lambda m: m.live().double(),
        lambda m: m.mean_square(),
    ):
        torch.testing.assert_close(of(centred), of(about_zero), rtol=1e-12, atol=1e-12)
    assert centred.live().tolist() == [True] * 4 + [False]


def test_arrays_of_any_layout_are_read_and_gradients_recorded_whoever_calls() -> None:
    def numbers() -> np.ndarray[Any, Any]:
        return np.random.standard_normal(4)

    def fixed() -> np.ndarray[Any, Any]:
        found = numbers()[:2].copy()
        found.setflags(write=False)
        return found

    forms: dict[str, Callable[[], object]] = {
        "plain": lambda: numbers()[:2].copy(),
        "backwards": lambda: numbers()[1::-1],
        "of another byte order": lambda: numbers()[:2].astype(">f8"),
        "long": lambda: numbers()[:2].astype(np.longdouble),
        "read-only": fixed,
        "sparse": lambda: torch.from_numpy(numbers()[:2]).to_sparse(),
    }
    found = reportgen.measure_gradients(forms, **FEW)
    values = [found.get("total_variance", label).value for label in found.labels]
    assert min(values) > 0.0 and max(values) == pytest.approx(min(values), rel=1e-12)
    with torch.no_grad():
        reportgen.measure_gradients({"a": pathwise}, **FEW)


@dataclass(frozen=True)
class Shared:
    """An array of another library on a device, read by DLPack."""

    values: Tensor
    device: tuple[int, int] = (1, 0)

    def __dlpack__(self, **options: Any) -> Any:
        assert self.device == (1, 0), "there is no such device here"
        return self.values.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.device


class Refused(Shared):
    """An array that DLPack cannot read: some libraries refuse read-only ones."""

    def __dlpack__(self, **options: Any) -> Any:
        raise BufferError("it is read-only")


class RefusedReadable(Refused):
    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return self.values.numpy()


class Elsewhere(Shared):
    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return self.values.numpy()


@dataclass(frozen=True)
class Read:
    """An array that only numpy can read."""

    values: Tensor

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return self.values.numpy()


def test_arrays_of_other_libraries_are_read_as_they_are() -> None:
    forms: dict[str, Callable[[], object]] = {
        "a tensor": lambda: torch.randn(3),
        "shared": lambda: Shared(torch.randn(3)),
        "by numpy": lambda: Read(torch.randn(3)),
        "on a device that is not here": lambda: Elsewhere(torch.randn(3), (2, 0)),
        "refused by DLPack": lambda: RefusedReadable(torch.randn(3)),
    }
    found = reportgen.measure_gradients(forms, **FEW)
    values = {found.get("total_variance", label).value for label in found.labels}
    assert len(values) == 1 and min(values) > 0.0
    kept = parts("a", [Shared(torch.ones(2).bfloat16()), Read(torch.ones(2).half())])
    assert [part.dtype for part in kept.values()] == [torch.bfloat16, torch.float16]
    once = torch.zeros(2)
    held = parts("a", Shared(once))["gradient"]
    once.fill_(1.0)
    assert held.tolist() == [0.0, 0.0]


class Unreadable:
    """An array that nothing can read, as CuPy's are if torch has no CUDA."""

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        raise TypeError("it is on another device,\n  see elsewhere")


@pytest.mark.parametrize(
    ("array", "why"),
    [(Unreadable(), "it is on another device, see elsewhere"), (Refused(torch.ones(2)), "it is read-only")],
)
def test_an_array_that_nothing_reads_is_told_in_a_line(array: object, why: str) -> None:
    functions = {"sound": lambda: torch.randn(2), "mine": lambda: {"w": array}}
    said = rf"estimators\['mine'\]: .* got {type(array).__name__} as 'w', which cannot be read \({why}\)\. "
    with pytest.raises(UsageError, match=said + "Return an array of numpy"):
        reportgen.measure_gradients(functions, **FEW)


def test_parts_of_parts_are_groups_named_by_their_path() -> None:
    def nested() -> object:
        return {"encoder": {"weight": torch.randn(2, 3), "bias": (torch.randn(3),)}, "rest": minibatch()}

    def flat() -> object:
        network = nested()
        rest = {f"rest.{name}": p.grad for name, p in network["rest"].named_parameters()}  # type: ignore[index]
        encoder = network["encoder"]  # type: ignore[index]
        return {"encoder.weight": encoder["weight"], "encoder.bias.0": encoder["bias"][0], **rest}

    found = reportgen.measure_gradients({"nested": nested, "flat": flat}, **FEW)
    groups = {row["group"] for row in found.rows}
    assert groups > {"encoder.weight", "encoder.bias.0", "rest.0.weight", "all"}
    for group in groups:
        assert found.get("total_variance", "nested", group) == found.get("total_variance", "flat", group)


def test_generators_are_seeded_alike_and_put_back() -> None:
    draws: dict[str, list[tuple[float, float, float]]] = {"a": [], "b": []}

    def drawing(label: str) -> Callable[[], Tensor]:
        def function() -> Tensor:
            draws[label].append((float(torch.randn(())), float(np.random.rand()), random.random()))
            return torch.tensor(draws[label][-1])

        return function

    torch.manual_seed(1), np.random.seed(1), random.seed(1)
    expected = float(torch.randn(())), float(np.random.rand()), random.random()
    torch.manual_seed(1), np.random.seed(1), random.seed(1)
    functions = {label: drawing(label) for label in draws}
    first = reportgen.measure_gradients(functions, **FEW)
    assert (float(torch.randn(())), float(np.random.rand()), random.random()) == expected
    assert draws["a"] == draws["b"] and len(set(draws["a"])) == len(draws["a"]) == 257, (
        "each called once a seed"
    )
    again = reportgen.measure_gradients(functions, **FEW)
    assert first.get("total_variance", "a") == again.get("total_variance", "a")
    other = reportgen.measure_gradients(functions, seed=1, **FEW)
    assert first.get("total_variance", "a") != other.get("total_variance", "a")


def test_what_is_no_number_breaks_its_own_estimator_alone() -> None:
    def spoilt() -> Tensor:
        return torch.log(torch.randn(2).clamp_min(-1.0) * 0.0 - float(np.random.rand() < 0.2))

    found = reportgen.measure_gradients({"sound": lambda: torch.randn(2), "spoilt": spoilt}, **FEW)
    assert (
        str(found).splitlines()[-1].startswith("spoilt: spoilt(): needs finite estimates, found inf or nan.")
    )
    assert found.get("total_variance", "sound").available
    assert not found.get("total_variance", "spoilt").available


def test_what_keeps_something_from_call_to_call_is_told() -> None:
    """Momentum, and a loader that walks through its data; what is independent has no such note."""
    kept, batches, left = torch.zeros(8), (torch.arange(80.0) ** 2).reshape(10, 8).sin(), []

    def momentum() -> Tensor:
        kept.mul_(0.9).add_(torch.randn(8))
        return kept

    def loader() -> Tensor:
        if not left:
            left.extend(torch.randperm(len(batches)).tolist())
        return batches[left.pop()]

    together = {"sound": lambda: torch.randn(8) + 1.0, "momentum": momentum, "loader": loader}
    for alone in (together, {"momentum": momentum}):
        told = "\n".join(reportgen.measure_gradients(alone, **FEW).notes)
        assert (
            "Estimates of momentum resemble those made before them (p < 0.001): its intervals are too n"
            in told
        )
        assert "Estimates of sound" not in told
        assert ("Estimates of loader make up for those made before them (p < 0.001)" in told) == (
            "loader" in alone
        )


def test_what_few_estimates_carry_or_none_is_told() -> None:
    functions = {
        "normal": lambda: torch.randn(1, dtype=torch.float64),
        "heavy": lambda: torch.exp(1.5 * torch.randn(1, dtype=torch.float64)),
        "still": lambda: torch.ones(1, dtype=torch.float64),
    }
    found = reportgen.measure_gradients(functions, precision="30%", budget=512, min_replicates=64)
    *_, heavy, still = found.notes
    assert still.startswith(
        "All 64 estimates of still are the same: what happens in fewer than 4.6% of them "
    )
    assert heavy.startswith("The variance of heavy is carried by about one in ")
    assert "resemble" not in str(found)
    assert "of normal" not in str(found) and heavy in str(found)


@pytest.mark.parametrize(("few", "share"), [(64, "4.6%"), (10_000, "0.030%")])
def test_however_many_estimates_are_the_same_the_share_that_none_shows_is_not_nothing(
    few: int, share: str
) -> None:
    arrays = {"serial_dependence": np.zeros(1), "variance": np.zeros((1, 1, 1))}
    (told,) = cautions(record([arm_record("still", replicates=few)], arrays))
    assert f" what happens in fewer than {share} of them " in str(told)


def test_claims_and_measurements_agree_on_what_takes_more_than_estimates(
    known: reportgen.Measurement,
) -> None:
    shared = {name: kind for name, kind in CLAIMED.items() if name in STATISTICS}
    enough = {name for name in known.statistics if not STATISTICS[name].needs}
    assert {name for name in shared if shared[name].of_models} == shared.keys() - enough


def test_a_label_may_end_in_parentheses() -> None:
    found = reportgen.measure_gradients({"f()": lambda: torch.randn(2), "f": lambda: torch.randn(2)}, **FEW)
    assert found.get("variance_ratio", "f").value == 1.0


SOUND = {"sound": lambda: torch.zeros(2)}


def endless() -> list[Any]:
    """A list that holds itself."""
    found: list[Any] = [torch.ones(1)]
    found.append(found)
    return found


@pytest.mark.parametrize(
    ("estimators", "options", "said"),
    [
        ({}, {}, "estimators: must be a mapping of labels to functions, at least one, got none."),
        ([pathwise], {}, "at least one, got list."),
        ({3: pathwise}, {}, "estimators: labels must be text, got 3."),
        ({"a": torch.zeros(2)}, {}, "estimators['a']: must be a function without arguments, got Tensor."),
        ({"a": lambda: None}, {}, "or a module with gradients; got NoneType."),
        ({"a": lambda: 1.5}, {}, "got float."),
        ({"a": lambda: 1.5}, {}, "got float. Write torch.tensor([…]) around the number."),
        ({"a": lambda: [0.5, 0.1]}, {}, "got float as '0'. Write torch.tensor([…]) around the numbers."),
        (
            {"a": lambda: {1: torch.ones(1), "1": torch.ones(1)}},
            {},
            "two parts of one name. Call them apart.",
        ),
        (
            {"a": lambda: {"b": {"c": torch.ones(1)}, "b.c": torch.ones(1)}},
            {},
            "two parts of one name. Call them apart.",
        ),
        ({"a": lambda: endless()}, {}, "got parts within parts without end. Leave out what holds itself."),
        ({"a": lambda: {"b": [torch.ones(1), "text"]}}, {}, "got str as 'b.1'. Return the gradient."),
        ({"a": lambda: Shared(torch.zeros(2).long())}, {}, "got a torch.int64 array as 'gradient'."),
        ({"a": lambda: np.float64(1.5)}, {}, "got float64. Write torch.tensor([…]) around the number."),
        ({"a": lambda: torch.zeros(2, device="meta")}, {}, "of the device meta, as 'gradient'. Compute it"),
        ({"a": lambda x: x}, {}, "one that takes (x): missing a required argument: 'x'. Give them defaults"),
        ({"a": lambda: "text"}, {}, "got str."),
        ({"a": lambda: pathwise}, {}, "got a function."),
        ({"a": lambda: torch.zeros(2).long()}, {}, "got a torch.int64 array as 'gradient'."),
        ({"a": lambda: np.zeros(2, "complex")}, {}, "got a complex128 array as 'gradient'."),
        ({"a": lambda: torch.zeros(0)}, {}, "got nothing."),
        ({"a": list}, {}, "got nothing."),
        ({"a": lambda: {"all": torch.zeros(2)}}, {}, "got a part called all, as all parts together are."),
        ({"a": lambda: [torch.zeros(1), None]}, {}, "got NoneType as '1'. Use torch.autograd.grad(…, mat"),
        ({"a": lambda: nn.Linear(1, 1)}, {}, "got a module without gradients. Call backward() in it"),
        (
            {**SOUND, "b": lambda: torch.zeros(3)},
            {},
            "estimators['b']: must return 2 coordinates as 'gradient', as 'sound' returned, got 3.",
        ),
        ({"a": lambda: torch.zeros(random.randint(2, 9))}, {}, "as it returned before, got "),
        (SOUND, {"reference": "other"}, "reference: must be one of sound; got 'other'. Use sound."),
        (SOUND, {"precision": "wide"}, "precision: "),
        (SOUND, {"min_replicates": 63}, "min_replicates: must be from 64 to the budget, 100000, got 63."),
        (SOUND, {"budget": 100}, "min_replicates: must be from 64 to the budget, 100, got 256."),
        ({"a": lambda: torch.zeros(1).expand(4 * 10**7)}, {}, "need more than 4 GiB for their means."),
    ],
)
def test_what_does_not_fit_is_one_line(estimators: Any, options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as error:
        reportgen.measure_gradients(estimators, **options)
    assert said in str(error.value) and "\n" not in str(error.value)


def test_what_a_function_raises_is_not_caught() -> None:
    def failing() -> Tensor:
        raise ZeroDivisionError("mine")

    state = torch.random.get_rng_state()
    with pytest.raises(ZeroDivisionError, match="mine"):
        reportgen.measure_gradients({"failing": failing})
    assert torch.equal(state, torch.random.get_rng_state())
