"""Training: what it keeps, resuming, divergence."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
import shutil
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from reportgen.datasets import Dataset
from reportgen.datasets.dataset import from_levels
from reportgen.errors import CellError, PausedError, StoreError
from reportgen.plan import TrainingCell
from reportgen.problems.networks import initialised, restored
from reportgen.store import Store
from reportgen.store.files import process_tag
from reportgen.training import TrainProgress, bound, epoch_reached, forget_state, load_checkpoint, train
from reportgen.training.adam import Adam
from reportgen.training.checkpoints import Progress, resume, save_state
from reportgen.training.parameters import Parameters
from reportgen.training.schedule import Rates, schedule
from reportgen.training.subnormal import subnormals_flushed
from reportgen.training.written_out import WrittenOut
from tests.sections import train_section


@pytest.fixture(scope="module")
def tiny() -> Dataset:
    torch.set_num_threads(1)
    generator = np.random.default_rng(0)
    levels = generator.integers(0, 17, (53, 6)).astype(np.uint8)
    return from_levels(
        "tiny", "Tiny", levels[:43], levels[43:], highest=16, shape=(2, 3), binarize="each draw", citation="x"
    )


def cell(**changes: Any) -> TrainingCell:
    section = {
        "objective": "elbo",
        "epochs": 6,
        "batch_size": 10,
        "learning_rate": 1e-2,
        "checkpoints": [0, 2, 4, 6],
    }
    problem = {"model": "vae", "data": "tiny", "hidden": [8, 5], "latent": 3, "activation": "tanh"}
    return TrainingCell("a" * 32, {}, True, problem, train_section(**section | changes), 0)


def test_training_raises_the_bound_and_keeps_checkpoints(tiny: Dataset, tmp_path: Path) -> None:
    store = Store(tmp_path)
    record = train(cell(epochs=30, checkpoints=[0, 30]), lambda: tiny, store)
    store.save(record)
    assert record.checkpoints == (0, 30) and len(record.train_bound) == 30
    assert record.test_bound["30"] > record.test_bound["0"] + 0.01
    start, _ = restored(cell().problem, load_checkpoint(store, record.key, 0))
    fresh, _ = initialised(cell().problem, tiny.train.mean(0, dtype="float64"), 0)
    assert torch.equal(start.mean.weight, fresh.mean.weight)
    encoder, decoder = restored(cell().problem, load_checkpoint(store, record.key, 30))
    assert not torch.equal(start.mean.weight, encoder.mean.weight)
    assert all(p.requires_grad for p in encoder.parameters())
    assert not any(p.requires_grad for p in decoder.parameters())
    assert record.parameters == {
        "encoder": 6 * 8 + 8 + 8 * 5 + 5 + 2 * (5 * 3 + 3),
        "decoder": 3 * 5 + 5 + 48 + 54,
    }


def test_a_training_does_not_depend_on_torchs_default_number_type(tiny: Dataset, tmp_path: Path) -> None:
    """In another thread own code may have set it."""
    ends = []
    for number, default in enumerate((torch.float32, torch.float64)):
        store = Store(tmp_path / str(number))
        torch.set_default_dtype(default)
        try:
            store.save(train(cell(), lambda: tiny, store))
        finally:
            torch.set_default_dtype(torch.float32)
        ends.append(load_checkpoint(store, cell().key, 6))
    for name, value in ends[0].items():
        assert torch.equal(value, ends[1][name])


class Killed(BaseException):
    """Stands for the end of the process."""


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("last_epoch", [0, 3, 4, 5, 6])
def test_interrupted_training_ends_with_the_same_bytes(
    tiny: Dataset, tmp_path: Path, last_epoch: int
) -> None:
    whole, broken = Store(tmp_path / "whole"), Store(tmp_path / "broken")
    expected = train(cell(), lambda: tiny, whole)

    def kill(progress: TrainProgress) -> None:
        if progress.epoch == last_epoch:
            raise Killed

    with pytest.raises(Killed):
        train(cell(), lambda: tiny, broken, kill)
    seen: list[int] = []
    record = train(cell(), lambda: tiny, broken, lambda progress: seen.append(progress.epoch))
    reached = max(epoch for epoch in (0, 2, 4, 6) if epoch <= last_epoch)
    assert seen == list(range(reached + 1, 7))  # went on from the last checkpoint, not from the start
    for store, kept in ((whole, expected), (broken, record)):
        store.save(kept)
        forget_state(store, kept.key)
    assert _contents(whole.folder("a" * 32)) == _contents(broken.folder("a" * 32))
    assert dataclasses.replace(record, seconds=0.0) == dataclasses.replace(expected, seconds=0.0)


def test_a_training_that_goes_on_elsewhere_says_with_what_it_began(tiny: Dataset, tmp_path: Path) -> None:
    """The bytes are then no one's alone: neither the processor's nor the device's."""
    here, there = {"device": "cpu", "torch": "2"}, {"device": "cuda, a name", "torch": "2"}
    store, alone = Store(tmp_path / "both"), Store(tmp_path / "alone")
    for environment in (here, here, there, here, there):
        with pytest.raises(PausedError):
            train(cell(), lambda: tiny, store, environment=environment, deadline=0.0)
    record = train(cell(), lambda: tiny, store, environment=there)
    assert record.environment == {**there, "earlier epochs": "device cpu"}
    for _ in range(2):
        with pytest.raises(PausedError):
            train(cell(), lambda: tiny, alone, environment=here, deadline=0.0)
    assert train(cell(), lambda: tiny, alone, environment=here).environment == here


