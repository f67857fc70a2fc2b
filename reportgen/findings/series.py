"""Series in a sweep: values of one setting along which everything else is fixed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reportgen.declaration.dotted import same_value
from reportgen.declaration.train import TRAINING_SEED


@dataclass(frozen=True)
class Series:
    """At least two values of one swept setting, the others fixed."""

    path: str
    values: tuple[Any, ...]
    """Numbers, ascending."""
    fixed: Mapping[str, Any]
    """The value of every other swept setting."""
    named: Mapping[str, Any]
    """Those of `fixed` that distinguish this series from others along `path`."""

    def setting(self, value: Any) -> dict[str, Any]:
        """The setting at one of the values."""
        return {**self.fixed, self.path: value}


def is_number(value: Any) -> bool:
    """Whether a setting's value has a place on an axis."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def series(path: str, settings: Iterable[Mapping[str, Any]], base: Mapping[str, Any]) -> tuple[Series, ...]:
    """Every series along a setting, in the order of `settings`.

    Other numeric settings stay at their base values; if there is no series at
    those, each of their values makes one.
    """
    runs: dict[str, tuple[dict[str, Any], set[Any]]] = {}
    for setting in settings:
        others = {key: value for key, value in setting.items() if key != path}
        value = setting.get(path)
        if is_number(value):
            runs.setdefault(repr(sorted(others.items())), (others, set()))[1].add(value)
    long = [(others, tuple(sorted(values))) for others, values in runs.values() if len(values) > 1]
    at_base = [
        (others, values)
        for others, values in long
        if all(same_value(value, base.get(key)) for key, value in others.items() if is_number(value))
    ]
    kept = []
    for others, values in long:
        kind = _words(others)
        if (others, values) in at_base or not any(same_value(_words(other), kind) for other, _ in at_base):
            kept.append((others, values))
    differing = {
        key
        for others, _ in kept
        for key in others
        if not all(same_value(other[key], others[key]) for other, _ in kept)
    }
    return tuple(
        Series(path, values, others, {key: others[key] for key in others if key in differing})
        for others, values in kept
    )


def of_one_seed(
    path: str, settings: Sequence[Mapping[str, Any]], base: Mapping[str, Any]
) -> tuple[Series, ...]:
    """The series of trainings from one seed: the base's, or else the first seed that has any."""
    seeds = dict.fromkeys(setting.get(TRAINING_SEED) for setting in (base, *settings))
    runs = (
        series(
            path,
            [setting for setting in settings if setting.get(TRAINING_SEED) == seed],
            {**base, TRAINING_SEED: seed},
        )
        for seed in seeds
    )
    return next((found for found in runs if found), ())


def _words(others: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in others.items() if not is_number(value)}
