"""The section `train`: how a model is trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from reportgen.declaration.epochs import Epochs
from reportgen.declaration.scalars import Real, Whole, one_of
from reportgen.declaration.section import Section

TRAINING_SEED = "train.seed"
"""If swept, it makes several trainings of each model, and is no setting that tells models apart."""
_EPOCHS = (0, 1, 5, 20, 50, 100, 200)


class Train(Section):
    """How the model is trained; the same checkpoints serve every estimator."""

    objective: Annotated[str, one_of("elbo", "elbo_analytic_kl", "iwae")] = "elbo"
    """What training maximises: by pathwise gradients; for discrete latent units, by leave-one-out."""
    num_samples: Annotated[int, Whole(1, 4096)] = 1
    """Samples per image in each step: the k of iwae; the other objectives average over them."""
    epochs: Annotated[int, Whole(0, 10**6)] = 200
    """Passes over the training data."""
    schedule: Annotated[str, one_of("constant", "burda2016")] = "constant"
    """Learning rate: constant, or the eight stages of Burda et al. (2016): stage i has the share 3ⁱ/3280 of
    all steps and the rate learning_rate · 10^(−i/7). With 3280 epochs it is theirs; fewer shorten it."""
    batch_size: Annotated[int, Whole(1, 10**6)] = 20
    """Images per step."""
    learning_rate: Annotated[float, Real(above=0.0)] = 1e-3
    """Adam's step size."""
    beta_1: Annotated[float, Real(least=0.0, below=1.0)] = 0.9
    """Adam's decay of the first moment."""
    beta_2: Annotated[float, Real(least=0.0, below=1.0)] = 0.999
    """Adam's decay of the second moment."""
    epsilon: Annotated[float, Real(above=0.0)] = 1e-4
    """Adam's ε; the default is that of Burda et al. (2016), section 5."""
    checkpoints: Epochs = Field(
        default_factory=lambda train: tuple(
            sorted({*(e for e in _EPOCHS if e < train["epochs"]), train["epochs"]})
        )
    )
    """Epochs at which gradients are measured; 0 is before training. Default: those of 0, 1, 5, 20, 50, 100
    and 200 before the last epoch, and the last."""
    seed: Annotated[int, Whole(0)] | None = None
    """Seed of all that is random in the training: initial parameters, order and binarization of the images,
    samples. Default: that of the experiment; in `after`, that of the training that continues it. If it is
    swept, each model is trained several times, and trained models are reported by the mean over trainings."""
    after: Train | None = None
    """The training that this one continues, a section like this one. It begins where that one ended, with
    Adam's moments at zero again."""


def canonical(train: Mapping[str, Any]) -> dict[str, Any]:
    """The training in canonical form: iwae with one sample becomes elbo, and every stage names its seed."""
    one = train["objective"] == "iwae" and train["num_samples"] == 1
    before = train["after"]
    if before is not None and before["seed"] is None:
        before = {**before, "seed": train["seed"]}
    return {
        **train,
        "objective": "elbo" if one else train["objective"],
        "after": None if before is None else canonical(before),
    }


def stages(train: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A training and those that it continues, in the order in which they are run."""
    before = train["after"]
    return [train] if before is None else [*stages(before), train]


def dynamics(train: Mapping[str, Any], *, whole: bool = False) -> dict[str, Any]:
    """The part of a resolved `train` section that the parameters at an epoch depend on.

    They depend neither on later epochs nor on other checkpoints, except if the
    number of epochs stretches the schedule of the learning rate. Of a training
    that is continued (`whole`) the last epoch counts. The seed is not included,
    except that of an earlier training that has another one.
    """
    told = ("checkpoints", "epochs", "after", "seed")
    kept = {name: value for name, value in train.items() if name not in told}
    if whole or train["schedule"] != "constant":
        kept["epochs"] = train["epochs"]
    before = train["after"]
    return kept if before is None else {**kept, "after": dynamics(before, whole=True) | _own_seed(train)}


def unseeded(train: Mapping[str, Any]) -> dict[str, Any]:
    """A training without its seed, and its earlier stages without theirs if it is the same."""
    before = train["after"]
    kept = {name: value for name, value in train.items() if name != "seed"}
    return kept if before is None else {**kept, "after": unseeded(before) | _own_seed(train)}


def _own_seed(train: Mapping[str, Any]) -> dict[str, Any]:
    """The seed of the training that this one continues, if it is another."""
    seed = train["after"]["seed"]
    return {} if seed == train["seed"] else {"seed": seed}
