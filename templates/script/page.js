// The contents follow the reader: the last section that has passed the reading line is marked in the list.
(() => {
  const contents = document.querySelector("nav.contents");
  const links = new Map();
  for (const link of contents.querySelectorAll("a")) links.set(link.hash.slice(1), link);
  const headings = [...links.keys()].map((id) => document.getElementById(id)).filter(Boolean);
  let jump = { id: "", at: NaN };

  // A third down the window; over the last screenful it moves to the bottom, so that every section passes it.
  const line = () => {
    const left = document.documentElement.scrollHeight - innerHeight - scrollY;
    return innerHeight * (1 / 3 + (2 / 3) * Math.max(0, 1 - left / innerHeight));
  };
  const mark = () => {
    const top = line();
    const passed = headings.filter((heading) => heading.getBoundingClientRect().top < top);
    // Right after a link was followed, its section is marked, however short it is.
    const id = scrollY === jump.at ? jump.id : passed.at(-1)?.id;
    for (const [name, link] of links) {
      const here = name === id;
      if (here === link.hasAttribute("aria-current")) continue;
      if (here) link.setAttribute("aria-current", "location");
      else link.removeAttribute("aria-current");
      if (here && contents.scrollHeight > contents.clientHeight) {
        const down = link.getBoundingClientRect().top - contents.getBoundingClientRect().top;
        contents.scrollTop += down - contents.clientHeight / 2;
      }
    }
  };
  const jumped = () => {
    const id = location.hash.slice(1).split("?")[0];
    if (links.has(id)) jump = { id, at: scrollY };
    mark();
  };
  let waiting = false;
  const soon = () => {
    if (!waiting) requestAnimationFrame(() => { waiting = false; mark(); });
    waiting = true;
  };
  addEventListener("scroll", soon, { passive: true });
  addEventListener("resize", soon);
  addEventListener("hashchange", jumped);
  addEventListener("load", jumped);
  mark();
})();

// Regions that scroll sideways can be reached, and so scrolled, from the keyboard.
(() => {
  const regions = document.querySelectorAll(".wide, .drawing, .equation");
  const called = (region) => {
    const named = region.closest("figure") ?? region;
    const name = named.querySelector("caption b, figcaption b, .number");
    return name ? name.textContent.replace(/\.$/, "").replace(/^\(/, "equation (") : "scrollable content";
  };
  const reach = () => {
    for (const region of regions) {
      const scrolls = region.scrollWidth > region.clientWidth;
      for (const [name, value] of [["tabindex", "0"], ["role", "group"], ["aria-label", called(region)]]) {
        if (scrolls) region.setAttribute(name, value);
        else region.removeAttribute(name);
      }
    }
  };
  addEventListener("resize", reach);
  document.fonts.ready.then(reach);
})();

// Copied text has the LaTeX of its formulas, whose drawings would leave nothing.
document.addEventListener("copy", (event) => {
  const selection = getSelection();
  if (!event.clipboardData || selection.isCollapsed) return;
  const copied = document.createElement("div");
  copied.className = "copied";
  copied.append(selection.getRangeAt(0).cloneContents());
  const formulas = copied.querySelectorAll("svg[data-latex]");
  if (!formulas.length) return;
  for (const formula of formulas) formula.replaceWith(formula.dataset.latex);
  for (const unread of copied.querySelectorAll("script, style")) unread.remove();
  document.body.append(copied); // only text that is laid out has lines
  event.clipboardData.setData("text/plain", copied.innerText);
  event.clipboardData.setData("text/html", copied.innerHTML);
  copied.remove();
  event.preventDefault();
});

// Following a link to a place also copies it; the link says so.
document.addEventListener("click", async (event) => {
  const link = event.target.closest("a.anchor");
  if (!link || !navigator.clipboard) return;
  try {
    await navigator.clipboard.writeText(link.href);
  } catch {
    return; // not allowed here; the address bar has it
  }
  link.dataset.copied = "copied";
  setTimeout(() => delete link.dataset.copied, 1500);
});
