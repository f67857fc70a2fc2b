"""Reads the text of a claim's test. The grammar, whole:

test       := comparison ["in" group] ["under" objective] [scope {"and" scope}]
comparison := "equal_means" "(" arm "," arm ["," "margin" "=" percentage] ")"
            | "ordering" "(" statistic "," arm "," arm {"," arm} ")"
            | quantity ("<" | ">" | "<=" | ">=") number
            | quantity "=" number "within" (number | percentage)
            | call ("<" | ">" | "<=" | ">=") call
            | ("increasing" | "decreasing") "(" model "," setting ")"
quantity   := model | call | "slope" "(" call "," ("num_samples" | setting) ")"
            | "crossover" "(" arm "," arm "," setting ")"
model      := a statistic of trained models: negative_log_likelihood or active_units
call       := statistic "(" arm {"," arm} {"," objective} ")"
scope      := "at" ("every" | "some") ("checkpoint" | setting)
            | "at" setting value
            | ("at" | "after") "checkpoint" whole number
arm        := an estimator's label or name: no , ( ) < > =
group      := a parameter group as the record names it, such as mean or hidden.0, in double quotes where
              that has blanks or signs of this grammar; of trained models a stochastic layer, layer1 or
              layer2; all where none is named
setting    := a swept setting, such as problem.latent
value      := one of its values as YAML writes it plain: text without spaces, a number, true, false, or
              a list of these in square brackets
"""

from __future__ import annotations

import re
from functools import lru_cache

from reportgen.declaration.claims.scanner import NUMBER, RESERVED, SETTING, WORD, GrammarError, Scanner
from reportgen.declaration.claims.statistics import MODEL_STATISTICS, SLOPES, STATISTICS
from reportgen.declaration.claims.tests import (
    DEFAULT_MARGIN,
    EVERYTHING,
    SAMPLES,
    ClaimTest,
    Comparison,
    Contrast,
    Crossing,
    EqualMeans,
    Equivalence,
    Ordering,
    Quantity,
    Scope,
    Slope,
    Statistic,
    Threshold,
    Trend,
)
from reportgen.declaration.complaints import listing, suggestion

_ORDERS = ("<", ">", "<=", ">=")
_OPERATOR = re.compile(r"<=|>=|[<>=≤≥≈!]+")
_EPOCH = re.compile(r"\d{1,12}(?![\w.])")
_TRENDS = ("increasing", "decreasing")
_FORMS = ("equal_means", "ordering", "slope", "crossover", *_TRENDS)

__all__ = ["GrammarError", "parse"]


@lru_cache(maxsize=1024)
def parse(text: str) -> ClaimTest:
    """Reads a test. Raises GrammarError, which names the column and what is allowed there."""
    return _Parser(text).test()


