// The contents follow the reading: the section in view is marked in the list.
(() => {
  const links = new Map();
  for (const link of document.querySelectorAll("nav.contents a")) {
    links.set(link.getAttribute("href").slice(1), link);
  }
  const headings = [...links.keys()].map((id) => document.getElementById(id)).filter(Boolean);
  const mark = () => {
    const passed = headings.filter((heading) => heading.getBoundingClientRect().top < innerHeight / 3);
    const current = passed.at(-1);
    for (const [id, link] of links) {
      if (current && current.id === id) link.setAttribute("aria-current", "location");
      else link.removeAttribute("aria-current");
    }
  };
  addEventListener("scroll", () => requestAnimationFrame(mark), { passive: true });
  mark();
})();
