"""What a report says of models other than the Gaussian VAE: one data set, bits, two layers, θ beside φ."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from matplotlib.markers import TICKDOWN

from reportgen.figures import (
    captions,
    coordinate_distribution,
    draw,
    setting_panels,
    sketched,
    variance_by_layer,
    variance_over_training,
)
from reportgen.figures.drafting.labels import variance_axis, wrapped
from reportgen.figures.drafting.style import LOOKS, house_style, settle
from reportgen.findings import Estimate, Findings
from reportgen.plan import Arm, MeasurementCell
from reportgen.report import front
from reportgen.report.sections import layers as by_layer
from reportgen.report.sections import question, unbiasedness
from reportgen.report.text import about, words
from tests.crafted import crafted, experiment
from tests.press_cases import FUNCTION, RAINFORTH, toy
from tests.test_report import page_of, text_of

LOGISTIC = """
experiment: toy
title: Weights
problem: {model: logistic_regression}
objective: [elbo]
estimators: [score_function, {name: score_function, baseline: optimal_constant}, measure_valued, pathwise]
train: {epochs: 20, checkpoints: [0, 20]}
"""
BITS = """
experiment: toy
title: Bits
problem: {model: bernoulli_vae}
objective: [elbo]
estimators: [score_function, leave_one_out, gumbel_softmax, straight_through]
train: {epochs: 20, checkpoints: [0, 20]}
measure: {images: 8}
"""
LAYERS = """
experiment: toy
title: Layers
problem: {model: layered_vae}
objective: [elbo]
estimators:
  - {name: leave_one_out, num_samples: 4}
  - {name: pathwise, num_samples: 4}
  - {name: generative, num_samples: 4}
