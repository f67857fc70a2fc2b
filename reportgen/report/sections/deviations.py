"""How the trainings here differ from the paper and from its authors' code, setting by setting.

Our settings are read from the plan and the records; those of the paper and the
code are facts in a table. Each training is compared with theirs of the same kind:
one that continues another with those of table 2, one beside table 3 with those on
the fixed binarization. Source: Burda et al. (2016), section 5 and appendix D,
and the code at github.com/yburda/iwae.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reportgen.datasets import DATASETS
from reportgen.figures.drafting.ticks import plain
from reportgen.findings import Findings, prose
from reportgen.plan import TrainingCell
from reportgen.report.sections.judged import sources
from reportgen.report.text import words
from reportgen.report.text.section import Section

PAPER = "burda2016"
EPOCHS = 3280
SILENT = "–"
"""Stands for what the paper or the code does not specify."""


@dataclass(frozen=True)
class Setting:
    """One line of the sheet."""

    name: str
    paper: str
    code: str
    ours: Callable[[Findings, TrainingCell], str]
    """Our value in one training; the distinct values of all trainings are listed."""
    continued: tuple[str, str] | None = None
    """The values of paper and code for a training that continues another, if they differ."""
    fixed: tuple[str, str] | None = None
    """The same for the fixed binarization of table 3."""

    def theirs(self, findings: Findings, cell: TrainingCell) -> tuple[str, str]:
        """The values of paper and code for a training of this kind."""
        if self.continued is not None and cell.train["after"] is not None:
            return self.continued
        if self.fixed is not None and _beside_table_3(findings):
            return self.fixed
        return self.paper, self.code


def _beside_table_3(findings: Findings) -> bool:
    published = findings.experiment.published
    places = sources(published.source) if published else []
    return any(key == PAPER and "table 3" in place.casefold() for key, place in places)


def _train(name: str) -> Callable[[Findings, TrainingCell], str]:
    return lambda _, cell: plain(float(cell.train[name]))


def _rate(_: Findings, cell: TrainingCell) -> str:
    rate = plain(float(cell.train["learning_rate"]))
    if cell.train["schedule"] == "constant":
        return f"{rate} throughout"
    return f"{rate} · 10^(−i/7) in stage i\u00a0=\u00a00\u00a0…\u00a07"


def _stages(_: Findings, cell: TrainingCell) -> str:
    epochs = int(cell.train["epochs"])
    if cell.train["schedule"] == "constant":
        return f"{prose.count(epochs)} epoch{'s' * (epochs != 1)} in one stage"
    if epochs == EPOCHS:
        return "stage i has 3^i epochs, 3280 in all"
    return f"stage i has the share 3^i/3280 of {prose.count(epochs)} epochs"


def _second_moment(_: Findings, cell: TrainingCell) -> str:
    """A training that continues another takes over only its parameters."""
    return "0" if cell.train["after"] is None else f"0 again{CONTINUED}"


def _batch(_: Findings, cell: TrainingCell) -> str:
    return prose.count(int(cell.train["batch_size"]))


def _objective(_: Findings, cell: TrainingCell) -> str:
    return OBJECTIVES[str(cell.train["objective"])]


def _covariance(_: Findings, cell: TrainingCell) -> str:
    chosen = str(cell.problem.get("covariance", DIAGONAL))
    return f"{DIAGONAL} plus rank {cell.problem['rank']}" if chosen == "low_rank" else chosen


def _images(_: Findings, cell: TrainingCell) -> str:
    data = str(cell.problem.get("data", ""))
    known = DATASETS.get(data)
    return f"{known.called}, {prose.count(known.counts[0])}" if known else data


def _size(_: Findings, cell: TrainingCell) -> str:
    known = DATASETS.get(str(cell.problem.get("data", "")))
    return "×".join(map(str, known.shape)) if known else SILENT


def _latent(_: Findings, cell: TrainingCell) -> str:
    return " + ".join(map(str, _listed(cell.problem["latent"])))


def _hidden(_: Findings, cell: TrainingCell) -> str:
    """Hidden units of each stochastic layer; a plain list of numbers is for a single one."""
    layers = _listed(cell.problem["hidden"])
    nested = layers if any(isinstance(layer, list | tuple) for layer in layers) else [layers]
    return " + ".join("–".join(map(str, _listed(layer))) or "none" for layer in nested)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _trainings(findings: Findings, _: TrainingCell) -> str:
    counts = sorted({len(model.cells) for model in findings.models if model.cells})
    return " or ".join(map(prose.count, counts)) or SILENT


def _binarization(_: Findings, cell: TrainingCell) -> str:
    known = DATASETS.get(str(cell.problem.get("data", "")))
    if known is None:
        return SILENT
    return "fixed" if known.binarize == "fixed" else "new at every draw"


def _likelihood(findings: Findings, _: TrainingCell) -> str:
    judge = findings.experiment.judge
    return SILENT if judge is None else f"{prose.count(int(judge.num_samples))} samples"


def _test_images(findings: Findings, cell: TrainingCell) -> str:
    judge = findings.experiment.judge
    if judge is None:
        return SILENT
    counted = sorted({len(record.images) for record in findings.judgements})
    told = " or ".join(prose.count(n) for n in counted)
    known = DATASETS.get(str(cell.problem.get("data", "")))
    if judge.images is None or (known is not None and judge.images == known.counts[1]):
        return f"all{', ' + told if told else ''}"
    return f"{told or prose.count(int(judge.images))} drawn at random"


def _always(text: str) -> Callable[[Findings, TrainingCell], str]:
    return lambda _, __: text


OBJECTIVES = {
    "elbo": "ELBO, as the mean of log w",
    "iwae": "IWAE bound",
    "elbo_analytic_kl": "ELBO, its KL in closed form",
}
"""`train.objective` → what is maximised; w = p(x, h) / q(h|x)."""
MAXIMISED = f"{OBJECTIVES['elbo']}; {OBJECTIVES['iwae']}"
DIAGONAL = "diagonal"
CONTINUED = ", the first moment too, where a training continues another"
GLOROT = "Glorot-uniform, biases 0"
MEAN_IMAGE = "logit of the mean training image, clipped to 0.001 … 0.999"

LATENT, HIDDEN = "50; 100 + 50", "200–200; 200–200 + 100–100"
"""For one stochastic layer, and for two, beginning next to the data."""

SHEET = (
    Setting("Latent units", LATENT, LATENT, _latent),
    Setting("Hidden units below them", HIDDEN, HIDDEN, _hidden),
    Setting("Covariance of q", DIAGONAL, DIAGONAL, _covariance),
    Setting("Objective maximised", MAXIMISED, MAXIMISED, _objective),
    Setting("Adam, β₁", "0.9", "0.99", _train("beta_1")),
    Setting("Adam, β₂", "0.999", "0.999", _train("beta_2")),
    Setting("Adam, ε", "0.0001", "0.0001", _train("epsilon")),
    Setting(
        "Adam, ε is added to", SILENT, "the root of the second moment before its bias is corrected",
        _always("the root of the second moment after its bias is corrected"),
    ),
    Setting(
        "Adam, initial second moment", SILENT, "1", _second_moment,
        continued=(SILENT, f"as it was{CONTINUED}"),
    ),
    Setting(
        "Adam, moments in a step", SILENT, "without the current gradient",
        _always("with the current gradient"),
    ),
    Setting("Gradient over a batch", SILENT, "sum", _always("mean")),
    Setting("Batch size", "20", "20", _batch),
    Setting(
        "Learning rate",
        "0.001 · 10^(−i/7) in stage i\u00a0=\u00a00\u00a0…\u00a07",
        "rounded: 10, 7.2, 5.2, 3.7, 2.7, 1.9, 1.4 and 1 times 0.0001",
        _rate,
        continued=("0.0001 throughout", "0.0001 throughout"),
    ),
    Setting(
        "Epochs", "stage i has 3^i epochs, 3280 in all", "stage i has 3^i epochs, 3280 in all", _stages,
        continued=("2187 epochs in one stage", "2187 epochs in one stage"),
    ),
    Setting("Order of images", SILENT, "the same in every epoch", _always("new in every epoch")),
    Setting(
        "Initial weights", GLOROT, "Glorot-uniform, from the same random numbers in every layer, biases 0",
        _always(GLOROT),
    ),
    Setting(
        "Initial output bias", SILENT, MEAN_IMAGE, _always(MEAN_IMAGE),
    ),
    Setting(
        "Training images", "MNIST, 60 000; OMNIGLOT, 24 345", "MNIST, 59 600; OMNIGLOT, 23 000", _images,
        fixed=("fixed-binarization MNIST, 50 000", "fixed-binarization MNIST, 50 000"),
    ),
    Setting("Trainings per model", SILENT, SILENT, _trainings),
    Setting("Pixels per image", "28×28", "28×28", _size),
    Setting(
        "Binarization", "new at every draw", "new at every draw", _binarization,
        fixed=("fixed", "fixed"),
    ),
    Setting("Likelihood", "5000 samples", "5000 samples", _likelihood),
    Setting("Test images", "all", "all", _test_images),
    Setting(
        "Active unit",
        "Cov(E[u|x]) > 0.01",
        "variance of its mean, given one sample from below, > 0.01",
        _always("Cov(E[u|x]) > 0.01, without Monte Carlo bias"),
    ),
    Setting("Active units on", SILENT, "the first 500 training images", _always("the test images judged")),
)  # fmt: skip
"""Settings of the network first, then of the optimiser, the data, and the judgement."""


def lines(findings: Findings) -> list[Mapping[str, Any]]:
    """Every setting with the three values, and whether ours differs from the paper's and from the code's."""
    cells = findings.plan.trainings  # including those that others continue
    found: list[Mapping[str, Any]] = []
    for setting in SHEET:
        ours = [setting.ours(findings, cell) for cell in cells]
        paper, code = zip(*(setting.theirs(findings, cell) for cell in cells), strict=True)
        found.append(
            {
                "name": setting.name,
                "paper": _listing(paper),
                "code": _listing(code),
                "ours": _listing(ours),
                "from_paper": any(map(differs, ours, paper)),
                "from_code": any(map(differs, ours, code)),
            }
        )
    return found


def _listing(values: Sequence[str]) -> str:
    return "; ".join(dict.fromkeys(_grouped(value) for value in values))


def differs(ours: str, theirs: str) -> bool:
    """Whether our value is none of theirs; what they do not specify cannot differ."""
    if theirs == SILENT:
        return False
    known = [part.strip() for part in _grouped(theirs).casefold().split(";")]
    return not any(_is(ours.casefold(), part) for part in known)


def _is(value: str, theirs: str) -> bool:
    """Whether a value is theirs; “all, 10 000” counts as “all”."""
    return value == theirs or value.startswith(f"{theirs}, ")


def _grouped(text: str) -> str:
    """The text with digits grouped as in all numbers of the report."""
    return "".join(
        prose.THIN if c == " " and text[i - 1 : i].isdigit() and text[i + 1 : i + 4].isdigit() else c
        for i, c in enumerate(text)
    )


def context(findings: Findings) -> Mapping[str, Any] | None:
    """Left out unless numbers of that paper are published beside ours."""
    published = findings.experiment.published
    if published is None or not any(key == PAPER for key, _ in sources(published.source)):
        return None
    found = lines(findings)
    from_paper = sum(line["from_paper"] for line in found)
    from_code = sum(line["from_code"] for line in found)
    return {
        "lines": found,
        "told": words.sentence(
            f"of {words.counted(len(found), 'setting')}, {_differing(from_paper)} from the paper and "
            f"{prose.in_words(from_code) if from_code else 'none'} from its authors’ code"
        ),
    }


def _differing(count: int) -> str:
    return f"{prose.in_words(count) if count else 'none'} {'differ' if count > 1 else 'differs'}"


SECTION = Section("deviations", "Differences from the paper", context)
