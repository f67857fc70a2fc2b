"""The declaration as a frozen model: everything has a default, nothing unknown is accepted."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path as FilePath
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    Field,
    GetCoreSchemaHandler,
    PrivateAttr,
    ValidationInfo,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from reportgen.declaration.claims.grammar import GrammarError, parse
from reportgen.declaration.claims.tests import ClaimTest
from reportgen.declaration.complaints import Complaint, Path, Places, refuse
from reportgen.declaration.dotted import identity, same_value, value_at
from reportgen.declaration.epochs import Which, chosen
from reportgen.declaration.estimator_spec import EstimatorSpec, of_functions, usual_estimators
from reportgen.declaration.judge import Judge
from reportgen.declaration.problems import AnyProblem, gives_estimators
from reportgen.declaration.problems.vae import VAE
from reportgen.declaration.published import Published
from reportgen.declaration.scalars import (
    AsList,
    Choice,
    Fraction,
    Real,
    Slug,
    Text,
    Whole,
    ascending,
    distinct,
    filled,
    one_of,
)
from reportgen.declaration.section import Section
from reportgen.declaration.train import Train
from reportgen.errors import DeclarationError
from reportgen.objectives import OBJECTIVES


def _readable(test: str) -> str:
    try:
        parse(test)
    except GrammarError as error:
        raise refuse(f"{error} (in `{test}`).") from None
    return test


def _blocks(value: Any) -> Any:
    return ([value] if value else []) if isinstance(value, dict) else value


class _Blocks(AsList):
    """Reads one mapping as a list of one; an empty mapping sweeps nothing."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_blocks, handler(source))


ObjectiveName = Annotated[str, Choice(OBJECTIVES.keys)]


class Measure(Section):
    """How long, and on how many images, gradients are measured."""

    images: Annotated[int, Whole(2, 10**6)] = 64
    """Number of images, taken from the test part."""
    precision: Annotated[float, Fraction()] = 0.02
    """Relative half-width of the 95 % interval of each total variance."""
    budget: Annotated[int, Whole(1)] = 1_000_000
    """Most draws per image in each cell; what has not met the precision by then is reported as it stands."""
    min_replicates: Annotated[int, Whole(2)] = 2000
    """Fewest replicates per image."""
    num_samples: Annotated[
        tuple[Annotated[int, Whole(1, 4096)], ...], AsList(), AfterValidator(ascending)
    ] = ()
    """Values of K for the curve of variance against K."""
    curves: Annotated[str, one_of("last", "everywhere")] = "last"
    """Where that curve is measured: at the last checkpoint of the base setting, or everywhere."""
    constants: Annotated[tuple[Annotated[float, Real()], ...], AsList(), AfterValidator(distinct)] = ()
    """Constants added to log p(x|z) for score_function and pathwise, at the last checkpoint of the base
    setting."""
    sweep_checkpoints: Which = "last"
    """Checkpoints at which swept settings are measured: last, every, or a list. The base setting is measured
    at all checkpoints."""


class Claim(Section):
    """A sentence and the test that decides it."""

    id: Annotated[str, Slug()]
    """Short, unique name."""
    quote: Annotated[str, Text()] | None = None
    """The sentence, quoted from its source."""
    statement: Annotated[str, Text()] = Field(default_factory=lambda claim: claim.get("quote") or "")
    """The sentence in your own words. Default: the quote."""
    source: Annotated[str, Text(200)] | None = None
    """Where the sentence is found: `burda2016, section 2`."""
    test: Annotated[str, Text(), AfterValidator(_readable)]
    """A comparison of statistics: `variance_ratio(score_function, pathwise) > 1 at every checkpoint`."""
    expect: Annotated[str, one_of("confirmed", "refuted", "undecided")] = "confirmed"
    """The verdict that is expected; `refuted` for a negative control."""

    @property
    def parsed(self) -> ClaimTest:
        """The test as a tree."""
        return parse(self.test)


