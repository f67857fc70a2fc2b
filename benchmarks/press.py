"""Time and memory of rendering burda2016's report from a store, compared with WeasyPrint on the same page.

`python -m benchmarks.press` renders simulated measurements of every cell of
burda2016; `python -m benchmarks.press OUTPUT` the finished store in that
output folder. Times are processor seconds of whole processes on one core,
including imports, so that other work on the machine hardly affects their ratio.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from pathlib import Path
from statistics import median

EXPERIMENT = "burda2016"
ROUNDS = 3
GOAL_SECONDS, GOAL_MEGABYTES = 4.0, 300.0

PLAIN = """
import sys
from pathlib import Path
import weasyprint

folder = Path(sys.argv[1])

class Kept(weasyprint.urls.URLFetcher):
    def fetch(self, url, headers=None):
        if not url.startswith("reportgen:"):
            return super().fetch(url, headers)
        path = folder / url.removeprefix("reportgen:")
        kind = "image/svg+xml" if path.suffix == ".svg" else "font/ttf"
        return weasyprint.urls.URLFetcherResponse(url, path.read_bytes(), {"Content-Type": kind})

html = (folder / "page.html").read_text()
page = weasyprint.HTML(string=html, base_url="reportgen:report", url_fetcher=Kept())
page.write_pdf(folder / "plain.pdf", pdf_variant="pdf/a-3a")
"""
"""The script that a user would write: WeasyPrint on the page, its pictures and its fonts."""


def simulated(output: Path) -> None:
    """Write a store of simulated records into an output folder."""
    from reportgen.store import Store
    from tests.synthetic import synthetic_records
    from tests.synthetic_experiment import DIGEST, synthetic_plan

    store = Store(output / ".store")
    for record in synthetic_records(synthetic_plan()).values():
        store.save(record)
    store.note_dataset("digits", DIGEST)


def keep_page(output: Path, folder: Path) -> None:
    """Write the page that is passed to WeasyPrint, with its pictures and fonts, as files into a folder."""
    from reportgen import workflow

    render = import_module("reportgen.report.render")
    lay_out = render.lay_out

    def keeping(html: str, resources: object, when: object) -> object:
        found = {name: path.read_bytes() for name, path in resources.files.items()}  # type: ignore[attr-defined]
        found |= {**resources.images, "page.html": html.encode()}  # type: ignore[attr-defined]
        for name, content in found.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        return lay_out(html, resources, when)

    render.lay_out = keeping  # type: ignore[attr-defined]
    job = workflow.prepare(EXPERIMENT, output, [], from_store=True)
    workflow.press(job, workflow.records(job, ()), keep=False)


def spent(arguments: list[str]) -> tuple[float, float]:
    """Processor seconds of a process on one core, and its peak memory in MB."""
    child = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL, preexec_fn=_one_core)
    _, status, usage = os.wait4(child.pid, 0)
    if os.waitstatus_to_exitcode(status) > 1:
        raise SystemExit(f"{' '.join(arguments[:4])}: ended with {os.waitstatus_to_exitcode(status)}")
    unit = 1 if sys.platform == "darwin" else 1024
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 1e6


def _one_core() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def main(output: Path | None) -> None:
    """Measure both in turn, and print the results."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        # In a separate process, because memory held by this one would count for the processes it starts.
        with ProcessPoolExecutor(1) as apart:
            if output is None:
                output = folder / "output"
                apart.submit(simulated, output).result()
            apart.submit(keep_page, output, folder / "page").result()
        ours, plain = [], []
        for _ in range(ROUNDS):
            ours.append(spent(["-m", "reportgen", "render", EXPERIMENT, "--output", str(output), "--quiet"]))
            plain.append(spent(["-c", PLAIN, str(folder / "page")]))
    mine, theirs = (median(seconds for seconds, _ in found) for found in (ours, plain))
    memory = max(size for _, size in ours)
    print(f"report of {EXPERIMENT} from its store, everything written, one core, imports included")
    print(f"  reportgen render       {mine:6.2f} s    goal {GOAL_SECONDS:g} s")
    print(f"  its memory             {memory:6.0f} MB   goal {GOAL_MEGABYTES:g} MB")
    print(f"  WeasyPrint, PDF alone  {theirs:6.2f} s")
    print(f"  ratio                  {mine / theirs:6.2f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
