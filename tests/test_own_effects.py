"""Side effects of a user's code: on draws that others share, on the process, on a report."""

from __future__ import annotations

import os
import re
import textwrap
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import reportgen
from reportgen.errors import CellError, UsageError
from reportgen.estimators import Coefficients, Draws
from tests.blank_paper import no_figures
from tests.test_cli import call, errors

MODEL = """\
import os
import random
import numpy as np
import torch
from torch import nn
import reportgen

drawn = (torch.rand(3, 4) > 0.5, np.random.rand(), random.random())

def build():
    x = drawn[0].float() * random.random()
    return reportgen.Model(nn.Linear(4, 4), nn.Linear(2, 4), x)
"""
TEXT = """\
experiment: mine
problem: {{python: {reference}, arguments: {{{arguments}}}}}
objective: [elbo]
estimators: [pathwise, leave_one_out]
measure: {{precision: 40%, budget: 4e3, min_replicates: 100}}
claims:
  - {{id: lower, statement: it is better, test: "variance_ratio(leave_one_out, pathwise) > 1"}}
"""


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def declared(reference: str = "my_model.py:build", arguments: str = "") -> str:
    return TEXT.format(reference=reference, arguments=arguments)


def variances(model: str) -> list[float]:
    """Total variances with this model; everything is measured anew."""
    Path("my_model.py").write_text(model)
    results = reportgen.run(reportgen.load(declared()), allow_code=True, fresh=True)
    assert results.broken == ()
    return [results.findings.get("total_variance", name).value for name in ("pathwise", "leave_one_out")]


def points() -> reportgen.Model:
    torch.manual_seed(0)
    return reportgen.Model(nn.Linear(4, 4), nn.Linear(2, 4), (torch.rand(3, 4) > 0.5).float())


def measured(*estimators: Any) -> reportgen.Measurement:
    return reportgen.measure(points(), estimators, precision=0.4, budget=4000, min_replicates=100)


def own(evaluate: Any, **more: Any) -> reportgen.Estimator:
    return reportgen.Estimator(name="mine", evaluate=evaluate, **more)


def test_what_an_estimator_writes_into_its_draws_nobody_else_sees() -> None:
    def careless(draws: Draws, _: Coefficients) -> Tensor:
        for shared in (draws.f, draws.score, draws.z, draws.epsilon, draws.log_q, draws.gradient, draws.gram):
            shared.mul_(2.0)
        for shared in (draws.centre, draws.gradient_at_centre, draws.f_at_centre):
            shared.zero_()
        f = draws.f
        f -= draws.f_at_centre
        return (f.unsqueeze(-1) * draws.score).mean(2)

    mine = own(careless, needs_gradient=True, extra_forward=1, extra_backward=1)
    beside = measured(mine, "score_function", "pathwise", "taylor_control_variate")
    alone = measured("score_function", "pathwise", "taylor_control_variate")
    for name in alone.labels:
        assert beside.get("total_variance", name).value == alone.get("total_variance", name).value
    assert beside.get("total_variance", "mine").value < alone.get("total_variance", "score_function").value


def test_what_keeps_a_graph_is_measured_without_it() -> None:
    def learned(draws: Draws, _: Coefficients) -> Tensor:
        weight = torch.ones((), requires_grad=True)
        return weight * (draws.f.unsqueeze(-1) * draws.score).mean(2)

    found = measured(own(learned), "score_function")
    assert found.ratio("mine", "score_function").value == pytest.approx(1.0)


def plain(draws: Draws, _: Coefficients) -> Tensor:
    return (draws.f.unsqueeze(-1) * draws.score).mean(2)


