"""What things are called in an experiment: its data points, its evaluations, the places it measured.

A sentence takes these words from here and nowhere else, so that it is true
of a network trained on images as of a function of one normal variable.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reportgen.distributions import DISTRIBUTIONS
from reportgen.findings import prose
from reportgen.objectives import OBJECTIVES

BLOCKS = {
    "mean": "gradient in μ",
    "log_scale": "gradient in log σ",
    "lower": "gradient in L, off the diagonal",
    "factor": "gradient in the factor",
}
"""Blocks of the parameters of q, where they are those of φ."""


@dataclass(frozen=True)
class Vocabulary:
    """The words of one experiment. `units` measured are I; `samples` is K of the reference."""

    trained: bool
    swept: bool
    unit: str
    units: str
    count: int
    dataset: str
    """What the data are called; empty where there are none."""
    images: bool
    """Whether the data points are images of the data set's test part."""
    network: bool
    """Whether an encoder makes the parameters of q from a data point."""
    discrete: bool
    """Whether z has no path to differentiate along."""
    derivative: bool
    """Whether f has a derivative in z that an estimator could use."""
    size: str
    """How large z is: “10 latent units”; empty where it is not known."""
    coordinates: str
    """What φ is, inside a sentence."""
    evaluation: str
    """One unit of work: “decoder pass”, “evaluation of f”."""
    evaluations: str
    samples: int
    round: str
    """What training is counted in: “epoch”, or “step” where each sees all of the data."""
    rounds: str
    free: bool
    """Whether φ is the parameters of one q themselves, with no network or data between."""
    given: bool
    """Whether nothing is known of the gradient but estimates of it, a call of a function each."""

    @property
    def alone(self) -> bool:
        """Whether there is one data point only, of which nothing needs to be said."""
        return self.count == 1

    @property
    def counted(self) -> str:
        """“64 images”, “eight images”, “one data point”."""
        return f"{prose.in_words(self.count)} {self.unit if self.alone else self.units}"

    @property
    def place(self) -> str:
        """“64 test images of digits”, “four data points”; empty for one data point alone."""
        if self.images:
            units = self.unit if self.alone else self.units
            return f"{prose.in_words(self.count)} test {units} of {self.dataset}"
        return "" if self.alone else self.counted

    @property
    def mean_over(self) -> str:
        """After what is averaged, with the comma before it: “, mean over images”; nothing with one alone."""
        return "" if self.alone else f", mean over {self.units}"

    @property
    def work(self) -> str:
        """What work is counted in: “passes through the decoder”, “evaluations of f and its derivative”."""
        if "pass" in self.evaluation:
            return "passes through the decoder"
        return f"{self.evaluations} and its derivative" if self.derivative else self.evaluations

    @property
    def evaluation_alone(self) -> str:
        """One unit of work, where it may be of f or of its derivative: “evaluation”, “decoder pass”."""
        return self.evaluation.partition(" of ")[0] if self.derivative else self.evaluation

    @property
    def evaluations_alone(self) -> str:
        """Several of them."""
        return self.evaluations.partition(" of ")[0] if self.derivative else self.evaluations

    @property
    def each(self) -> str:
        """After a number: “2,000 replicates per image”; nothing with one data point alone."""
        return "" if self.alone else f" per {self.unit}"

    @property
    def last(self) -> str:
        """Where numbers without a place were measured: “at the last checkpoint”; empty if nowhere else."""
        if self.trained:
            return "at the last checkpoint"
        return "at the base setting" if self.swept else ""

    @property
    def at_last(self) -> str:
        """The same after a word, with the blank before it."""
        return f" {self.last}" if self.last else ""

    def checkpoint(self, number: int) -> str:
        """“epoch 200”, “step 2000”."""
        return f"{self.round} {prose.count(number)}"

    def at_checkpoint(self, number: int) -> str:
        """“ at epoch 200”, with the blank before it; “ at the base setting” or nothing without training."""
        return f" at {self.checkpoint(number)}" if self.trained else self.at_last

    def block(self, group: str) -> str:
        """What a block of parameters is called."""
        return BLOCKS.get(group, group) if self.free else group

    def objective(self, name: str) -> str:
        """An objective's title; a bound of several samples with their number."""
        if name not in OBJECTIVES:
            return name.replace("_", " ")
        found = OBJECTIVES[name]
        return f"{found.title}, K\u00a0=\u00a0{self.samples}" if found.several else found.title


def vocabulary(experiment: Any, count: int, free: bool) -> Vocabulary:
    """The words of a declaration of which `count` data points were measured; `free` as in Vocabulary."""
    problem = experiment.problem
    first = experiment.objective[0]
    reference = experiment.reference_of(first)
    several = [name for name in experiment.objective if OBJECTIVES[name].several]
    bound = experiment.reference_of(several[0]) if several else reference
    return Vocabulary(
        trained=problem.trained,
        swept=bool(experiment.swept),
        unit=problem.unit[0],
        units=problem.unit[1],
        count=count,
        dataset=problem.data_title,
        images=problem.images,
        network=problem.network,
        discrete=not DISTRIBUTIONS[problem.distribution].reparameterizable,
        derivative=problem.differentiable,
        size=problem.size,
        coordinates=problem.coordinates,
        evaluation=problem.evaluation[0],
        evaluations=problem.evaluation[1],
        samples=bound.num_samples if bound else 1,
        round=problem.round[0],
        rounds=problem.round[1],
        free=free,
        given=problem.given,
    )
