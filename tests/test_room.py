"""What certainly does not fit into memory is refused before anything is built; what can run is not."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import reportgen
from reportgen import workflow
from reportgen.cli import verify
from reportgen.declaration import Experiment, find, load, load_text
from reportgen.engine.vectors import summary
from reportgen.errors import DeclarationError
from reportgen.execution import room
from reportgen.plan import MeasurementCell, Plan, TrainingCell, make_plan
from reportgen.problems import bernoulli_vae, layered_vae, networks
from reportgen.store import Store
from reportgen.training.gradient import BoundGradient
from reportgen.training.parameters import Parameters
from tests.test_cli import call, errors

VAE = "problem: {model: vae, data: digits, hidden: [9, 7], latent: 3}"
LAYERED = "problem: {model: layered_vae, data: digits, hidden: [[9, 7], [6, 5]], latent: [4, 3]}"
BERNOULLI = "problem: {model: bernoulli_vae, data: digits, hidden: [9], latent: 3}"
HUGE = "problem:\n  model: {model}\n  data: digits\n  hidden: {hidden}\n  latent: {latent}\n"
PIXELS, IMAGES = 64, 1500


def declared(problem: str, more: str = "") -> tuple[Experiment, Plan]:
    experiment = load_text(f"experiment: room\n{problem}\n{more}", "room.yaml")
    return experiment, make_plan(experiment, "0" * 64)


def largest(plan: Plan, columns: int = PIXELS, rows: int = IMAGES) -> int:
    return max(need.size for cell in plan.cells for need in room.needs(cell, columns, rows))


@pytest.mark.parametrize(
    ("problem", "blank"),
    [
        (VAE, networks.blank),
        (LAYERED, layered_vae.blank),
        (BERNOULLI, lambda *sizes: bernoulli_vae.blank(*sizes).values()),
    ],
)
def test_weights_are_counted_as_networks_have_them(problem: str, blank: Callable[..., Any]) -> None:
    """All but biases, and of a mean-field q not twice."""
    experiment, plan = declared(problem)
    built = [p for side in blank(plan.trainings[0].problem, PIXELS) for p in side.parameters()]
    weights = sum(p.numel() for p in built if p.dim() == 2)
    training, _ = room.needs(plan.trainings[0], PIXELS, IMAGES)
    assert training.size == room.TRAINED * weights
    inside = experiment.problem.encoding(PIXELS)
    assert 0 < inside < weights


@pytest.mark.parametrize(("problem", "blank"), [(VAE, networks.blank), (LAYERED, layered_vae.blank)])
def test_a_step_holds_at_least_what_is_counted(problem: str, blank: Callable[..., Any]) -> None:
    _, plan = declared(problem, "train: {batch_size: 20, num_samples: 5}")
    made = BoundGradient(Parameters(*blank(plan.trainings[0].problem, PIXELS)), "elbo", 20, 5)
    held = [out for network in (*made.p, *made.q[1:]) for out in network.outputs] + made.h
    _, step = room.needs(plan.trainings[0], PIXELS, IMAGES)
    assert 0.8 * 4 * sum(out.numel() for out in held) < step.size <= 4 * sum(out.numel() for out in held)


def test_summing_up_holds_at_least_what_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of estimators of the gradient in φ. Pixels that are black in every image have no variance to hold."""
    held: list[int] = []

    def note(_: Any, __: int, ___: Any, variances: list[list[Any]]) -> None:
        held.extend(row[0].numel() * row[0].element_size() for row in variances)

    monkeypatch.setattr(summary, "put_coordinates", note)
    Path(tmp_path / "room.yaml").write_text(
        f"experiment: room\n{VAE.replace('[9, 7]', '[40, 40]')}\nobjective: iwae\n"
        "estimators: [{name: doubly_reparameterized, num_samples: 2}, {name: pathwise, num_samples: 2}, "
        "{name: generative, num_samples: 2}]\n"
        "train: {epochs: 0, checkpoints: [0]}\nmeasure: {images: 2, budget: 512, min_replicates: 256}\n"
    )
    experiment = load(tmp_path / "room.yaml")
    reportgen.run(experiment, tmp_path)
    (cell,) = make_plan(experiment, "0" * 64).measurements
    (need,) = room.needs(cell, PIXELS, IMAGES)
    parameters = experiment.problem.encoding(PIXELS) + experiment.problem.weights(PIXELS, IMAGES)
    assert len(held) == 2 * 33 and need.what.endswith(" under 2 estimators")
    assert 0.4 * sum(held) < need.size - 4 * parameters < sum(held)
    layered, plan = declared(LAYERED)
    kept = layered.problem.encoding(PIXELS) + layered.problem.weights(PIXELS, IMAGES)
    assert layered.problem.weights(PIXELS, IMAGES) == 4 * 7 + 7 * 9 + 9 * 64 + 4 * 6 + 6 * 5 + 5 * 2 * 3 + (
        3 * 5 + 5 * 6 + 6 * 2 * 4
    )
    (whole, means), *_ = (room.needs(c, PIXELS, IMAGES) for c in plan.measurements)
    assert whole.size == 4 * kept and means.size < means.most


@pytest.mark.parametrize(
    "name", ["burda2016_mnist", "burda2016_table1_full", "burda2016_two_layers", "rezende2014", "discrete"]
)
def test_what_runs_in_four_gibibytes_is_not_refused(name: str) -> None:
    plan = make_plan(load(find(name)), "0" * 64)
    assert 0 < largest(plan, 784, 60_000) < 2**32