@pytest.mark.parametrize(
    ("estimator", "said"),
    [
        (
            own(lambda d, c: plain(d, c) + torch.randn(())),
            r"the same estimate each time .* found another\. Draw",
        ),
        (
            own(lambda d, c: plain(d, c).half()),
            r"in float32 or float64 on the CPU, found torch.float16 on cpu\.",
        ),
        (own(lambda d, c: plain(d, c).to("meta")), r"on the CPU, found torch.float32 on meta\. Convert it\."),
        (own(lambda d, c: None), r"found None\. Average over the K samples"),
        (
            own(plain, fit=lambda d: d.f.mean()),
            r"mine: fit must return a dictionary of tensors, found shape \[\]",
        ),
        (
            own(plain, fit=lambda d: {"scale": d.f.new_ones(()), "baseline": 1.0}),
            r"mine: fit .* of tensors, found a float under 'baseline'\. Use torch\.tensor",
        ),
    ],
)
def test_what_is_no_estimate_is_told(estimator: reportgen.Estimator, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        measured(estimator)


@pytest.mark.parametrize(
    ("estimator", "said"),
    [
        (own(lambda d, _: d.pullback(d.gradient).mean(2)), r"give the estimator needs_gradient=True$"),
        (own(lambda d, c: plain(d, c) * d.f_at_centre), r"give the estimator extra_forward=1$"),
        (own(lambda d, c: plain(d, c) + d.auxiliary.mean()), r"give the estimator auxiliary=1$"),
    ],
)
def test_what_was_not_asked_for_is_told_with_the_field_that_asks(
    estimator: reportgen.Estimator, said: str
) -> None:
    with pytest.raises(RuntimeError, match=said):
        measured(estimator)


def test_what_the_file_draws_is_the_same_each_time() -> None:
    assert variances(MODEL) == variances(MODEL)


SETS = """\
torch.set_default_dtype(torch.float64)
torch.set_grad_enabled(False)
torch.use_deterministic_algorithms(True)
torch.set_float32_matmul_precision("medium")
torch.set_num_threads(2)
os.chdir("/")
"""


@pytest.mark.parametrize("head", ["import reportgen\n", "def build():\n"])
def test_what_it_sets_for_the_whole_process_ends_with_its_cell(head: str) -> None:
    model = MODEL.replace("drawn[0].float()", "drawn[0].to(torch.get_default_dtype())")
    before, folder = variances(model), os.getcwd()
    indent = "    " if head.startswith("def") else ""
    assert variances(model.replace(head, head + textwrap.indent(SETS, indent))) != before  # in float64
    assert torch.get_default_dtype() == torch.float32 and torch.is_grad_enabled()
    assert not torch.are_deterministic_algorithms_enabled() and os.getcwd() == folder
    assert torch.get_float32_matmul_precision() == "highest"
    assert variances(model) == before


def test_an_estimator_whose_file_asks_for_doubles_is_measured_on_a_network_of_the_gallery() -> None:
    """Networks and images are in single precision there, whatever the file sets."""
    code = (
        "import torch\nimport reportgen\n"
        "def plain(draws, _): return (draws.f.unsqueeze(-1) * draws.score).mean(2)\n"
        "PLAIN = reportgen.Estimator(name='plain', evaluate=plain)\n"
    )
    Path("mine.yaml").write_text(
        "experiment: mine\nproblem: {hidden: [4], latent: 2}\n"
        "estimators: [{python: my_estimator.py:PLAIN, label: plain}, score_function]\n"
        "train: {epochs: 1, checkpoints: [1]}\n"
        "measure: {images: 2, precision: 50%, budget: 64, min_replicates: 16}\n"
    )
    found = []
    for more in ("", "torch.set_default_dtype(torch.float64)\n"):
        Path("my_estimator.py").write_text(code + more)
        results = reportgen.run("mine.yaml", allow_code=True)
        assert results.broken == ()
        found.append(
            [results.findings.get("total_variance", name).value for name in ("plain", "score_function")]
        )
    assert found[0] == found[1]


def test_an_estimator_whose_file_asks_for_threads_is_measured_with_one() -> None:
    """Sums differ with their number."""
    Path("my_estimator.py").write_text(
        "from pathlib import Path\nimport torch\nimport reportgen\ntorch.set_num_threads(2)\n"
        "def plain(draws, _):\n"
        "    Path(__file__).with_name('threads').write_text(str(torch.get_num_threads()))\n"
        "    return (draws.f.unsqueeze(-1) * draws.score).mean(2)\n"
        "PLAIN = reportgen.Estimator(name='plain', evaluate=plain)\n"
    )
    Path("mine.yaml").write_text(
        "experiment: mine\nproblem: {model: function, function: cosine}\n"
        "estimators: [{python: my_estimator.py:PLAIN, label: plain}, pathwise]\n"
        "measure: {precision: 50%, budget: 64, min_replicates: 16}\n"
    )
    assert reportgen.run("mine.yaml", allow_code=True).broken == ()
    assert Path("threads").read_text() == "1"


def reported(
    model: str, text: str, capsys: pytest.CaptureFixture[str], file: str = "my_model.py", *options: str
) -> int:
    Path(file).write_text(model, encoding="utf-8")
    Path("mine.yaml").write_text(text, encoding="utf-8")
    return call("report", "mine.yaml", "--allow-code", "--executor", "serial", *options)


def printed() -> str:
    """The text of report.pdf, without its blanks and line breaks."""
    from pypdf import PdfReader

    return "".join("".join(page.extract_text().split()) for page in PdfReader("output/mine/report.pdf").pages)


@pytest.mark.long
def test_a_cause_that_no_font_can_print_stops_no_report(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    no_figures(monkeypatch)
    fault = r'raise ValueError("维度 größe \x1b[31m\n\ud800" + 3000 * "x")'
    code = reported(f"def build():\n    {fault}\n", declared(), capsys)
    out, err = capsys.readouterr()
    assert code == 4 and "error:" not in err
    (told,) = [line for line in out.splitlines() if line.startswith("  broken cell:")]
    assert r"ValueError: 维度 größe \x1b[31m \ud800xxx" in told and len(told) < 800
    assert r"ValueError:\u7ef4\u5ea6größe\x1b[31m\ud800xxx" in printed()
    html = Path("output/mine/report.html").read_text(encoding="utf-8")
    assert "维度 größe" in html
    assert 'class="cause"' in html  # or a long word leaves the page
    assert re.search(r"\.claim p, \.cause \{ overflow-wrap: anywhere; \}", html)


@pytest.mark.long
def test_names_of_files_and_words_in_any_script(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    no_figures(monkeypatch)
    model = textwrap.dedent("""\
        import torch
        from torch import nn
        import reportgen

        def build(words):
            return reportgen.Model(nn.Linear(4, 4), nn.Linear(2, 4), torch.ones(3, 4))
        """)
    text = declared("模型.py:build", "words: 维度")
    made = "import reportgen\ndef build(kind): return reportgen.Estimator(name='m', evaluate=estimate)\n"
    made += "def estimate(draws, _): return (draws.f.unsqueeze(-1) * draws.score).mean(2)\n"
    Path("估计.py").write_text(made, encoding="utf-8")
    mine = "[{python: '估计.py:build', arguments: {kind: a}, label: mine}, pathwise, leave_one_out]"
    text = text.replace("[pathwise, leave_one_out]", mine)
    option = "estimators[0].arguments.kind=维"
    assert reported(model, text, capsys, "模型.py", "--set", option) == 0
    assert r"\u4f30\u8ba1.py:build,calledwithkind=\u7ef4" in printed()
    assert r"estimators[0].arguments.kind=\u7ef4" in printed()
    assert r"\u6a21\u578b.py:build" in printed() and r"words=\u7ef4\u5ea6" in printed()


def test_an_estimator_in_words_that_no_font_has_is_told_before_anything_runs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    mine = "[{python: my_model.py:MINE, label: mine, words: 维}, leave_one_out, pathwise]"
    text = declared().replace("[pathwise, leave_one_out]", mine)
    assert reported("", text, capsys) == 2
    (line,) = errors(capsys)
    assert "mine.yaml:4 estimators[0].words: must be characters that the report’s fonts have, got 维" in line


class Writing(nn.Module):
    """A model that changes in place what its gradient needs."""

    def forward(self, x: Tensor) -> Tensor:
        y = x.exp()
        return y.mul_(2.0).log()


def test_modules_elsewhere_or_without_a_backward_are_told() -> None:
    model = points()
    assert isinstance(model.encoder, nn.Linear) and isinstance(model.decoder, nn.Linear)
    cases = [
        (model.encoder.to("meta"), model.decoder, "encoder: must be on the CPU, .* found meta"),
        (nn.Linear(4, 4), nn.Linear(2, 4).to("meta"), "decoder: must be on the CPU, .* found meta"),
        (
            nn.Sequential(nn.Linear(4, 4), Writing()),
            nn.Linear(2, 4),
            r"encoder: needs an η that is differentiable .*by an inplace operation\. Remove operations",
        ),
        (
            nn.Linear(4, 4),
            nn.Sequential(nn.Linear(2, 4), Writing()),
            r"decoder: needs log p\(x\|z\) to be differentiable in z, .* inplace operation\. Remove",
        ),
    ]
    for encoder, decoder, said in cases:
        with pytest.raises(CellError, match=said):
            reportgen.measure((encoder, decoder, model.x), ["pathwise"], precision=0.4, budget=4000)


def test_estimators_of_ones_own_are_objects_with_names_of_their_own() -> None:
    for given, said in (
        (plain, r"estimators\[0\]: must be a name, .* got a function\. Write reportgen\.Estimator"),
        (3, r"estimators\[0\]: must be a name, its options or a reportgen\.Estimator, got int"),
        (reportgen.Estimator(name="pathwise", evaluate=plain), r"called pathwise like one of reportgen's"),
        (reportgen.Estimator(name="", evaluate=plain), r"estimators\[0\]: needs a name, got ''"),
        (reportgen.Estimator(name="mine", evaluate=3), r"estimators\[0\]\.evaluate: must be a function"),  # type: ignore[arg-type]
    ):
        with pytest.raises(UsageError, match=said):
            measured(given)