train: {epochs: 20, checkpoints: [0, 20]}
measure: {images: 8}
"""
ONE_LAYER = LAYERS.replace("layered_vae}", "layered_vae, latent: [10], hidden: [[50, 50]]}")
OF_IMAGES = re.compile(
    r"\b(images?|encoders?|decoders?|minibatch\w*|Glorot\w*|autoencoders?|latent|test part)\b"
)
"""Words that are false of one data set and a q whose parameters are free."""


def told(number: float, cell: MeasurementCell, arm: Arm) -> float:
    """The same variance everywhere."""
    return number


def said(findings: Findings) -> str:
    """The text of a report, without the declaration and the references."""
    text = text_of(page_of(findings)).partition("The declaration, with every default")[0]
    return text.replace("\u00a0", " ")


@pytest.fixture(scope="module")
def logistic() -> str:
    return said(toy(LOGISTIC))


@pytest.fixture(scope="module")
def bits() -> str:
    return said(toy(BITS, points=8, eta=8))


@pytest.fixture(scope="module")
def layers() -> str:
    return said(toy(LAYERS, points=8, eta=30))


def test_one_data_set_is_no_image_and_its_q_no_network(logistic: str) -> None:
    found = sorted({match[0] for match in OF_IMAGES.finditer(logistic)})
    assert found == []
    assert "the breast cancer data, 31 weights" in logistic and "breast_cancer" not in logistic.lower()[:2000]
    assert "q begins at the prior" in logistic and "and the whole of the data; q begins" in logistic
    assert "data set by data set" not in logistic and "of one training run." in logistic


def test_what_sees_all_of_the_data_is_trained_in_steps(logistic: str, bits: str) -> None:
    """In text, tables and figures; the setting train.epochs keeps its name."""
    assert not re.search(r"\bepochs?\b", logistic, re.IGNORECASE)
    assert "after 20 steps" in logistic and "It was trained for 20 steps on the ELBO" in logistic
    assert "by step." in logistic and "Step020" in logistic
    assert "at step 20" in logistic
    assert "after 20 epochs" in bits and "by epoch." in bits and not re.search(r"\bsteps? \d", bits)


def test_the_figures_of_such_a_model_count_steps_too() -> None:
    found = toy(LOGISTIC)
    for name in ("variance_over_training", "signal_to_noise", "learning_curve"):
        drawn = draw(found, name)
        assert drawn is not None
        assert "step" in drawn.caption + drawn.alt and "epoch" not in drawn.caption + drawn.alt, name
    blocks = sketched(found, "variance_by_layer")
    assert blocks is not None and blocks.caption.endswith("parameters of step 20.")
    data = variance_over_training.data(found)
    assert data is not None
    (ax,) = variance_over_training.draw(data).axes
    assert ax.get_xlabel() == "step"


def test_where_training_begins_is_said_of_this_covariance() -> None:
    for covariance, there in (("full", False), ("low_rank", True)):
        text = said(toy(LOGISTIC.replace("regression}", f"regression, covariance: {covariance}}}")
                        .replace("measure_valued, ", "")))  # fmt: skip
        assert ("its factor near zero" in text) is there


def test_the_same_search_finds_them_in_a_report_of_images(bits: str) -> None:
    assert {"images", "encoder", "decoder", "Glorot"} <= set(OF_IMAGES.findall(bits))


def test_no_path_is_promised_where_z_is_discrete(bits: str) -> None:
    assert "is discrete, so there is no differentiable" in bits
    assert "SGVB-A" not in bits and "standard VAE update" not in bits
    assert "8 latent bits" in bits and "decoder passes" in bits and "evaluations of f" not in bits
    assert "binarized once" in bits


def test_biased_estimators_that_fared_alike_share_a_sentence(bits: str) -> None:
    assert bits.count("estimator with a bias,") + bits.count("estimators with a bias,") == 1


def test_two_layers_are_measured_layer_by_layer(layers: str) -> None:
    assert "10 and 5 latent units" in layers and "layer by layer" in layers
    assert "along random directions" in layers and "each direction" in layers
    assert "does not depend on the sample" not in layers
    assert "coordinates here, and they do not derive from a small" in layers
    alone = said(toy(ONE_LAYER, points=8, eta=30))
    assert "coordinates here. In a model of two stochastic layers they do not derive" in alone
    assert "measured layer by layer, also in a model of one." in alone
    assert "Every estimate uses four samples." in layers


def test_the_chain_rule_stands_where_there_is_a_small_vector(bits: str, logistic: str) -> None:
    assert "does not depend on the sample" in bits and "does not depend on the sample" in logistic


@pytest.mark.parametrize(
    ("dead", "off", "says"),
    [
        (
            1000,
            (5, 200),
            "have zero gradient at every image, because the pixels they weight are never on; they",
        ),
        (
            1010,
            (5, 200),
            "have zero gradient at every image, 1000 of them because the pixels they weight are",
        ),
        (1010, (0, 200), "have zero gradient at every image; they are left out of the distributions."),
        (1010, None, "have zero gradient at every image; they are left out of the distributions."),
        (1, (1, 1), "has zero gradient at every image, because the pixel it weights is never on; it is"),
    ],
)
def test_only_weights_of_pixels_never_on_lack_a_gradient_for_that(
    dead: int, off: tuple[int, int] | None, says: str
) -> None:
    layer = SimpleNamespace(dead=off[0], units=off[1]) if off else None
    found: Any = SimpleNamespace(
        coordinates=lambda label: SimpleNamespace(dead=dead, count=5000),
        first_layer=lambda: layer,
        vocabulary=SimpleNamespace(unit="image"),
    )
    assert says in by_layer.dead(found, "pathwise")


def test_a_gradient_in_theta_is_announced() -> None:
    text = said(toy(RAINFORTH, points=3, eta=20, blocks=()))
    assert "one of the estimators is for the gradient in θ instead" in text
    assert "The gradient with respect to , the parameters" in text and "REINFORCE" not in text
    assert "(derivatives in or )" in text and "(derivatives in )" in said(toy(FUNCTION))


def test_what_no_derivative_explains_is_not_owed_to_one(logistic: str) -> None:
    assert "for the derivative to explain" not in logistic


def test_blocks_are_small_multiples_whose_rows_have_room_for_their_names() -> None:
    data = variance_by_layer.data(toy(BITS, points=8, eta=8))
    assert data is not None
    (line, *_) = data.lines
    with house_style("blocks"):
        figure = variance_by_layer.draw(data)
        shown = [ax for ax in figure.axes if ax.get_visible()]
        assert [ax.get_title(loc="left") for ax in shown] == list(data.titles)
        assert len({ax.get_xlim() for ax in shown}) == 1 and not figure.legends
        for ax, values in zip(shown, zip(*(one.values for one in data.lines), strict=True), strict=True):
            dots = [one.get_xdata()[0] for one in ax.lines if one.get_marker() not in ("None", TICKDOWN)]
            assert dots == [value for value in values if value > 0]
        title = "An estimator of one’s own with a name of three lines, number"
        lines = tuple(replace(line, title=f"{title} {n}") for n in range(20))
        many = variance_by_layer.draw(replace(data, lines=lines))
        settle(many)
        many.draw_without_rendering()
        boxes = [text.get_window_extent() for text in many.axes[0].get_yticklabels()]
        assert len(boxes) == 20 and all(below.y1 <= above.y0 for above, below in pairwise(boxes))
        assert boxes[-1].y0 >= 0


def test_names_keep_their_capitals() -> None:
    assert captions.lowered("Gumbel-softmax") == "Gumbel-softmax"
    assert captions.lowered("Straight-through") == "straight-through"


def test_fragments_show_where_they_were_torn() -> None:
    assert question.fragment("tends to have lower variance") == "… tends to have lower variance …"
    assert question.fragment("We note this.") == "We note this."


def test_a_ratio_of_nothing_is_said_in_words() -> None:
    text = words.compared("a", "b", Estimate(0.0, 0.0, 0.0, 100))
    assert text == "the variance of a is zero, and that of b is not"
    assert about.setting_text(toy(FUNCTION), {"problem.scale_factor": 2}) == "scale factor 2"


def test_rounding_does_not_stretch_an_axis() -> None:
    findings = toy(FUNCTION)
    found = setting_panels.data(findings)
    assert found is not None
    (one, *_) = found.panels[0].lines
    (first, *rest) = one.estimates
    mixed = replace(one, estimates=(replace(first, value=1e-31), *rest))
    kept = setting_panels.without_rounding(mixed)
    assert list(kept.values) == [0.0, *one.values[1:]]
    assert setting_panels.without_rounding(one) == one


def test_exact_answers_are_described_where_there_are_any() -> None:
    for number, there in ((1.0, True), (float("nan"), False)):
        text = said(toy(FUNCTION, exact={"exact_variance": partial(told, number)}))
        assert ("The estimator is run at the nodes" in text) is there


def test_a_block_figure_needs_two_that_vary() -> None:
    """One dot a block says no more than the table; estimators without variance are named where others are."""

    def still(cell: MeasurementCell, arm: Arm) -> float:
        return 1.0 if arm.label == "pathwise" else 0.0

    def two(cell: MeasurementCell, arm: Arm) -> float:
        return 0.0 if arm.label == "measure_valued" else 1.0

    assert variance_by_layer.data(toy(LOGISTIC, still)) is None
    found = toy(LOGISTIC, two)
    drawn = sketched(found, "variance_by_layer")
    assert drawn is not None
    assert "A logarithmic axis cannot show zero variance: measure-valued." in drawn.caption


def test_coordinates_have_the_unit_of_the_objective() -> None:
    data = coordinate_distribution.CoordinateDistribution("elbo", 30, ())
    assert data.rows == () and variance_axis("elbo").endswith("nats²")
    spread = coordinate_distribution.Spread("a", "A", LOOKS["pathwise"], {0.5: 1.0}, (-1.0, 1.0), (1.0,))
    for objective, unit in (("elbo", ", nats²"), ("expectation", "")):
        figure = coordinate_distribution.draw(replace(data, objective=objective, rows=(spread,)))
        label = f"variance of one coordinate of the gradient estimate{unit}"
        assert figure.axes[0].get_xlabel() == label


def test_estimates_of_as_many_samples_share_a_sentence() -> None:
    text = """
