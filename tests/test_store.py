"""The store: round trips, damage, races, leftovers; without torch."""

from __future__ import annotations

import errno
import json
import math
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reportgen.errors import StoreError, UnwritableError
from reportgen.store import (
    ArmRecord,
    BrokenRecord,
    JudgementRecord,
    MeasurementRecord,
    Store,
    TrainingRecord,
    files,
)
from reportgen.store.encoding import decode, encode, to_json
from reportgen.store.files import write_whole
from reportgen.store.shapes import COUNTED, EXACT, FIXED, JUDGED, MEASURED, OF_FIRST_LAYER, SELDOM, shape_of

KEY = "0123456789abcdef" * 2


def arm(**changes: Any) -> ArmRecord:
    fields = {
        "objective": "elbo",
        "estimator": "pathwise",
        "label": "the ∂f/∂z one",
        "num_samples": 2,
        "constant": -50.0,
        "status": "met",
        "cause": None,
        "replicates": 4096,
        "relative_half_width": 0.0125,
        "forward": 2.0,
        "backward": 2.0,
        "seconds_per_replicate": 3.5e-6,
        "reference": True,
    }
    return ArmRecord(**(fields | changes))


def measurement(**changes: Any) -> MeasurementRecord:
    fields: dict[str, Any] = {
        "key": KEY,
        "training_key": "f" * 32,
        "setting": {"problem.latent": 10},
        "base": True,
        "checkpoint": 200,
        "dataset": "digits",
        "groups": ("all", "mean.weight"),
        "arms": (
            arm(),
            arm(status="broken", cause="overflow", relative_half_width=math.inf, reference=False),
        ),
        "images": (3, 17),
        "latent": 10,
        "eta": 20,
        "parameters": 18620,
        "draws_per_image": 10000,
        "seconds": 1.5,
        "environment": {"torch": "2.13.0", "threads": 1},
        "arrays": {
            **zeros(MEASURED | COUNTED, A=2, I=2, G=2, S=3, **FIXED),
            "variance": np.array([[[1.0, np.nan], [np.inf, 5e-324]], [[np.nan, np.nan], [np.nan, np.nan]]]),
            "transposed": np.arange(6.0).reshape(2, 3).T,
        },
    }
    return MeasurementRecord(**(fields | changes))


def zeros(axes: Mapping[str, str], **sizes: int) -> dict[str, Any]:
    return {name: np.zeros(shape_of(own, sizes)) for name, own in axes.items()}


def training() -> TrainingRecord:
    return TrainingRecord(
        KEY,
        {},
        "digits",
        (0, 2),
        (-30.5, math.nan),
        {"0": -31.0, "2": -math.inf},
        {"encoder": 3},
        2.5,
        {"os": "x"},
    )


def same(left: MeasurementRecord, right: MeasurementRecord) -> bool:
    arrays = all(np.array_equal(left.arrays[n], right.arrays[n], equal_nan=True) for n in left.arrays)
    return arrays and left.arrays.keys() == right.arrays.keys() and encode(left)[1] == encode(right)[1]


def test_measurement_round_trip(tmp_path: Path) -> None:
    store, record = Store(tmp_path), measurement()
    assert not store.has(KEY)
    store.save(record)
    found = Store(tmp_path).load(KEY)
    assert store.has(KEY) and isinstance(found, MeasurementRecord) and same(record, found)
    assert found.arms == record.arms and found.images == (3, 17) and found.setting == record.setting


