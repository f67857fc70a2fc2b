"""What `reportgen init` writes: an experiment that runs as it is, and explains itself."""

from __future__ import annotations

from pydantic_core import PydanticCustomError

from reportgen.declaration.complaints import listing
from reportgen.declaration.scalars import Slug
from reportgen.errors import UsageError
from reportgen.resources import examples

OWN = {"gradients": "my_gradients", "model": "my_vae", "estimator": "my_baseline"}
"""Kind of own code → the example that a first experiment with it is a copy of."""

_TEXT = """\
# An experiment is a question, what to measure, and what you expect to find.
# Every setting has a default; `reportgen check THIS-FILE` shows them all and what the run costs.
experiment: {name}          # name of the folder under output/
title: {title}

problem:
  model: vae
  data: digits              # 8×8 images that come with scikit-learn; also: mnist
  hidden: [50]              # units of the encoder's hidden layers; the decoder mirrors them
  latent: 5

# The expectation whose gradient in φ is estimated. Rankings change with it, so name it.
objective: [elbo]           # also: reconstruction, elbo_analytic_kl

estimators:
  - score_function                            # REINFORCE
  - {{name: leave_one_out, num_samples: 4}}     # REINFORCE with the other samples as baseline
  - pathwise                                  # the standard VAE gradient

train: {{epochs: 5, checkpoints: [0, 1, 5]}}    # gradients are measured at the checkpoints

measure:
  images: 16                # from the test part
  precision: 5%             # relative half-width of the 95 % interval of each total variance
  budget: 1e5               # at most so many draws per image

# A claim is a sentence with a test, which intervals decide:
# confirmed, refuted, or undecided if the interval leaves both open.
claims:
  - id: lower-variance
    statement: the pathwise gradient has lower variance than REINFORCE
    test: variance_ratio(score_function, pathwise) > 1 at every checkpoint
  - id: same-gradient
    statement: leave-one-out and pathwise estimate the same gradient
    test: equal_means(leave_one_out, pathwise, margin=20%) at some checkpoint
"""


def first_experiment(name: str, own: str | None = None) -> dict[str, str]:
    """A first declaration called `name` (letters, digits, - and _), valid as it stands: file → text.

    With `own`, a key of `OWN`, the Python file that it names is there too. Raises UsageError for a name
    with other characters, and for an `own` that is no key.
    """
    if own is not None and own not in OWN:
        raise UsageError(f"--own: must be {listing(OWN)}, got {own!r}. Choose one, or leave it out.")
    try:
        slug = Slug().check(name)
    except PydanticCustomError as error:
        shown = " ".join(name.split()) or "NAME"
        raise UsageError(f"{shown}: the name of an experiment {error.message()}") from None
    title = slug.replace("-", " ").replace("_", " ").strip().capitalize()
    if own is None:
        return {f"{slug}.yaml": _TEXT.format(name=_quoted(slug), title=_quoted(title))}
    code, declared = (
        (examples() / f"{OWN[own]}{ending}").read_text(encoding="utf-8") for ending in (".py", ".yaml")
    )
    for old, new in (
        (f"examples/{OWN[own]}.yaml", f"{slug}.yaml"),
        (f"experiment: {OWN[own].replace('_', '-')}\n", f"experiment: {_quoted(slug)}\n"),
        (f"{OWN[own]}.py:", f"{slug}.py:"),
    ):
        declared = declared.replace(old, new)
    return {f"{slug}.py": code, f"{slug}.yaml": declared}


def _quoted(text: str) -> str:
    return text if text[:1].isalpha() and text.lower() not in ("true", "false", "null") else f'"{text}"'
