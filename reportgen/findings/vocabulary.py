"""What things are called in an experiment: its data points, its evaluations, the places it measured.

Sentences take these words only from here, so that they are true of a network
trained on images as well as of a function of one normal variable.
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
"""Blocks of the parameters of q, if these are φ itself."""


@dataclass(frozen=True)
class Vocabulary:
    """The words of one experiment. I = `count` of the `units` are measured; `samples` is K of the reference,
    under the first objective that depends on K if there is one."""

    trained: bool
    swept: bool
    unit: str
    units: str
    count: int
    dataset: str
    """Name of the data; empty if there are none."""
    images: bool
    """Whether the data points are images of the data set's test part."""
    network: bool
    """Whether an encoder computes the parameters of q from a data point."""
    discrete: bool
    """Whether z has no path to differentiate along."""
    derivative: bool
    """Whether f has a derivative in z that an estimator could use."""
    size: str
    """How large z is: “10 latent units”; empty if not known."""
    coordinates: str
    """What φ is, inside a sentence."""
    evaluation: str
    """One unit of work: “decoder pass”, “evaluation of f”."""
    evaluations: str
    samples: int
    round: str
    """The unit in which training is counted: “epoch”, or “step” if each sees all of the data."""
    rounds: str
    free: bool
    """Whether φ is itself the parameters of one q, with no network or data in between."""
    given: bool
    """Whether the gradient is known only through estimates, each a call of a user's function."""

    @property
    def alone(self) -> bool:
        """Whether there is only one data point, which then need not be mentioned."""
        return self.count == 1

    @property
    def counted(self) -> str:
        """“64 images”, “eight images”, “one data point”."""
        return f"{prose.in_words(self.count)} {self.unit if self.alone else self.units}"

    @property
    def place(self) -> str:
        """“64 test images of digits”, “four data points”; empty for a single data point that is no image."""
        if self.images:
            units = self.unit if self.alone else self.units
            return f"{prose.in_words(self.count)} test {units} of {self.dataset}"
        return "" if self.alone else self.counted

    @property
    def mean_over(self) -> str:
        """To follow what is averaged, with leading comma: “, mean over images”; empty for one data point."""
        return "" if self.alone else f", mean over {self.units}"

    @property
    def work(self) -> str:
        """The units of work: “passes through the decoder”, “evaluations of f and its derivative”."""
        if "pass" in self.evaluation:
            return "passes through the decoder"
        return f"{self.evaluations} and its derivative" if self.derivative else self.evaluations

    @property
    def evaluation_alone(self) -> str:
        """One unit of work that may be of f or of its derivative: “evaluation”, “decoder pass”."""
        return self.evaluation.partition(" of ")[0] if self.derivative else self.evaluation

    @property
    def evaluations_alone(self) -> str:
        """The plural of `evaluation_alone`."""
        return self.evaluations.partition(" of ")[0] if self.derivative else self.evaluations

    @property
    def each(self) -> str:
        """To follow a number, as in “2,000 replicates per image”; empty for one data point."""
        return "" if self.alone else f" per {self.unit}"

    @property
    def last(self) -> str:
        """The place of numbers stated without one: “at the last checkpoint”; empty if there is only one."""
        if self.trained:
            return "at the last checkpoint"
        return "at the base setting" if self.swept else ""

    @property
    def at_last(self) -> str:
        """`last` with a leading blank, to follow a word."""
        return f" {self.last}" if self.last else ""

    def checkpoint(self, number: int) -> str:
        """“epoch 200”, “step 2000”."""
        return f"{self.round} {prose.count(number)}"

    def at_checkpoint(self, number: int) -> str:
        """“ at epoch 200”, with a leading blank; “ at the base setting” or nothing without training."""
        return f" at {self.checkpoint(number)}" if self.trained else self.at_last

    def block(self, group: str) -> str:
        """What a block of parameters is called."""
        return BLOCKS.get(group, group) if self.free else group

    def objective(self, name: str) -> str:
        """An objective's title; for a bound of several samples, with their number."""
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
