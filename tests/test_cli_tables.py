"""Trained and judged models from the command line: a budget that ends, the next run, the table."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reportgen import workflow
from tests.test_cli import call, end_of, workers_of

TEXT = """\
experiment: tables
title: A tiny table
problem: {model: layered_vae, data: digits, latent: [4], hidden: [[8]]}
objective: [iwae]
estimators: [pathwise, {name: generative, label: gradient in θ}]
train: {epochs: 4, batch_size: 100, schedule: burda2016, checkpoints: [0, 4]}
measure: {images: 4, precision: 50%, budget: 4e3, min_replicates: 64, num_samples: [1, 5], curves: everywhere}
judge: {images: 40, num_samples: 50}
sweep:
  - {train.objective: [elbo, iwae], train.num_samples: [5]}
published:
  source: burda2016, table 1
  comparable: another data set
  values:
    - {at: {train.objective: elbo, train.num_samples: 1}, nll: 86.76, active_units: [19]}
    - {at: {train.objective: iwae, train.num_samples: 5}, nll: 85.54, active_units: [22]}
claims:
  - {id: better, statement: it learns, test: negative_log_likelihood < 60}
"""
SERIAL = ("--executor", "serial")


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "tables.yaml"
    path.write_text(TEXT)
    return path


def contents(folder: Path) -> dict[str, bytes]:
    """Everything that finished trainings leave, but the records, which say when they were made."""
    return {
        str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.glob("checkpoints/*/*"))
    }


def under_way(store: Path) -> bool:
    """Whether a training has kept its state after its first epoch, and is not at its end."""
    states = [json.loads(path.read_text()) for path in store.glob("checkpoints/*/progress.json")]
    return any(state["epoch"] == 1 for state in states)


@pytest.mark.long
def test_render_writes_what_a_stopped_run_has_and_tells_the_rest(
    tables: Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    """One of two models is trained and judged, the other's training is still to come."""
    assert call("run", "tables.yaml", *SERIAL, "--quiet") == 0
    job = workflow.prepare("tables.yaml", Path("output"), ())
    lost = [cell for cell in job.cells if cell.setting["train.objective"] == "iwae"]
    for cell in lost:
        job.store.remove(cell.key)
    assert call("render", "tables.yaml") == 3
    said = capsys.readouterr().out
    assert f"tables: {len(lost)} cells not finished yet; run again to continue" in said
    assert "undecided" in said.splitlines()[1]
    page = Path("output/tables/report.html").read_text(encoding="utf-8")
    assert "paused; the next run continues" in page and "Unfinished cell" in page
    assert "±" in page and "△" in page
    request.getfixturevalue("quick_reports")  # what is there was drawn in earnest
    assert call("report", "tables.yaml", *SERIAL, "--json") == 0
    (answer,) = json.loads(capsys.readouterr().out)
    assert answer["measured"] == len(lost) and answer["claims"][0]["verdict"] == "confirmed"
    whole = contents(Path("output/tables"))
    assert call("render", "tables.yaml", "--set", "measure.min_replicates=80") == 2, (
        "judged alike, measured not"
    )
    assert "cells are not measured" in capsys.readouterr().err
    assert contents(Path("output/tables")) == whole
    for cell in (*job.plan.judgements, *job.plan.measurements):
        job.store.remove(cell.key)
    Path("output/tables/manifest.json").unlink()
    assert call("render", "tables.yaml") == 2, "of trainings alone there is nothing to be told"
    assert not Path("output/tables/manifest.json").exists()


def test_check_warns_of_a_model_that_is_trained_once_beside_others(
    tables: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = "  - {train.objective: [elbo, iwae], train.num_samples: [5]}\n"
    told = []
    for seeds in ("", "  - {train.objective: [iwae], train.num_samples: [5], train.seed: [1, 2]}\n"):
        tables.write_text(TEXT.replace(sweep, sweep + seeds))
        assert call("check", "tables.yaml") == 0
        told.append([line for line in capsys.readouterr().out.splitlines() if "warning" in line])
    assert told == [
        [],
        [
            "  warning: tables.yaml:9 sweep: train.objective elbo, train.num_samples 1 and 1 other model "
            "have one training, where others have up to 3: intervals are over images alone. "
            "Sweep train.seed there too to have them over trainings."
        ],
    ]
    assert call("check", "tables.yaml", "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["warnings"] == [told[1][0].removeprefix("  warning: ")]


@pytest.mark.long
def test_a_budget_ends_and_the_next_run_goes_on(
    tables: Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    assert call("report", "tables.yaml", "--budget", "0.001s", *SERIAL, "--json") == 3
    (answer,) = json.loads(capsys.readouterr().out)
    assert answer["exit_code"] == 3 and answer["measured"] == 0 and len(answer["paused"]) == 10
    page = Path("output/tables/report.html").read_text(encoding="utf-8")
    assert "not run" in page and "A tiny table" in page
    request.getfixturevalue("quick_reports")  # the one with nothing in it was made in earnest
    assert call("report", "tables.yaml", *SERIAL, "--json") == 0
    (answer,) = json.loads(capsys.readouterr().out)
    assert answer["paused"] == [] and answer["measured"] == 10
    with open("output/tables/results.csv", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["statistic"] == "negative_log_likelihood"]
    assert [(row["objective"], row["train.num_samples"], row["replicates"]) for row in rows] == [
        ("elbo", "1", "40"),
        ("elbo", "5", "40"),
        ("iwae", "5", "40"),
    ]
    assert all(float(row["ci_low"]) < float(row["value"]) < float(row["ci_high"]) < 60 for row in rows)
    page = Path("output/tables/report.html").read_text(encoding="utf-8")
    assert "86.76" in page and "not judged" in page and "Differences from the paper" in page


def test_more_images_than_there_are_is_said_before_anything_is_trained(
    tables: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("check", "tables.yaml", "--set", "judge.images=298") == 2
    told = capsys.readouterr().err
    wanted = "the test part of digits has 297 images, got 298. Use 297 or fewer."
    assert told == f"error: --set judge.images=298: {wanted}\n"
    assert call("check", "tables.yaml", "--set", "judge.images=297") == 0


def test_a_killed_run_ends_with_the_bytes_of_one_that_was_not(tables: Path) -> None:
    command = ["run", "tables.yaml"]
    for change in ("train.epochs=30", "train.checkpoints=[0, 1, 30]", "estimators=[pathwise]"):
        command += ["--set", change]
    process = subprocess.Popen(
        [sys.executable, "-m", "reportgen", *command, "--output", "killed", "--jobs", "1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    store = Path("killed/.store")
    limit = time.monotonic() + 60.0
    while not under_way(store) and time.monotonic() < limit:
        time.sleep(0.02)
    workers = workers_of(process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    end_of(workers, limit)
    assert under_way(store)
    for output in ("killed", "whole"):
        assert call(*command, "--output", output, *SERIAL) == 0
    killed, whole = contents(store), contents(Path("whole/.store"))
    assert killed.keys() == whole.keys() and len(whole) == 9
    assert killed == whole