experiment: toy
title: Black box
problem: {model: bits, function: parity, dimension: 3}
estimators:
  - {name: score_function, baseline: optimal_constant}
  - {name: score_function, num_samples: 4, label: four}
  - {name: leave_one_out, num_samples: 4}
"""
    found = toy(text, points=1, eta=3, blocks=())
    sentence = captions.samples_sentence(found, found.labels)
    assert sentence == "Four and leave-one-out use four samples per estimate."


def test_a_pair_is_two_samples_in_a_sentence_and_disarm_keeps_its_name() -> None:
    text = """
experiment: toy
title: Pairs
problem: {model: bits, function: parity, dimension: 3}
estimators: [{name: score_function, baseline: optimal_constant}, leave_one_out, disarm]
"""
    found = toy(text, points=1, eta=3, blocks=())
    assert captions.samples_sentence(found, found.labels) == (
        "Leave-one-out and DisARM use two samples per estimate."
    )


BLACK_BOX = """
experiment: toy
title: Black box
problem: {model: bits, function: parity, dimension: 3}
estimators: [{name: score_function, baseline: optimal_constant}, score_function]
claims:
  - {id: a, statement: b, source: "williams1992", test: mean_norm(score_function) > 0}
  - {id: c, statement: d, quote: Words, source: "borea, explanation", test: mean_norm(score_function) > 0}
