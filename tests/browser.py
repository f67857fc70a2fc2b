"""The report's page in a real browser: Debian's Chromium, headless, driven by Playwright.

Playwright, because it needs only the browser and no driver of the same release, reports every request
and console line as it happens, and has axe-core as a separate package.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from reportgen.figures import FIGURES, Drawing, draw
from reportgen.findings import Findings, claims_text, csv_text
from reportgen.report import provenance
from reportgen.report.render import declaration_text, fill, html_page, shared_context
from tests.test_report import WHEN

WIDE, PHONE = 1280, 390
"""Widths in CSS pixels."""


def whole_page(findings: Findings, drawings: Mapping[str, Drawing] | None = None) -> bytes:
    """The HTML page with its figures and its table, as `render` writes it, without the PDF."""
    source = provenance.gather(findings, timestamp=WHEN)
    sections, declaration = fill(findings), declaration_text(findings)
    if drawings is None:
        drawings = {name: drawing for name in FIGURES if (drawing := draw(findings, name)) is not None}
    shared = shared_context(findings, source, declaration, sections)
    evidence = {"results.csv": csv_text(findings).encode(), "claims.json": claims_text(findings).encode()}
    return html_page(sections, shared, drawings, evidence, declaration)


@dataclass
class Visit:
    """A page opened in the browser, and what went wrong there."""

    page: Any
    """Playwright's page."""
    faults: list[str] = field(default_factory=list)
    """Requests other than that for the page, console lines and uncaught errors, in order."""

    def open(self, address: Path, fragment: str = "") -> None:
        """Watches from before the first byte; returns when the page and its fonts are loaded."""
        own = address.as_uri()

        def asked(request: Any) -> None:
            if request.url.partition("#")[0] != own and not request.url.startswith("data:"):
                self.faults.append(f"request: {request.url}")

        self.page.on("request", asked)
        self.page.on("console", lambda line: self.faults.append(f"console {line.type}: {line.text}"))
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.goto(own + fragment)
        self.page.evaluate("document.fonts.ready.then(() => null)")

    def picture(self) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """Pixels of what is in view, [height width 3]."""
        return np.asarray(Image.open(io.BytesIO(self.page.screenshot())).convert("RGB"))

    def overflowing(self) -> list[str]:
        """Elements that reach past the window's right edge and are in nothing that scrolls by itself."""
        found: list[str] = self.page.evaluate(_OVERFLOWING)
        return found

    def violations(self) -> list[str]:
        """What axe-core finds that has serious or critical impact: the rule, and where."""
        self.page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
        found = self.page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
        return [
            f"{rule['id']}: {node['html'][:160]} {node['failureSummary']}"
            for rule in found["violations"]
            if rule["impact"] in ("serious", "critical")
            for node in rule["nodes"]
        ]

    def tabbed(self, most: int = 400) -> Iterator[dict[str, Any]]:
        """What has the focus after each press of Tab, until it leaves the page: name, href, whether seen."""
        for _ in range(most):
            self.page.keyboard.press("Tab")
            focused = self.page.evaluate(_FOCUSED)
            if focused is None:
                return
            yield focused


_OVERFLOWING = """
() => {
  const scrolls = (element) => {
    for (let at = element.parentElement; at && at !== document.body; at = at.parentElement) {
      if (["auto", "scroll"].includes(getComputedStyle(at).overflowX)) return true;
    }
    return false;
  };
  const found = [];
  if (document.documentElement.scrollWidth > innerWidth) found.push("the page scrolls sideways");
  for (const element of document.body.querySelectorAll("*")) {
    const box = element.getBoundingClientRect();
    const drawn = element.closest("svg")?.contains(element.parentElement);
    if (drawn || box.width === 0 || box.height === 0) continue;
    const own = getComputedStyle(element);
    const open = own.display !== "inline" && own.overflowX === "visible";
    const right = open ? Math.max(box.right, box.left + element.scrollWidth) : box.right;
    if (right > innerWidth + 1 && !scrolls(element)) found.push(element.outerHTML.slice(0, 120));
  }
  return found;
}
"""

_FOCUSED = """
() => {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const style = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  const across = box.width > 0 && box.right > 0 && box.left < innerWidth;
  const down = box.height > 0 && box.bottom > 0 && box.top < innerHeight;
  const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  return {
    tag: element.tagName.toLowerCase(),
    className: element.getAttribute("class") || "",
    href: element.getAttribute("href") || "",
    text: element.textContent.trim().slice(0, 60),
    inContents: Boolean(element.closest("nav.contents")),
    seen: across && down && ring,
  };
}
"""