def test_training_and_broken_round_trip(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.save(training())
    found = store.load(KEY)
    assert isinstance(found, TrainingRecord)
    assert math.isnan(found.train_bound[1]) and found.test_bound == {"0": -31.0, "2": -math.inf}
    broken = BrokenRecord("b" * 32, "training", {"problem.latent": 2}, None, "diverged")
    store.save(broken)
    assert store.load("b" * 32) == broken and not store.has("b" * 32)


def judgement() -> JudgementRecord:
    return JudgementRecord(
        key=KEY,
        training_key="f" * 32,
        setting={"train.num_samples": 5},
        base=False,
        checkpoint=8,
        dataset="mnist",
        shape=(28, 20),
        layers=(2, 1),
        num_samples=5000,
        curve=(1, 5000),
        images=(4, 7),
        seconds=12.5,
        environment={"threads": 1},
        arrays={
            **zeros(JUDGED, I=2, C=2, U=3, S=20, p=560, samples=64, shown=2),
            "bounds": np.array([[-91.5, -86.25], [-90.0, -math.inf]]),
            "unit_variance": np.array([-1e-6, 0.3, 0.0]),
        },
    )


def test_judgement_round_trip(tmp_path: Path) -> None:
    record = judgement()
    Store(tmp_path).save(record)
    found = Store(tmp_path).load(KEY)
    assert isinstance(found, JudgementRecord) and encode(found)[:2] == encode(record)[:2]
    assert (found.shape, found.layers, found.curve, found.images) == ((28, 20), (2, 1), (1, 5000), (4, 7))
    assert found.arrays.keys() == record.arrays.keys()
    assert all(np.array_equal(found.arrays[name], array) for name, array in record.arrays.items())


def test_what_no_store_wrote_is_told_as_damage(tmp_path: Path) -> None:
    """Anyone may have made it, with the checksum that belongs to it."""
    store = Store(tmp_path)
    cell = tmp_path / "cells" / KEY / "record.json"
    odd = {"format": 1, "kind": "measurement", "record": {"arms": ["x"]}, "files": {}}
    nested = b"[" * 100_000
    for content in (to_json({**odd, "checksum": files.checksum(to_json(odd))}), nested):
        write_whole(cell, content)
        with pytest.raises(StoreError, match=r"damaged, record\.json"):
            store.load(KEY)
    cell.unlink()
    write_whole(tmp_path / "broken" / f"{KEY}.json", nested)
    with pytest.raises(StoreError, match="damaged, it cannot be read"):
        store.load(KEY)


Forge = Callable[[Any], Any]


def field(**changes: Any) -> Forge:
    return lambda record: replace(record, **changes)


def array(name: str, change: Callable[[Any], Any]) -> Forge:
    return lambda record: replace(record, arrays=record.arrays | {name: change(record.arrays[name])})


def lost(name: str) -> Forge:
    return lambda record: replace(record, arrays={n: a for n, a in record.arrays.items() if n != name})


def of_arm(**changes: Any) -> Forge:
    return lambda record: replace(record, arms=(replace(record.arms[0], **changes), record.arms[1]))


FORGED: list[tuple[Callable[[], Any], Forge, str]] = [
    (measurement, field(key="f" * 32), "it is of another cell"),
    (measurement, field(latent="ten"), "latent is of another kind"),
    (measurement, field(images=(3, -17)), "images is of another kind"),
    (measurement, field(latent=True), "latent is of another kind"),
    (measurement, field(base=1), "base is of another kind"),
    (measurement, field(groups=("mean.weight", "all")), "groups do not begin with all"),
    (measurement, field(groups=("all", "all")), "groups name one twice"),
    (measurement, field(first_layer="bias"), "first_layer is none of its groups"),
    (measurement, field(first_layer="mean.weight"), "pixels is missing"),
    (measurement, field(images=(3,)), r"variance has the shape \(2, 2, 2\), which is not \[A I G\]"),
    (measurement, of_arm(status="fine"), "the ∂f/∂z one has the status 'fine'"),
    (measurement, of_arm(num_samples=0), "the ∂f/∂z one has no samples"),
    (measurement, of_arm(parameters="psi"), "the ∂f/∂z one is of the parameters 'psi'"),
    (measurement, of_arm(label=None), "label is of another kind"),
    (measurement, lost("projection"), "projection is missing"),
    (measurement, array("image_dot", lambda a: a[:1]), r"image_dot has the shape \(1, 2\)"),
    (measurement, array("projection_without", lambda a: a[..., :1]), "projection_without has the shape"),
    (measurement, array("image_dot", lambda a: a.astype("f4")), "arrays is of another kind"),
    (measurement, array("variance", lambda a: a * np.nan), "variance of all groups is no number"),
    *(
        (measurement, array(name, lambda a: a * np.nan), f"{name} of all groups is no number")
        for name in ("variance_without", "squared_norm", "squared_norm_without")
    ),
    (measurement, array("coordinate_count", lambda a: a + 0.5), "coordinate_count has what is no count"),
    (measurement, array("coordinate_count", lambda a: a - 1.0), "coordinate_count has what is no count"),
    (measurement, array("coordinate_lower", lambda a: a[:, :1]), "coordinate_lower has the shape"),
    (measurement, array("coordinate_dead", lambda a: a + 1.0), "coordinate_dead is no part"),
    (measurement, array("transposed", lambda a: a.astype("i8")), "arrays is of another kind"),
    (training, field(checkpoints=(2, 0)), "checkpoints do not rise"),
    (training, field(checkpoints=()), "checkpoints do not rise"),
    (training, field(train_bound=()), "train_bound ends before the checkpoints"),
    (training, field(test_bound={"zero": 1.0, "2": 2.0}), "test_bound is of other epochs"),
    (training, field(parameters={"encoder": "many"}), "parameters is of another kind"),
    (judgement, field(layers=(1, 1)), "unit_variance has the shape"),
    (judgement, field(shape=(28, 28)), "samples has the shape"),
    (judgement, field(curve=(5000, 1)), "curve does not rise"),
    (judgement, field(curve=()), "curve does not rise"),
    (judgement, field(curve=(0, 5000)), "curve does not rise"),
    (judgement, field(shape=(560,)), "shape is of another kind"),
    (judgement, field(num_samples=50), "curve does not end with num_samples"),
    (judgement, lost("bounds"), "bounds is missing"),
    (judgement, array("bounds", lambda a: a + np.nan), "bounds are no numbers"),
    (judgement, array("unit_variance", lambda a: a + np.inf), "unit_variance is no number"),
    (lambda: BrokenRecord(KEY, "training", {}, None, "x"), field(cause=None), "cause is of another kind"),
]


@pytest.mark.parametrize(("whole", "forge", "said"), FORGED)
def test_a_record_that_no_run_leaves_is_told_and_made_anew(
    tmp_path: Path, whole: Callable[[], Any], forge: Forge, said: str
) -> None:
    store, place = Store(tmp_path), tmp_path / "cells" / KEY
    forged = forge(whole())
    store.save(forged)
    if forged.key != KEY:
        (tmp_path / "cells" / forged.key).rename(place)
    with pytest.raises(StoreError, match=said) as error:
        store.load(KEY)
    assert "\n" not in str(error.value) and str(error.value).startswith(f"{tmp_path}")
    assert str(error.value).endswith(" Run the experiment again: what is damaged is made anew.")
    assert not store.sound(KEY)
    if place.exists():
        store.remove(KEY)
        store.save(whole())
        assert store.sound(KEY)


def test_what_only_some_measurements_have_is_whole_or_not_there(tmp_path: Path) -> None:
    """Exact answers, the layer that sees the images, what only a user's own code has."""
    sizes = {"A": 2, "I": 2, "G": 2, "S": 3, "H": 4, "W": 5, "U": 3, **FIXED}
    plain = measurement()
    exact = replace(plain, arrays=plain.arrays | zeros(EXACT, **sizes))
    layer = zeros(OF_FIRST_LAYER, **sizes) | {"weight_variance": np.ones(2)}
    seen = replace(plain, arrays=plain.arrays | layer, first_layer="mean.weight", units=7)
    own = replace(plain, arrays=plain.arrays | zeros(SELDOM, **sizes))
    store = Store(tmp_path)
    for record, forges in (
        (exact, [array("bias_squared", lambda a: a[:1]), *map(lost, EXACT)]),
        (seen, [array("units", lambda a: a + 7.0), array("weight", lambda a: a + np.array([0, 0, 0, 5.0]))]),
        (seen, map(lost, OF_FIRST_LAYER)),
        (seen, [array(f"weight_{name}", lambda a: a * np.nan) for name in ("mean", "variance", "drawn")]),
        (seen, [array("weight_variance", lambda a: a * 0.0), array("unit_pixels", lambda a: a * np.nan)]),
        (seen, [array("weight_counts", lambda a: a + 0.5)]),
        (own, [array(name, lambda a: a[:1]) for name in SELDOM]),
    ):
        for forge in forges:
            store.save(record)
            assert store.sound(KEY)
            store.remove(KEY)
            store.save(forge(record))
            assert not store.sound(KEY)
            store.remove(KEY)


def test_a_broken_record_is_no_finished_cell_nor_the_reverse(tmp_path: Path) -> None:
    store, finished, broken = Store(tmp_path), tmp_path / "cells" / KEY / "record.json", "b" * 32
    store.save(training())
    store.save(BrokenRecord(broken, "training", {}, None, "diverged"))
    (path,) = (path for path in tmp_path.rglob("*.json") if broken in str(path))
    whole, cause = (json.loads(place.read_bytes()) for place in (finished, path))
    path.write_bytes(to_json(cause | {"kind": "training", "record": whole["record"] | {"key": broken}}))
    whole |= {"kind": "broken", "record": cause["record"] | {"key": KEY}}
    del whole["checksum"]
    finished.write_bytes(to_json({**whole, "checksum": files.checksum(to_json(whole))}))
    for key in (KEY, broken):
        with pytest.raises(StoreError, match=r"damaged, .* does not fit: it is of another cell"):
            store.load(key)


@pytest.mark.parametrize("name", ["format", "files", "kind", "record"])
def test_a_record_file_that_lacks_a_part_is_told(tmp_path: Path, name: str) -> None:
    store = Store(tmp_path)
    store.save(measurement())
    path = tmp_path / "cells" / KEY / "record.json"
    content = json.loads(path.read_bytes())
    del content["checksum"], content[name]
    path.write_bytes(to_json({**content, "checksum": files.checksum(to_json(content))}))
    with pytest.raises(StoreError, match=r"damaged, record\.json .*made anew"):
        store.load(KEY)


def test_numbers_of_an_arm_that_are_whole_are_numbers(tmp_path: Path) -> None:
    """A user's own estimator may give its temperature as 1; JSON tells 1 from 1.0."""
    store = Store(tmp_path)
    whole: dict[str, Any] = {"temperature": 1, "constant": 0, "forward": 2, "relative_half_width": math.inf}
    store.save(measurement(arms=(arm(**whole), arm(status="broken"))))
    found = store.load(KEY)
    assert isinstance(found, MeasurementRecord)
    assert {name: getattr(found.arms[0], name) for name in whole} == whole
    assert type(found.arms[0].temperature) is float and found.arms[1].temperature is None


def test_finished_takes_the_place_of_broken_and_never_the_reverse(tmp_path: Path) -> None:
    store = Store(tmp_path)
    broken = BrokenRecord(KEY, "measurement", {}, 5, "killed")
    store.save(broken)
    store.save(measurement())
    assert isinstance(store.load(KEY), MeasurementRecord)
    store.save(broken)
    assert isinstance(store.load(KEY), MeasurementRecord)


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None)
@given(setting=st.dictionaries(st.text(), plain, max_size=3), value=st.floats(), label=st.text())
def test_any_record_survives_json(setting: dict[str, Any], value: float, label: str) -> None:
    record = measurement(setting=setting, arms=(arm(relative_half_width=value, label=label),), arrays={})
    kind, fields, arrays = encode(record)
    again = decode(kind, json.loads(to_json(fields)), arrays)
    assert isinstance(again, MeasurementRecord) and again.setting == setting and again.arms[0].label == label
    found = again.arms[0].relative_half_width
    assert found == value or (math.isnan(found) and math.isnan(value))


