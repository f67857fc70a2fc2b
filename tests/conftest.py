"""Fixtures of many tests: torch's threads, quick reports, and the page opened in a browser."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import reportgen

if TYPE_CHECKING:
    from tests.browser import Visit


ALLOCATIONS = 100_000
"""New objects after which Python's cycle collector runs."""


def pytest_collection_finish() -> None:
    """Exempts what lives to the end, libraries and thousands of tests, from the cycle collector."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(ALLOCATIONS, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def same_package() -> Iterator[None]:
    """Programs that tests start import the package under test, even if another one is installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(reportgen.__file__).parents[1]), prepend=os.pathsep)
        yield


LIVE = """
experiment: live
title: A page to be visited
problem: {data: digits, latent: 10}
objective: [reconstruction, elbo]
estimators: [score_function, {name: score_function, baseline: optimal_constant}, pathwise]
train: {epochs: 5, checkpoints: [0, 1, 5]}
measure: {images: 12}
sweep: {problem.latent: [5, 20]}
claims:
  - id: lower
    statement: it is lower
    test: variance_ratio(score_function, pathwise) > 1 at every checkpoint
  - id: wrong
    statement: it is higher
    test: variance_ratio(score_function, pathwise) < 1
    expect: refuted
"""


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """One thread per process: tests run one process per core, whose threads would wait for one another."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture
def quick_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes reports without figures and with an empty sheet for a PDF, unless a test asks for whole ones."""
    from tests.blank_paper import blank_paper, no_figures

    blank_paper(monkeypatch)
    no_figures(monkeypatch)


@pytest.fixture(scope="session")
def live_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report's page, with every figure that its experiment gives."""
    from tests.browser import whole_page
    from tests.test_report import findings_of

    path = tmp_path_factory.mktemp("live") / "report.html"
    path.write_bytes(whole_page(findings_of(LIVE)))
    return path


@pytest.fixture(scope="module")
def chromium(live_page: Path) -> Iterator[Any]:
    """The browser, for one module: if it lived longer, its event loop would run during other tests."""
    from reportgen.doctor import browser

    found = browser()
    if found is None:
        pytest.skip("no Chromium here, and the page is tested in it: sudo apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def context(chromium: Any) -> Callable[[int, bool, bool], Any]:
    """A window of a width, dark or light, with scripts or without; made once: that takes half a second."""

    @cache
    def made(width: int, dark: bool, scripts: bool) -> Any:
        return chromium.new_context(
            viewport={"width": width, "height": 844},
            color_scheme="dark" if dark else "light",
            java_script_enabled=scripts,
        )

    return made


@pytest.fixture
def visit(context: Callable[[int, bool, bool], Any]) -> Iterator[Callable[..., Visit]]:
    """Opens a page: `visit(path, width=1280, dark=False)`. Faults fail the test, unless `watch=False`."""
    from tests.browser import Visit

    visits: list[Visit] = []
    watched: list[Visit] = []

    def opening(
        path: Path,
        *,
        width: int = 1280,
        dark: bool = False,
        scripts: bool = True,
        fragment: str = "",
        watch: bool = True,
    ) -> Visit:
        made = Visit(context(width, dark, scripts).new_page())
        visits.append(made)
        if watch:
            watched.append(made)
        made.open(path, fragment)
        return made

    yield opening
    for each in visits:
        each.page.close()
    assert [fault for each in watched for fault in each.faults] == []