def _seeded(train: Train, info: ValidationInfo) -> Train:
    """The training, with the experiment's seed if it has none of its own."""
    return train if train.seed is not None else train.model_copy(update={"seed": info.data.get("seed", 0)})


class Experiment(Section):
    """A declared experiment. It is made by `load` or `load_text`, which check what no single field can."""

    experiment: Annotated[str, Slug()]
    """Name of the experiment, and of its folder under the output folder."""
    title: Annotated[str, Text(200)] = Field(default_factory=lambda data: data.get("experiment", ""))
    """Title of the report. Default: the name."""
    seed: Annotated[int, Whole(0)] = 0
    """Seed of all random numbers."""
    problem: AnyProblem = VAE()
    """The model whose gradients are estimated."""
    objective: Annotated[
        tuple[ObjectiveName, ...], AsList(), AfterValidator(filled), AfterValidator(distinct)
    ] = Field(default_factory=lambda data: data["problem"].usual)
    """Objectives whose gradients are estimated; a claim that names none is about the first.
    Default: those usual for the model."""
    estimators: Annotated[tuple[EstimatorSpec, ...], AsList(), AfterValidator(filled)] = Field(
        default_factory=lambda data: usual_estimators(data["problem"], data["objective"])
    )
    """Estimators to compare, all on the same draws. Default: those of score_function, leave_one_out and
    pathwise that apply; for a model of your own, all that apply."""
    train: Annotated[Train, AfterValidator(_seeded)] = Field(default_factory=Train, validate_default=True)
    """How the model is trained, and the checkpoints at which it is measured."""
    measure: Measure = Measure()
    """How long gradients are measured, and on how many images."""
    judge: Judge | None = None
    """How good the trained models are: test likelihood and active units. If left out, they are not judged."""
    published: Published | None = None
    """Published numbers that those of the judged models are compared with."""
    sweep: Annotated[tuple[dict[str, tuple[Any, ...]], ...], _Blocks()] = ()
    """Settings and their values, such as `problem.latent: [2, 5, 10]`; the full cross product is run.
    A list of such mappings runs the cross product of each."""
    claims: tuple[Claim, ...] = ()
    """Sentences, each with the test that decides it."""

    @model_validator(mode="before")
    @classmethod
    def _functions_by_name(cls, data: Any) -> Any:
        """Reads names as functions' if the problem gives the estimators, even if its section has faults."""
        if isinstance(data, dict) and data.get("estimators") and gives_estimators(data.get("problem", {})):
            return {**data, "estimators": of_functions(data["estimators"])}
        return data

    _source_path: FilePath | None = PrivateAttr(default=None)
    _text: str = PrivateAttr(default="")
    _overrides: tuple[str, ...] = PrivateAttr(default=())
    _places: Places = PrivateAttr(default=Places("declaration.yaml", {}))

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        """What it compares, in a few lines; every setting is an attribute, and `text` is the declaration."""
        data = f" on {self.problem.dataset}" if self.problem.dataset else ""
        swept = [f"{path}: {', '.join(map(str, values))}" for path, values in self.swept.items()]
        parts = {
            "problem": f"{self.problem.model}{data}",
            "objective": ", ".join(self.objective),
            "estimators": ", ".join(self.labels),
            "sweep": "; ".join(swept),
            "claims": ", ".join(claim.id for claim in self.claims),
            "changed": ", ".join(self.overrides),
        }
        return "\n".join(
            [
                f"{self.experiment}: {self.title}",
                *(f"  {name:<10}  {text}" for name, text in parts.items() if text),
            ]
        )

    @property
    def source_path(self) -> FilePath | None:
        """File the declaration was read from, if any."""
        return self._source_path

    @property
    def text(self) -> str:
        """The declaration as it was written."""
        return self._text

    @property
    def overrides(self) -> tuple[str, ...]:
        """``path=value`` options laid over the text, in order."""
        return self._overrides

    def error(self, path: Path, text: str) -> DeclarationError:
        """The error for a fault that shows when the declaration is used; it names the line of the path."""
        return self._places.error([Complaint(path, text)])

    @property
    def code(self) -> dict[Path, str]:
        """Place in the declaration → the user's own Python that it names there, `file.py:name`."""
        found: dict[Path, str] = {}
        if self.problem.code is not None:
            found["problem", self.problem.model] = self.problem.code
        for i, spec in enumerate(self.estimators):
            if spec.own is not None and not spec.own.given:
                found["estimators", i, "python"] = spec.own.python
        return found

    def arguments_of(self, place: Path) -> Mapping[str, Any] | None:
        """Arguments of the function that `code` has at a place; None if it names an estimator itself."""
        found: Any = self.model_dump()
        for part in place[:-1]:
            found = found[part]
        arguments: Mapping[str, Any] | None = found.get("arguments")
        return arguments

    @property
    def folder(self) -> FilePath:
        """The folder that files named in the declaration are relative to."""
        return FilePath.cwd() if self._source_path is None else self._source_path.parent

    @property
    def labels(self) -> tuple[str, ...]:
        """The estimators' labels, as declared."""
        return tuple(spec.label for spec in self.estimators)

    def find_estimator(self, name: str) -> EstimatorSpec | None:
        """The estimator that a claim means: by label, else by a name that only one has; None if neither."""
        by_label = [spec for spec in self.estimators if spec.label == name]
        by_name = [spec for spec in self.estimators if spec.name == name]
        found = by_label or by_name
        return found[0] if len(found) == 1 else None

    @property
    def reference(self) -> EstimatorSpec | None:
        """The estimator the others are compared with under the first objective."""
        return self.reference_of(self.objective[0])

    def reference_of(self, objective: str) -> EstimatorSpec | None:
        """The estimator the others are compared with: pathwise, else the first unbiased one, if any."""
        serving = [
            spec for spec in self.estimators if spec.kind.serves(objective) and spec.kind.parameters == "phi"
        ]
        pathwise = [spec for spec in serving if spec.name == "pathwise"]
        unbiased = [spec for spec in serving if spec.kind.is_unbiased(objective, spec.num_samples)]
        return next(iter(pathwise or unbiased), None)

    @property
    def swept(self) -> dict[str, tuple[Any, ...]]:
        """Every swept path with all its values, each once, in the order declared."""
        found: dict[str, dict[Hashable, Any]] = {}
        for block in self.sweep:
            for path, values in block.items():
                known = found.setdefault(path, {})
                for value in values:
                    known.setdefault(identity(value), value)
        return {path: tuple(known.values()) for path, known in found.items()}

    @property
    def base(self) -> dict[str, Any]:
        """The base setting: every swept path with its value outside the sweep."""
        resolved = self.model_dump()
        return {path: value_at(resolved, path) for path in self.swept}

    def values_of(self, path: str) -> tuple[Any, ...]:
        """Every value that a swept setting takes, that of the base setting first."""
        base = value_at(self.model_dump(mode="json"), path)
        plain = [list(value) if isinstance(value, tuple) else value for value in self.swept.get(path, ())]
        return (base, *(value for value in plain if not same_value(value, base)))

    @property
    def checkpoints(self) -> tuple[int, ...]:
        """Epochs at which the base setting is measured; only 0 if nothing is trained."""
        return self.train.checkpoints if self.problem.trained else (0,)

    @property
    def sweep_checkpoints(self) -> tuple[int, ...]:
        """`measure.sweep_checkpoints` as epochs."""
        if not self.problem.trained:
            return self.checkpoints
        return chosen(self.measure.sweep_checkpoints, self.checkpoints)

    @property
    def judged_checkpoints(self) -> tuple[int, ...]:
        """`judge.checkpoints` as epochs; none if models are not judged."""
        return () if self.judge is None else chosen(self.judge.checkpoints, self.checkpoints)