def damage_truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def damage_flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    path.write_bytes(content)


def damage_digit(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"1", b"2", 1))


def damage_remove(path: Path) -> None:
    path.unlink()


def damage_pipe(path: Path) -> None:
    """Puts a pipe there: reading one to which nobody writes never ends."""
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("name", "harm"),
    [
        ("arrays.safetensors", damage_truncate),
        ("arrays.safetensors", damage_flip),
        ("arrays.safetensors", damage_remove),
        ("arrays.safetensors", damage_pipe),
        ("record.json", damage_truncate),
        ("record.json", damage_digit),
        ("record.json", lambda path: path.write_bytes(b"[]")),
        ("record.json", lambda path: path.write_bytes(b"\xff")),
    ],
)
def test_damage_names_the_folder_and_the_remedy(tmp_path: Path, name: str, harm: Any) -> None:
    store = Store(tmp_path)
    store.save(measurement())
    folder = tmp_path / "cells" / KEY
    harm(folder / name)
    with pytest.raises(StoreError) as error:
        store.load(KEY)
    message = str(error.value)
    assert message.startswith(f"{folder}: damaged, ") and "\n" not in message
    assert message.endswith(" Run the experiment again: what is damaged is made anew.")
    assert not store.sound(KEY)  # so a run does