@pytest.mark.parametrize(
    "victim", ["progress.json", "a digit", "state-000004.safetensors", "epoch-000002.safetensors"]
)
def test_damaged_state_means_starting_over(tiny: Dataset, tmp_path: Path, victim: str) -> None:
    whole, broken = Store(tmp_path / "whole"), Store(tmp_path / "broken")
    expected = train(cell(), lambda: tiny, whole)

    def kill(progress: TrainProgress) -> None:
        if progress.epoch == 5:
            raise Killed

    with pytest.raises(Killed):
        train(cell(), lambda: tiny, broken, kill)
    if victim == "a digit":
        path = broken.folder("a" * 32) / "progress.json"
        note = json.loads(path.read_bytes())
        path.write_text(json.dumps({**note, "train_bound": [bound + 1.0 for bound in note["train_bound"]]}))
    else:
        path = broken.folder("a" * 32) / victim
        path.write_bytes(path.read_bytes()[:-3] + b"xyz")
    seen: list[int] = []
    record = train(cell(), lambda: tiny, broken, lambda progress: seen.append(progress.epoch))
    assert seen[0] == 0 and record.train_bound == expected.train_bound


def test_a_training_goes_on_from_a_note_without_a_checksum(tiny: Dataset, tmp_path: Path) -> None:
    """As versions before the checksum wrote it: nights of work are not thrown away."""
    store = Store(tmp_path)
    for _ in range(3):
        with pytest.raises(PausedError):
            train(cell(), lambda: tiny, store, deadline=0.0)
    path = store.folder("a" * 32) / "progress.json"
    note = json.loads(path.read_bytes())
    assert note.pop("checksum")
    path.write_text(json.dumps(note))
    seen: list[int] = []
    train(cell(), lambda: tiny, store, lambda progress: seen.append(progress.epoch))
    assert seen[0] == note["epoch"] + 1 > 1


