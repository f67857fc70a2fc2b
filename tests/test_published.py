"""published.json: what it says of every published number, and that no entry can be changed unseen."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from reportgen.findings import Findings, Row, collect
from reportgen.findings.files import claims_data, csv_text
from reportgen.findings.finished import read_rows
from reportgen.findings.models.published import published_data, published_text
from reportgen.verification.numbers import (
    DIFFERENT,
    IDENTICAL,
    NOT_JUDGED,
    UNDECIDED,
    compare,
    compare_verdicts,
)
from reportgen.verification.published import (
    as_verdicts,
    otherwise_trained,
    published_faults,
    read_published,
)
from reportgen.workflow import prepare
from tests.synthetic_models import TABLE, declared, models, paused, records
from tests.test_cli import call
from tests.test_cli_tables import SERIAL
from tests.test_cli_tables import TEXT as TINY
from tests.test_trainings import SEEDED, by_seed, planned


def entries_of(found: Findings) -> list[dict[str, Any]]:
    content = published_text(found.experiment, found.models).encode()
    return [dict(entry) for entry in read_published(content, found.experiment)]


@cache
def rows_of(found: Findings) -> tuple[Row, ...]:
    return read_rows(csv_text(found).encode(), Path("results.csv"))


def faults_of(found: Findings, entries: list[dict[str, Any]]) -> list[str]:
    causes = {record.cause for record in found.broken}
    return list(published_faults(found.experiment, rows_of(found), entries, causes))


@pytest.fixture(scope="module")
def off() -> Findings:
    """Numbers half a nat off every published one."""
    return models(declared(TABLE), shift=lambda _: 0.5)


@pytest.fixture(scope="module")
def seeded() -> Findings:
    return models(declared(SEEDED), shift=by_seed)


def test_an_entry_is_a_cell_of_the_table(off: Findings) -> None:
    entries = entries_of(off)
    assert len(entries) == 6
    (entry,) = (
        one for one in entries if one["setting"] == {"train.objective": "iwae", "train.num_samples": 50}
    )
    (model,) = (model for model in off.models if dict(model.setting) == entry["setting"])
    low, high = model.likelihood.low, model.likelihood.high
    assert entry == {
        "setting": {"train.objective": "iwae", "train.num_samples": 50},
        "checkpoint": 64,
        "quantity": "negative_log_likelihood",
        "source": "burda2016, table 1",
        "published": 84.78,
        "estimate": pytest.approx(85.28),
        "ci_low": low,
        "ci_high": high,
        "difference": pytest.approx(0.5),
        "difference_low": pytest.approx(low - 84.78),
        "difference_high": pytest.approx(high - 84.78),
        "within": 1.0,
        "epochs": 64,
        "published_epochs": 3280,
        "trainings": 1,
        "verdict": model.verdict,
        "cause": None,
    }
    assert [one["verdict"] for one in entries] == [model.verdict for model in off.models]


def test_a_model_of_several_trainings_is_told_by_their_mean(seeded: Findings) -> None:
    entries = entries_of(seeded)
    assert {entry["trainings"] for entry in entries} == {3}
    assert all("train.seed" not in entry["setting"] for entry in entries)
    assert [entry["estimate"] for entry in entries] == pytest.approx(
        [entry["published"] for entry in entries]
    )
    assert faults_of(seeded, entries) == []


def test_what_was_not_run_or_must_not_be_compared_says_so() -> None:
    text = TABLE.replace("epochs: 3280", "comparable: another data set")
    text = text.replace("{train.objective: iwae, train.num_samples: 50}", "{train.num_samples: 7}")
    experiment, plan = declared(text), planned(text)
    made = records(experiment, plan)
    for cell in plan.judgements:
        if cell.setting["train.num_samples"] == 1:
            made[cell.key] = paused(made[cell.key])
    found = collect(experiment, plan, made)
    told = [
        (
            entry["verdict"],
            entry["estimate"] is None,
            entry["difference"],
            entry["epochs"],
            bool(entry["cause"]),
        )
        for entry in entries_of(found)
    ]
    assert told == [
        ("not run", True, None, None, True),
        ("not judged", False, None, 64, True),
        ("not judged", False, None, 64, True),
        ("not run", True, None, None, True),
        ("not judged", False, None, 64, True),
        ("not run", True, None, None, True),  # no such model is declared
    ]
    assert faults_of(found, entries_of(found)) == []
    entries = entries_of(found)
    for number, cause in ((0, None), (1, None), (2, "the machine broke"), (5, "never asked for")):
        changed = [{**entry, "cause": cause} if i == number else entry for i, entry in enumerate(entries)]
        (fault,) = faults_of(found, changed)
        assert f"says cause {cause!r}, which neither declaration.yaml nor manifest.json gives" in fault
    entries[1]["verdict"] = "undecided"
    place = "published.json: train.objective elbo, train.num_samples 5: "
    told = "says undecided, and declaration.yaml that the two must not be compared"
    assert place + told in faults_of(found, entries)


def test_of_several_trainings_fewer_may_be_judged() -> None:
    experiment, plan = declared(SEEDED), planned()
    made = records(experiment, plan, shift=by_seed)
    for cell in plan.judgements:
        if cell.setting["train.num_samples"] == 50 and cell.setting["train.seed"] > 0:
            made[cell.key] = paused(made[cell.key])
    found = collect(experiment, plan, made)
    entries = entries_of(found)
    assert [entry["trainings"] for entry in entries] == [3, 3, 1, 3, 3, 1]
    assert faults_of(found, entries) == []


def test_a_report_that_was_stopped_in_time_is_not_contradicted_by_a_whole_run() -> None:
    experiment, plan = declared(TABLE), planned(TABLE)
    made = records(experiment, plan)
    for cell in plan.judgements:
        if cell.setting["train.num_samples"] == 50:
            made[cell.key] = paused(made[cell.key])
    stopped, whole = collect(experiment, plan, made), models(experiment)
    numbers = compare(
        rows_of(stopped), rows_of(whole), (claims_data(stopped), claims_data(whole)), 3, promised=False
    )
    assert {number.standing for number in numbers} == {IDENTICAL, NOT_JUDGED}
    told = compare_verdicts(
        as_verdicts(entries_of(stopped)),
        as_verdicts(entries_of(whole)),
        promised=False,
        open_words=("undecided", "not run"),
    )
    assert [verdict.standing for verdict in told] == [IDENTICAL, IDENTICAL, UNDECIDED] * 2


def test_the_word_on_fewer_trainings_contradicts_none_on_all(seeded: Findings) -> None:
    all_of_them = entries_of(seeded)
    stopped = [dict(entry) for entry in all_of_them]
    stopped[0] |= {"trainings": 1, "verdict": "not reproduced"}
    stopped[1] |= {"verdict": "not reproduced"}
    told = compare_verdicts(
        as_verdicts(stopped),
        as_verdicts(all_of_them),
        promised=False,
        of_others=otherwise_trained(stopped, all_of_them),
    )
    assert [verdict.standing for verdict in told][:3] == [UNDECIDED, DIFFERENT, IDENTICAL]


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"published": 84.0}, "says published 84.0, and declaration.yaml gives 84.78"),
        ({"within": 9.0}, "says within 9.0, and declaration.yaml gives 1.0"),
        ({"source": "x"}, "says source 'x', and declaration.yaml gives 'burda2016, table 1'"),
        ({"published_epochs": 64}, "says published_epochs 64, and declaration.yaml gives 3280"),
        ({"epochs": 3280}, "says epochs 3280, and declaration.yaml gives 64"),
        ({"checkpoint": 8}, "says checkpoint 8, and declaration.yaml gives 64"),
        ({"estimate": 84.78}, "says estimate 84.78, and results.csv gives 85.2"),
        ({"ci_low": 84.0}, "says ci_low 84.0, and results.csv gives "),
        ({"difference": 0.1}, "says difference 0.1, which ours less the published number is not"),
        ({"difference_high": None}, "says difference_high None, which ours less the published number is not"),
        ({"trainings": 5}, "says trainings 5, and results.csv has 1"),
        ({"verdict": "reproduced"}, "says reproduced, which its interval denies"),
        ({"verdict": "not reproduced"}, "says not reproduced, which its interval denies"),
        ({"verdict": "not run"}, "says not run, which its interval denies"),
        ({"verdict": "not judged"}, "says not judged, and declaration.yaml that the two may be compared"),
        ({"verdict": "splendid"}, "says splendid, which its interval denies"),
        (
            {"cause": "their data are lost"},
            "says cause 'their data are lost', which neither declaration.yaml nor",
        ),
    ],
)
def test_a_changed_entry_is_found_and_named(off: Findings, change: Mapping[str, Any], wanted: str) -> None:
    entries = entries_of(off)
    assert faults_of(off, entries) == []
    entries[5].update(change)
    found = faults_of(off, entries)
    place = "published.json: train.objective iwae, train.num_samples 50: "
    assert found and all(fault.startswith(place) for fault in found)
    assert any(fault.startswith(place + wanted) for fault in found)


def test_an_entry_too_few_or_too_many_is_found(off: Findings) -> None:
    entries = entries_of(off)
    assert faults_of(off, entries[:-1]) == [
        "published.json: lacks train.objective iwae, train.num_samples 50"
    ]
    entries[5]["setting"]["train.num_samples"] = 7
    assert faults_of(off, entries) == [
        "published.json: train.objective iwae, train.num_samples 7: is not declared",
        "published.json: lacks train.objective iwae, train.num_samples 50",
    ]
    with pytest.raises(ValueError, match="stands twice"):
        faults_of(off, [*entries[:2], *entries[:2]])


@pytest.mark.parametrize(
    "content", [None, b"{}", b"[1]", b'[{"setting": [], "verdict": "x"}]', b"[", b"[{}]"]
)
def test_what_is_no_list_of_entries_is_refused(off: Findings, content: bytes | None) -> None:
    with pytest.raises(ValueError):
        read_published(content, off.experiment)


def test_no_published_numbers_no_file() -> None:
    experiment = declared(TABLE[: TABLE.index("published:")] + TABLE[TABLE.index("sweep:") :])
    assert read_published(None, experiment) == ()
    with pytest.raises(ValueError):
        read_published(b"[]", experiment)
    assert published_data(experiment, models(experiment).models) == []


# --- written, attached, verified ---------------------------------------------------------------------------

SMALL = TINY.replace("  comparable: another data set\n", "").replace("nll: 85.54", "nll: 20")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with tables.yaml, and in its output the store of a run of it."""
    folder = tmp_path_factory.mktemp("tables")
    (folder / "tables.yaml").write_text(SMALL)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert call("run", "tables.yaml", *SERIAL, "--quiet") == 0
    return folder