"""


def test_nothing_is_said_of_a_derivative_where_there_is_none() -> None:
    derivative = re.compile(r"and its derivative|[Bb]ackward \(|forward and backward")
    text = said(toy(BLACK_BOX, points=1, eta=3, blocks=()))
    assert not derivative.search(text) and "and the evaluations of f that one estimate costs" in text
    with_one = said(toy(BLACK_BOX.replace("parity", "quadratic"), points=1, eta=3, blocks=()))
    assert len(set(derivative.findall(with_one))) == 3


def test_the_question_is_theirs_whose_words_are_quoted_first() -> None:
    found = toy(BLACK_BOX, points=1, eta=3, blocks=())
    assert front.asked_by(found) == "borea", "of a black box the post asks itself"
    unquoted = toy(BLACK_BOX.replace("quote: Words, ", ""), points=1, eta=3, blocks=())
    assert front.asked_by(unquoted) == "williams1992"
    network = (
        BITS
        + """claims:
  - {id: a, statement: b, source: williams1992, test: mean_norm(score_function) > 0}
  - {id: c, statement: d, quote: Words, source: borea, test: mean_norm(score_function) > 0}
  - {id: e, statement: f, quote: Words, source: "tucker2017, abstract", test: mean_norm(score_function) > 0}
"""
    )
    assert front.asked_by(toy(network, points=8, eta=8)) == "tucker2017", "the post asks again"


def test_k_is_not_torn_from_its_number() -> None:
    found = toy(LAYERS.replace("pathwise,", "sticking_the_landing,"), points=8, eta=30)
    title = about.title_of(found, "sticking_the_landing")
    assert wrapped(title) == "Sticking the landing,\nK\u00a0=\u00a04"


def test_a_long_table_may_go_on_on_the_next_page() -> None:
    rows = [{"rows": range(words.ROWS)}]
    assert not words.is_long(rows) and words.is_long([*rows, {"rows": [0]}])
    assert 'class="wide long"' not in page_of(toy(BITS, points=8, eta=8))


def test_a_gradient_that_is_lost_has_no_direction() -> None:
    for noise, known in ((0.01, True), (5.0, False)):
        found = crafted(experiment(), spread=noise)
        lost = unbiasedness.row(found, "score_function", "elbo")
        assert lost["projection"].available is lost["cosine"].available is known
        assert found.get("cosine_to_reference", "score_function", objective="elbo").available
        context = unbiasedness.context(found)
        assert context is not None and context["lost"] is not known, "a dash is explained"