def test_divergence_is_a_cell_error_with_its_cause(tiny: Dataset, tmp_path: Path) -> None:
    with pytest.raises(CellError, match=r"diverged.*learning_rate"):
        train(cell(learning_rate=1e30), lambda: tiny, Store(tmp_path))
    with pytest.raises(CellError, match=r"the bound of epoch \d+ is .*, that of the first .*learning_rate"):
        train(cell(learning_rate=3.0, epochs=60), lambda: tiny, Store(tmp_path / "slowly"))
    at_once = cell(learning_rate=100.0, epochs=1, batch_size=43, checkpoints=[1])  # no step is left to see it
    with pytest.raises(
        CellError, match=r"diverged: the bound at epoch 1 is (nan|-inf) on the test part\. Use a"
    ):
        train(at_once, lambda: tiny, Store(tmp_path / "at once"))


def test_a_training_stops_in_time_and_goes_on_with_the_same_bytes(tiny: Dataset, tmp_path: Path) -> None:
    whole, paused = Store(tmp_path / "whole"), Store(tmp_path / "paused")
    expected = train(cell(), lambda: tiny, whole)
    seen: list[int] = []
    for epoch in range(6):
        with pytest.raises(PausedError, match=f"the time was up at epoch {epoch} of 6"):
            train(cell(), lambda: tiny, paused, lambda news: seen.append(news.epoch), deadline=0.0)
        assert epoch_reached(paused, "a" * 32) == epoch
    record = train(cell(), lambda: tiny, paused, lambda news: seen.append(news.epoch), deadline=0.0)
    assert seen == list(range(7))  # no epoch twice
    for store, kept in ((whole, expected), (paused, record)):
        store.save(kept)
        forget_state(store, kept.key)
    assert _contents(whole.folder("a" * 32)) == _contents(paused.folder("a" * 32))
    assert epoch_reached(paused, "a" * 32) is None


def test_a_training_made_anew_takes_the_place_of_the_old_one_when_it_is_whole(
    tiny: Dataset, tmp_path: Path
) -> None:
    """Not before: the two are of one key, and here (another rate) not the same bytes."""
    store, anew = Store(tmp_path), Store(tmp_path, process_tag())
    store.save(train(cell(), lambda: tiny, store))
    forget_state(store, "a" * 32)
    before, other = _contents(store.folder("a" * 32)), cell(learning_rate=2e-2)
    for epoch in range(4):
        with pytest.raises(PausedError, match=f"at epoch {epoch} of 6; what was stored stays"):
            train(other, lambda: tiny, anew, deadline=0.0)
    assert store.sound("a" * 32) and _contents(store.folder("a" * 32)) == before
    seen: list[int] = []
    anew.save(train(other, lambda: tiny, anew, lambda news: seen.append(news.epoch)))
    forget_state(anew, "a" * 32)
    assert seen == [4, 5, 6]
    assert store.sound("a" * 32) and [path.name for path in (tmp_path / "checkpoints").iterdir()] == [
        "a" * 32
    ]
    after = _contents(store.folder("a" * 32))
    assert (
        after.keys() == before.keys()
        and after["epoch-000006.safetensors"] != before["epoch-000006.safetensors"]
    )


def test_a_training_continues_another_where_that_ended(tiny: Dataset, tmp_path: Path) -> None:
    store = Store(tmp_path)
    first = train(cell(), lambda: tiny, store)
    store.save(first)
    before = cell().train
    continued = dataclasses.replace(cell(after=before), key="b" * 32, parent="a" * 32)
    record = train(continued, lambda: tiny, store)
    store.save(record)
    ended, begun = load_checkpoint(store, "a" * 32, 6), load_checkpoint(store, "b" * 32, 0)
    assert all(torch.equal(ended[name], begun[name]) for name in ended)
    assert record.test_bound["0"] == first.test_bound["6"]
    alone = dataclasses.replace(continued, train=before, parent="")
    again = train(dataclasses.replace(alone, key="c" * 32), lambda: tiny, Store(tmp_path / "alone"))
    assert record.train_bound[0] != again.train_bound[0]  # and with noise of its own: epochs 7, 8, …