@pytest.fixture
def tables(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick_reports: None) -> None:
    """One is in a copy of that folder."""
    shutil.copytree(finished, tmp_path / "tables")
    monkeypatch.chdir(tmp_path / "tables")


@pytest.mark.long
@pytest.mark.usefixtures("tables")
def test_a_verdict_that_no_row_denies_is_denied_by_the_second_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("report", "tables.yaml", *SERIAL, "--json") == 0
    (answer,) = json.loads(capsys.readouterr().out)
    folder = Path("output/tables")
    content = (folder / "published.json").read_bytes()
    entries = json.loads(content)
    assert answer["published"] == entries
    assert [entry["verdict"] for entry in entries] == ["right ordering", "right ordering"]
    assert "published.json.gz (1 kB)" in (folder / "report.html").read_text(encoding="utf-8")

    entries[0]["verdict"] = "not reproduced"  # which its interval does not deny
    changed = json.dumps(entries).encode()
    with pikepdf.open(folder / "report.pdf") as pdf:
        manifest = json.loads(pdf.attachments["manifest.json"].get_file().read_bytes())
        assert pdf.attachments["published.json"].get_file().read_bytes() == content
        for part in ("attached", "files"):
            assert manifest[part]["published.json"] == hashlib.sha256(content).hexdigest()
            manifest[part]["published.json"] = hashlib.sha256(changed).hexdigest()
        for name, data in (("published.json", changed), ("manifest.json", json.dumps(manifest).encode())):
            del pdf.attachments[name]
            pdf.attachments[name] = pikepdf.AttachedFileSpec(pdf, data, filename=name)
        del pdf.Root.AF
        pdf.save("changed.pdf")
        del pdf.attachments["published.json"]
        pdf.save("without.pdf")
    assert call("verify", "changed.pdf", *SERIAL, "--output", "again") == 1
    out = capsys.readouterr().out
    assert "evidence: 6 files attached, which agree with one another" in out
    assert "  different  published.json: train.objective elbo, train.num_samples 1" in out
    assert "not reproduced → right ordering" in out
    assert (Path("again/tables/again/published.json")).read_bytes() == content
    assert call("verify", "without.pdf", *SERIAL) == 1
    assert "published.json: must be as reportgen writes it" in capsys.readouterr().out

    Path("tables.yaml").write_text(SMALL[: SMALL.index("published:")] + SMALL[SMALL.index("claims:") :])
    assert call("render", "tables.yaml") == 0
    assert not (folder / "published.json").exists()


@pytest.mark.usefixtures("tables")
def test_orderings_of_a_stopped_run_are_not_held_against_those_of_all_models(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Alone the VAE is not reproduced; beside the IWAE it is in the right order."""
    shutil.copytree("output/.store", "whole/.store")
    job = prepare("tables.yaml", Path("output"), ())
    for cell in job.cells:
        if cell.setting["train.objective"] == "iwae":
            job.store.remove(cell.key)
    assert call("render", "tables.yaml", "--json", "--quiet") == 3
    (answer,) = json.loads(capsys.readouterr().out)
    assert [(entry["verdict"], entry["cause"]) for entry in answer["published"]] == [
        ("not reproduced", None),
        ("not run", "the run was stopped before it"),
    ]
    assert answer["claims"][0]["cause"] == "not finished: the run was stopped before it"
    assert call("verify", "output/tables/report.pdf", "--output", "whole", *SERIAL) == 3
    out = capsys.readouterr().out
    assert "not reproduced → right ordering" in out and "different:" not in out