class _Parser(Scanner):
    def test(self) -> ClaimTest:
        comparison = self.comparison()
        group, objective = EVERYTHING, None
        if self.accept("in"):
            group = self.group()
        if self.accept("under"):
            objective = self.word("the name of an objective after 'under'")
        scopes: list[Scope] = []
        if self.peek() is not None:
            self.add_scope(scopes)
            while self.accept("and"):
                self.add_scope(scopes)
        if self.peek() is not None:
            raise self.error("expected 'and' with another scope, or the end")
        return ClaimTest(comparison, objective, tuple(scopes), group)

    def group(self) -> str:
        """A word, or anything in double quotes; after a word, the test must continue or end."""
        found = self.quoted()
        if found is not None:
            return found
        sign = (self.peek() or "") in tuple(",()<>=[]")
        quotes = ", in double quotes where it has signs of the grammar" if sign else ""
        found = self.plain(f"the name of a parameter group after 'in'{quotes}")
        if self.peek() is not None and not self.comes(*RESERVED):
            raise self.error(
                f"expected 'under', a scope or the end after the group {found!r}; a name with spaces goes "
                'in double quotes, in "my group"'
            )
        return found

    def comparison(self) -> Comparison:
        start = self.skip()
        name = self.word(
            "a comparison: " + listing([*_FORMS, "a statistic such as variance_ratio(A, B) > 1"])
        )
        if name == "equal_means":
            return self.equal_means()
        if name == "ordering":
            return self.ordering()
        if name in _TRENDS:
            return self.trend(name)
        quantity = self.quantity(name, start)
        operator = self.operator(str(quantity))
        if operator == "=":
            return self.equivalence(quantity)
        here = self.skip()
        match = WORD.match(self.text, here)
        if match is None:
            return Threshold(quantity, operator, self.number("a number or a statistic"))
        if not isinstance(quantity, Statistic) or quantity.of_model:
            what = name if name in MODEL_STATISTICS else f"a {name}"
            raise self.error(f"{what} is compared with a number: expected a number")
        self.at = match.end()
        right = self.quantity(match[0], here)
        if not isinstance(right, Statistic):
            text = f"a statistic is compared with a number or a statistic, got a {match[0]}"
            raise GrammarError(here + 1, text)
        return Contrast(quantity, operator, right)

    def equal_means(self) -> EqualMeans:
        self.symbol("(", "equal_means")
        first, second = self.two_arms("equal_means(A, B) or equal_means(A, B, margin=10%)")
        margin = DEFAULT_MARGIN
        if self.accept(","):
            if not self.accept("margin") or not self.accept("="):
                raise self.error("equal_means takes two estimators; expected margin=10% or the like")
            margin = self.fraction()
        self.symbol(")", "equal_means")
        return EqualMeans(first, second, margin)

    def two_arms(self, form: str) -> tuple[str, str]:
        first = self.arm()
        if not self.accept(","):
            raise self.error(f"expected a second estimator: {form}")
        return first, self.arm()

    def ordering(self) -> Ordering:
        self.symbol("(", "ordering")
        here = self.skip()
        statistic = self.known_statistic(self.word("a statistic: ordering(total_variance, A, B)"), here)
        kind = STATISTICS[statistic]
        if kind.estimators != 1 or kind.objectives:
            several = "several" if kind.estimators != 1 else "two objectives"
            raise GrammarError(
                here + 1, f"ordering needs a statistic of one estimator, {statistic} is of {several}"
            )
        arms: list[str] = []
        while self.accept(","):
            arms.append(self.arm())
        if len(arms) < 2:
            raise self.error("ordering needs at least two estimators: ordering(total_variance, A, B)")
        self.symbol(")", "ordering")
        return Ordering(statistic, tuple(arms))

    def trend(self, name: str) -> Trend:
        form = f"{name}(negative_log_likelihood, train.num_samples)"
        self.symbol("(", name)
        here = self.skip()
        statistic = self.word(f"a statistic of trained models: {form}")
        if statistic not in MODEL_STATISTICS:
            known = listing(MODEL_STATISTICS)
            raise GrammarError(
                here + 1, f"{name} is for statistics of trained models, {known}, got {statistic!r}"
            )
        if not self.accept(","):
            raise self.error(f"expected the swept setting along which it runs: {form}")
        over = self.setting(f"a swept setting: {form}")
        self.symbol(")", name)
        return Trend(statistic, over, rising=name == "increasing")

    def quantity(self, name: str, start: int) -> Quantity:
        if name == "slope":
            return self.slope()
        if name in MODEL_STATISTICS:
            return Statistic(name, ())
        return self.crossover() if name == "crossover" else self.call(name, start)

    def slope(self) -> Slope:
        self.symbol("(", "slope")
        here = self.skip()
        of = self.call(self.word("a statistic: slope(total_variance(A), num_samples)"), here)
        if of.name not in SLOPES:
            raise GrammarError(here + 1, f"slopes are of {listing(SLOPES)}, got {of.name}")
        self.symbol(",", "slope")
        over, here = SAMPLES, self.skip()
        what = "num_samples or a swept setting such as problem.latent"
        if SETTING.match(self.text, here):
            over = self.setting(what)
        elif self.word(what) != SAMPLES:
            raise GrammarError(here + 1, f"a slope runs along {what}")
        self.symbol(")", "slope")
        return Slope(of, over)

    def crossover(self) -> Crossing:
        form = "crossover(A, B, problem.k)"
        self.symbol("(", "crossover")
        first, second = self.two_arms(form)
        if not self.accept(","):
            raise self.error(f"expected the swept setting along which the two cross: {form}")
        over = self.setting(f"a swept setting: {form}")
        self.symbol(")", "crossover")
        return Crossing(first, second, over)

    def call(self, name: str, start: int) -> Statistic:
        kind = STATISTICS[self.known_statistic(name, start)]
        needed = kind.estimators + kind.objectives
        self.symbol("(", name)
        arms = [self.arm()]
        while self.accept(","):
            arms.append(self.arm())
        if len(arms) != needed:
            form = f"{name}({kind.form})"
            many = "1 estimator" if kind.estimators == 1 else f"{kind.estimators} estimators"
            many += f" and {kind.objectives} objectives" if kind.objectives else ""
            raise GrammarError(start + 1, f"{name} takes {many}, {form}; got {len(arms)}")
        self.symbol(")", name)
        return Statistic(name, tuple(arms[: kind.estimators]), tuple(arms[kind.estimators :]))

    def known_statistic(self, name: str, start: int) -> str:
        others = (*MODEL_STATISTICS, *_FORMS)
        if name in others:
            text = f"{name} cannot stand inside another form. Use {listing(STATISTICS)}"
            raise GrammarError(start + 1, text)
        if name not in STATISTICS:
            raise GrammarError(
                start + 1, f"no statistic {name!r}. {suggestion(name, [*STATISTICS, *others])}"
            )
        return name

    def equivalence(self, quantity: Quantity) -> Equivalence:
        value = self.number("a number")
        if not self.accept("within"):
            raise self.error("measured values never equal a number; expected 'within 5%' or 'within 0.05'")
        here = self.skip()
        match = NUMBER.match(self.text, here)
        relative = match is not None and match[0].endswith("%")
        margin = self.number("a margin, 5% or 0.05")
        if margin <= 0:
            raise GrammarError(here + 1, "a margin must be more than 0")
        if relative and value == 0:
            raise GrammarError(here + 1, "per cent of 0 is 0. Give the margin as a number")
        return Equivalence(quantity, value, margin, relative)

    def add_scope(self, scopes: list[Scope]) -> None:
        here = self.skip()
        scope = self.scope()
        if any(scope.over == other.over for other in scopes):
            raise GrammarError(here + 1, f"{scope.over} is scoped twice. Keep one of the scopes")
        scopes.append(scope)

    def scope(self) -> Scope:
        if self.accept("after"):
            return self.checkpoint("after")
        if not self.accept("at"):
            raise self.error(
                "expected 'in <group>' and then 'under <objective>', a scope ('at every checkpoint', "
                "'at some checkpoint', 'at checkpoint N', 'after checkpoint N', 'at every problem.latent', "
                "'at problem.latent 5'), or the end"
            )
        for quantifier in ("every", "some"):
            if self.accept(quantifier):
                return Scope(quantifier, self.word("'checkpoint' or a swept setting such as problem.latent"))
        if SETTING.match(self.text, self.skip()):
            over = self.setting("a swept setting")
            return Scope("at", over, value=self.value(f"a value of {over} after its name"))
        return self.checkpoint("at")

    def setting(self, what: str) -> str:
        match = SETTING.match(self.text, self.skip())
        if match is None:
            raise self.error(f"expected {what}")
        self.at = match.end()
        return match[0]

    def checkpoint(self, quantifier: str) -> Scope:
        if not self.accept("checkpoint"):
            allowed = "'checkpoint N'"
            if quantifier == "at":
                allowed = f"'every', 'some', {allowed} or a setting and its value, 'problem.latent 5',"
            raise self.error(f"expected {allowed} after '{quantifier}'")
        match = _EPOCH.match(self.text, self.skip())
        if match is None:
            raise self.error("expected the epoch, a whole number")
        self.at = match.end()
        return Scope(quantifier, number=int(match[0]))

    def operator(self, quantity: str) -> str:
        match = _OPERATOR.match(self.text, self.skip())
        if match is None or match[0] not in (*_ORDERS, "="):
            raise self.error(f"expected {listing([*_ORDERS, '= … within …'])} after {quantity}")
        self.at = match.end()
        return match[0]

    def fraction(self) -> float:
        here = self.skip()
        value = self.number("a margin such as 10%")
        if not 0 < value < 1:
            remedy = f". Write {value:g}% if you mean per cent" if 1 <= value < 100 else ""
            raise GrammarError(
                here + 1, f"a margin lies between 0 and 1 (0% and 100%), got {value:g}{remedy}"
            )
        return value