@pytest.mark.parametrize(("size", "num_samples"), [(10, 1), (300, 50), (5000, 1), (7, 5000)])
def test_the_bound_is_followed_over_enough_images_each_as_often(size: int, num_samples: int) -> None:
    parts = list(bound.test_rows(size, num_samples))
    rows = np.concatenate(parts)
    assert bound.EVALUATIONS <= len(rows) < bound.EVALUATIONS + size
    assert set(np.bincount(rows, minlength=size)) == {len(rows) // size}
    assert max(map(len, parts)) <= max(bound.ROWS // num_samples, 1)


def test_the_schedule_of_burda_has_eight_stages() -> None:
    rates = schedule(train_section(schedule="burda2016", epochs=3280), 3280 * 3000)
    for i, epoch in enumerate(itertools.accumulate(3**j for j in range(8))):
        assert rates(3000 * epoch - 1) == pytest.approx(1e-3 * 10 ** (-i / 7), rel=1e-12)
    assert rates(0) == 1e-3 and rates(3000) == pytest.approx(1e-3 * 10 ** (-1 / 7))
    assert rates(3280 * 3000 - 1) == pytest.approx(1e-4)
    short = schedule(train_section(schedule="burda2016", epochs=1), 75)
    steps = [short(step) for step in range(75)]
    assert steps == sorted(steps, reverse=True) and steps[-1] == pytest.approx(1e-4)
    assert steps.count(steps[-1]) == 50  # 2187 of 3280 parts of 75
    constant = schedule(train_section(), 75)
    assert {constant(step) for step in range(75)} == {1e-3}


@pytest.mark.parametrize("problem", [{}, {"model": "bernoulli_vae"}], ids=["written out", "differentiated"])
def test_every_step_of_a_training_has_its_rate_of_the_schedule(
    tiny: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, problem: dict[str, str]
) -> None:
    """43 images in batches of ten: five steps an epoch."""
    seen: list[float] = []
    step = Adam.step

    def noted(optimizer: Adam) -> None:
        seen.append(optimizer.learning_rate)
        step(optimizer)

    monkeypatch.setattr(Adam, "step", noted)
    made = cell(schedule="burda2016", epochs=20, checkpoints=[0, 20])
    train(dataclasses.replace(made, problem={**made.problem, **problem}), lambda: tiny, Store(tmp_path))
    rates = schedule(made.train, 100)
    assert seen == [rates(step) for step in range(100)] and len(set(seen)) > 3


def test_damaged_checkpoint_is_named(tiny: Dataset, tmp_path: Path) -> None:
    store = Store(tmp_path)
    record = train(cell(), lambda: tiny, store)
    store.save(record)
    path = store.folder(record.key) / "epoch-000004.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(StoreError, match=r"epoch-000004.*Run the experiment again"):
        load_checkpoint(store, record.key, 4)
    path.unlink()
    with pytest.raises(StoreError, match=r"epoch-000004.* missing.*Run the experiment again"):
        load_checkpoint(store, record.key, 4)
    with pytest.raises(StoreError, match="epoch-000003"):
        load_checkpoint(store, record.key, 3)


def test_a_state_that_does_not_fit_changes_nothing(tmp_path: Path) -> None:
    """A note of an earlier version, which has no checksum, with a field that is no number."""
    optimizers = [
        Adam(Parameters(*initialised(cell().problem, np.full(6, 0.3), seed)), 1e-2) for seed in (0, 1)
    ]
    save_state(tmp_path, optimizers[0], Progress(3, [-1.0], {}, 1.0))
    before = [tensor.clone() for tensor in optimizers[1].state]
    note = json.loads((tmp_path / "progress.json").read_bytes())
    del note["checksum"]
    (tmp_path / "progress.json").write_text(json.dumps(note | {"seconds": "some"}))
    assert resume(tmp_path, optimizers[1]) is None
    assert all(torch.equal(a, b) for a, b in zip(optimizers[1].state, before, strict=True))
    (tmp_path / "progress.json").write_text(json.dumps(note))
    assert resume(tmp_path, optimizers[1]) == Progress(3, [-1.0], {}, 1.0)
    assert torch.equal(optimizers[1].parameters.vector, optimizers[0].parameters.vector)
    wider = Adam(Parameters(*initialised(cell().problem | {"latent": 4}, np.full(6, 0.3), 0)), 1e-2)
    before = [tensor.clone() for tensor in wider.state]
    assert resume(tmp_path, wider) is None
    assert all(torch.equal(a, b) for a, b in zip(wider.state, before, strict=True))


def test_mean_gradients_decay_to_subnormal_numbers_and_weights_do_not_need_them() -> None:
    """A pixel that was white once: 2000 steps of Adam after it, with subnormal numbers and without."""
    tiniest = torch.finfo(torch.float32).tiny
    ends: list[tuple[torch.Tensor, torch.Tensor]] = []
    for context in (nullcontext, subnormals_flushed):
        parameters = Parameters(*initialised(cell().problem, np.full(6, 0.3), 0))
        optimizer = Adam(parameters, 1e-2)
        rare = slice(0, len(parameters.vector) // 2)
        noise = torch.Generator().manual_seed(0)
        with context():
            for step in range(2000):
                parameters.gradient.normal_(generator=noise)
                if step:
                    parameters.gradient[rare] = 0.0
                optimizer.step()
            subnormal = (optimizer.first.abs() < tiniest) & (optimizer.first != 0.0)
        ends.append((parameters.vector, subnormal))
    (with_them, found), (without, left) = ends
    assert bool(found[rare].all()) and not bool(left.any())
    assert torch.equal(with_them, without)


def test_a_training_flushes_subnormal_numbers_and_ends_with_them(
    tiny: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that breaks."""
    small, met = torch.tensor([1e-30]), []

    def epoch(self: WrittenOut, number: int, optimizer: Adam, rates: Rates) -> float:
        met.append(float(small * 1e-10))
        return -1.0 if number == 1 else math.nan

    monkeypatch.setattr(WrittenOut, "epoch", epoch)
    with pytest.raises(CellError, match="diverged"):
        train(cell(), lambda: tiny, Store(tmp_path))
    assert met == [0.0, 0.0] and float(small * 1e-10) > 0.0


@pytest.mark.parametrize(("first", "least"), [(-4.0, -44.0), (0.5, -9.5)])
def test_a_training_is_given_up_ten_times_the_first_bound_below_it_but_ten_nats_at_least(
    tiny: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: float, least: float
) -> None:
    for number, second in enumerate((least + 0.1, least - 0.1)):
        bounds = iter((first, second, first, first, first, first))
        monkeypatch.setattr(WrittenOut, "epoch", lambda *_, met=bounds: next(met))
        context = pytest.raises(CellError, match="diverged") if second < least else nullcontext()
        with context:
            train(cell(), lambda: tiny, Store(tmp_path / str(number)))


def test_who_flushed_subnormal_numbers_before_a_training_still_does() -> None:
    small = torch.tensor([1e-30])
    torch.set_flush_denormal(True)
    try:
        with subnormals_flushed():
            assert float(small * 1e-10) == 0.0
        assert float(small * 1e-10) == 0.0
    finally:
        torch.set_flush_denormal(False)


def test_a_checkpoint_that_is_removed_meanwhile_breaks_the_training(tiny: Dataset, tmp_path: Path) -> None:
    """Kept without it, the training would be taken for finished, and its measurement never be possible."""
    store = Store(tmp_path)

    def remove(progress: TrainProgress) -> None:
        if progress.epoch == 3:
            shutil.rmtree(store.folder("a" * 32))

    with pytest.raises(CellError, match=r"epoch-000000\.safetensors: was removed .* Run again"):
        train(cell(), lambda: tiny, store, remove)
    assert train(cell(), lambda: tiny, store).checkpoints == (0, 2, 4, 6)