@pytest.mark.parametrize(
    ("problem", "more", "said"),
    [
        (
            HUGE.format(model="vae", hidden=[65536] * 3, latent=2),
            "",
            "room.yaml:5 problem.hidden: training a network of 1.7e+10 weights needs at least 448.2 GiB of "
            "memory, found 8.0 GiB. Use fewer units.",
        ),
        (
            HUGE.format(model="layered_vae", hidden=[[65536] * 2], latent=[2]),
            "",
            "room.yaml:5 problem.hidden: training a network of 8.6e+09 weights needs at least 224.2 GiB",
        ),
        (
            HUGE.format(model="vae", hidden=[8192] * 2, latent=2),
            "estimators: [score_function, pathwise]\nmeasure: {images: 8}",
            "room.yaml:5 problem.hidden: measuring a network of 1.4e+08 weights under 2 estimators needs at",
        ),
        (
            HUGE.format(model="vae", hidden=[300] * 2, latent=2),
            "train: {batch_size: 1000000, num_samples: 4096}",
            "room.yaml:8 train.batch_size: a step of training on 6144000 samples needs at least 15.2 GiB of "
            "memory, found 8.0 GiB. Use a smaller train.batch_size or train.num_samples, or fewer units.",
        ),
        (
            VAE,
            "sweep: {problem.hidden: [[5], [65536, 65536]]}",
            "room.yaml:3 sweep: training a network of 8.6e+09 weights needs",
        ),
        (
            HUGE.format(model="vae", hidden=[65536] * 2, latent=2),
            "sweep: {problem.latent: [3]}",
            "room.yaml:5 problem.hidden: training a network of 8.6e+09 weights needs",
        ),
        (
            HUGE.format(model="vae", hidden=[65536] * 2, latent=2),
            "train: {epochs: 2, after: {epochs: 1}}",
            "room.yaml:5 problem.hidden: training a network of 8.6e+09 weights needs",
        ),
    ],
)
def test_what_cannot_fit_is_one_line_before_anything_is_built(
    problem: str, more: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "memory_limit", lambda: 2**33)
    experiment = load_text(f"experiment: room\n{problem}\n{more}", "room.yaml")
    job = workflow.planned("room.yaml", experiment, tmp_path)
    with pytest.raises(DeclarationError) as error:
        workflow.require_room(job)
    assert said in str(error.value) and "\n" not in str(error.value)
    if job.experiment.problem.layered:  # the means of its gradients are too many for any machine
        return
    monkeypatch.setattr(room, "memory_limit", lambda: None)
    workflow.require_room(job)


@pytest.mark.parametrize("memory", [None, 2**40])
def test_gradients_whose_means_are_not_kept_are_refused_before_the_training(
    memory: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the engine refuses them once the model is there."""
    monkeypatch.setattr(room, "memory_limit", lambda: memory)
    problem = HUGE.format(model="layered_vae", hidden=[[1000, 1000]], latent=[10])
    few, many = "measure: {images: 8, num_samples: [1]}", "measure: {images: 8, num_samples: [1, 2, 5, 9]}"
    for more, refused in ((few, False), (many, True)):
        text = f"experiment: room\n{problem}\nobjective: iwae\nestimators: [pathwise]\n{more}"
        job = workflow.planned("room.yaml", load_text(text, "room.yaml"), tmp_path)
        if refused:
            with pytest.raises(DeclarationError, match="coordinate of the gradients of 4 arms needs"):
                workflow.require_room(job)
        else:
            workflow.require_room(job)


def test_what_is_measured_already_needs_room_only_to_be_measured_afresh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "memory_limit", lambda: 1)
    job = workflow.planned("room.yaml", declared(VAE)[0], tmp_path)
    with pytest.raises(DeclarationError, match=r"training a network of 1.3e.03 weights needs at least"):
        workflow.require_room(job)
    with pytest.raises(DeclarationError, match=r"measuring a network of 1.3e.03 weights under 3 estimators"):
        workflow.require_room(job, device="cuda")
    monkeypatch.setattr(Store, "has", lambda *_: True)
    workflow.require_room(job)
    with pytest.raises(DeclarationError, match="needs at least"):
        workflow.require_room(job, fresh=True)


def test_what_runs_on_this_machine_is_looked_at_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By every command that runs, and by check; and not where the cells run on other machines."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(room, "memory_limit", lambda: 1)
    Path("room.yaml").write_text(f"experiment: room\n{VAE}\n")
    for command in ("check", "run", "report"):
        assert call(command, "room.yaml") == 2
        assert errors(capsys)[0].startswith("error: room.yaml:2 problem.hidden: training a network of ")
    assert call("render", "room.yaml") == 2
    assert "cells are not measured" in errors(capsys)[0]
    with pytest.raises(DeclarationError, match="needs at least"):
        reportgen.run("room.yaml")
    with pytest.raises(DeclarationError, match="needs at least"):
        verify._run(workflow.prepare("room.yaml", Path("output"), ()), None, "serial", "cpu", False, True)
    monkeypatch.setattr(workflow, "execute", lambda *_, **__: 1 // 0)
    with ThreadPoolExecutor(1) as workers, pytest.raises(ZeroDivisionError):
        reportgen.run("room.yaml", executor=workers)


def test_what_has_no_network_is_let_pass() -> None:
    _, plan = declared("problem: {model: logistic_regression}")
    kinds = {TrainingCell, MeasurementCell}
    assert kinds <= set(map(type, plan.cells)) and not any(room.needs(c, 30, 569) for c in plan.cells)