def test_missing_cell_is_no_damage(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no finished cell"):
        Store(tmp_path).load(KEY)


def test_other_format_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    monkeypatch.setattr("reportgen.store.store.FORMAT", 999)
    store.save(measurement())
    monkeypatch.undo()
    with pytest.raises(StoreError, match=r"format 999.*Run the experiment again"):
        store.load(KEY)


def test_remove_forgets_everything(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.save(measurement())
    store.folder(KEY).mkdir(parents=True)
    store.save(BrokenRecord(KEY, "measurement", {}, 5, "killed"))
    store.remove(KEY)
    assert not store.has(KEY) and not store.folder(KEY).exists()
    with pytest.raises(StoreError, match="no finished cell"):
        store.load(KEY)
    store.remove(KEY)


def test_what_a_removal_cut_short_left_does_not_stop_the_next_run(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.save(measurement())
    (tmp_path / "cells" / KEY / "record.json").unlink()
    assert not store.has(KEY)
    store.save(measurement())
    assert store.sound(KEY) and [path.name for path in (tmp_path / "cells").iterdir()] == [KEY]


def test_another_writer_may_come_while_what_a_removal_left_is_cleared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cells" / KEY).mkdir(parents=True)
    (tmp_path / "cells" / KEY / "arrays.safetensors").write_bytes(b"left")
    clear, others = shutil.rmtree, [Store(tmp_path)]

    def cleared(folder: Path, **how: Any) -> None:
        clear(folder, **how)
        if others:
            others.pop().save(measurement())

    monkeypatch.setattr(shutil, "rmtree", cleared)
    Store(tmp_path).save(measurement())
    assert not others and Store(tmp_path).sound(KEY)
    assert [path.name for path in (tmp_path / "cells").iterdir()] == [KEY]


def test_a_removal_that_is_killed_leaves_nothing_under_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    store.save(measurement())
    write_whole(store.folder(KEY) / "progress.json", b"{}")
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)
    store.remove(KEY)
    assert not (tmp_path / "cells" / KEY).exists() and not store.folder(KEY).exists()
    left = [path for path in tmp_path.glob("*/.*") if path.name.startswith(f".{KEY}.")]
    assert len(left) == 2 and all(path.match("*.part") for path in left)  # as `clean` looks for them


def test_concurrent_writers_do_no_harm(tmp_path: Path) -> None:
    errors: list[Exception] = []

    def write() -> None:
        try:
            for _ in range(10):
                Store(tmp_path).save(measurement())
                assert same(Store(tmp_path).load(KEY), measurement())  # type: ignore[arg-type]
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert [path.name for path in (tmp_path / "cells").iterdir()] == [KEY]


@pytest.fixture
def dead() -> int:
    """The id of a process that is gone."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def left_by(process: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """The tag of what that process left unfinished on this host."""
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: process)
        return files.process_tag()


def named(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """Gives this host the name `host`."""
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(nodename=host))


def test_leftovers_of_the_dead_are_removed_those_of_the_living_stay(
    tmp_path: Path, dead: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, tag = Store(tmp_path), left_by(dead, monkeypatch)
    store.save(measurement())
    left = tmp_path / "cells" / f".{KEY}.{tag}"
    left.mkdir()
    (left / "record.json").write_text("{")
    file = tmp_path / "checkpoints" / KEY / f".epoch-000001.safetensors.{tag}"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"x")
    living = tmp_path / "cells" / f".{KEY}.{files.process_tag()}"
    living.mkdir()
    assert store.clean() == 2
    assert not left.exists() and not file.exists() and living.exists() and store.has(KEY)


def test_leftovers_of_another_host_stay_until_they_are_old(
    tmp_path: Path, dead: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its processes have numbers of their own: that one is not here says nothing."""
    named(monkeypatch, "other.example.org")
    there = tmp_path / "cells" / f".{KEY}.{left_by(dead, monkeypatch)}"
    there.mkdir(parents=True)
    unknown = tmp_path / "cells" / f".{KEY}.0123456789ab.{dead}.part"  # of a version that named no host
    unknown.mkdir()
    named(monkeypatch, "other.example.net")
    assert Store(tmp_path).clean() == 0 and there.exists() and unknown.exists()
    for path in (there, unknown):
        os.utime(path, (path.stat().st_mtime - files.OLD - 60.0,) * 2)
    assert Store(tmp_path).clean() == 2 and not there.exists() and not unknown.exists()


def test_leftovers_of_a_host_with_dots_in_its_name_are_known_as_its_own(
    tmp_path: Path, dead: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    named(monkeypatch, "node 7.example.org")
    assert files.abandoned(tmp_path / f".cell.{left_by(dead, monkeypatch)}")
    assert not files.abandoned(tmp_path / f".cell.{files.process_tag()}")
    assert not files.abandoned(tmp_path / "notes.part")


def test_leftovers_that_are_finished_meanwhile_are_none(tmp_path: Path, dead: int) -> None:
    assert not files.abandoned(tmp_path / f".cell.0123456789ab.elsewhere.{dead}.part")


def test_leftovers_of_the_living_stay_where_there_is_no_proc(
    tmp_path: Path, dead: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(self: Path) -> str:
        raise FileNotFoundError(self)

    gone = left_by(dead, monkeypatch)
    monkeypatch.setattr(Path, "read_text", absent)
    assert not files.abandoned(tmp_path / f".cell.{files.process_tag()}")
    assert files.abandoned(tmp_path / f".cell.{gone}")


def test_unwritable_place_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"cannot be written.*--output"):
        Store(tmp_path / "file").save(measurement())
    with pytest.raises(StoreError, match=r"cannot be written.*--output"):
        Store(tmp_path / "file").save(BrokenRecord(KEY, "measurement", {}, 5, "killed"))


def test_store_reads_without_torch(tmp_path: Path) -> None:
    Store(tmp_path).save(measurement())
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from pathlib import Path; from reportgen.store import Store\n"
        f"assert Store(Path({str(tmp_path)!r})).load({KEY!r}).latent == 10"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_a_training_goes_on_from_stays_until_it_is_finished(tmp_path: Path) -> None:
    """Killed after its record was kept, it has left that, and nobody comes to it again."""
    store = Store(tmp_path)
    folder = store.folder(KEY)
    folder.mkdir(parents=True)
    names = {"epoch-000000.safetensors", "progress.json", "state-000000.safetensors"}
    for name in names:
        (folder / name).write_bytes(b"x")
    assert store.clean() == 0 and {path.name for path in folder.iterdir()} == names
    store.save(training())
    assert store.clean() == 2 and [path.name for path in folder.iterdir()] == ["epoch-000000.safetensors"]


def test_what_may_not_be_removed_stops_nothing(
    tmp_path: Path, dead: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    left = tmp_path / f".record.json.{left_by(dead, monkeypatch)}"
    left.write_bytes(b"x")
    monkeypatch.setattr(Path, "unlink", refused)
    assert Store(tmp_path).clean() == 1 and left.exists()


def test_a_damaged_cell_that_may_not_be_removed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another user's, in a folder of all: it would stay, whatever is measured anew."""

    def refused(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    store = Store(tmp_path)
    store.save(measurement())
    monkeypatch.setattr(os, "rename", refused)
    with pytest.raises(
        UnwritableError, match=rf"cells/{KEY}: damaged, and cannot be moved away .* Remove it"
    ):
        store.remove(KEY)
