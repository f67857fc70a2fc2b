// A number in the text shows the rows it comes from if pointed at or focused; as a link, it leads to them.
if (results) {
  const { make, shown, title } = results;
  const numbers = [...document.querySelectorAll("a.number")];
  numbers.forEach((number, i) => {
    number.dataset.rows ??= numbers[i - 1].dataset.rows; // an interval has the rows of its value
    number.href = `#results?${number.dataset.rows}`;
  });

  // In a table, arrow keys move from number to number; Tab leaves it.
  for (const table of document.querySelectorAll("table")) {
    const own = [...table.querySelectorAll("a.number:not([tabindex])")];
    for (const number of own.slice(1)) number.tabIndex = -1;
    table.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      const next = own.includes(event.target) && own[own.indexOf(event.target) + step];
      if (!next) return;
      event.preventDefault();
      event.target.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    });
  }

  const card = make("div", { className: "card sans", id: "card", role: "tooltip", hidden: true });
  document.body.append(card);
  let about = null; // the number for which the card is shown

  // What the rows have in common, as a list, and below it a table of where they differ.
  const fill = (columns, rows) => {
    const names = results.order(columns).filter((name) => name !== "experiment");
    const alike = (name) => rows.every((row) => shown(columns, name, row) === shown(columns, name, rows[0]));
    const apart = names.filter((name) => !alike(name));
    const pair = (name, text) => [make("dt", { textContent: name }), make("dd", { textContent: text })];
    const common = names.filter((name) => alike(name) && shown(columns, name, rows[0]));
    const list = common.flatMap((name) => pair(title(name), shown(columns, name, rows[0])));
    const to = [...new Set(rows.map((row) => results.reference(columns, row)))];
    if (to.length === 1 && to[0]) list.push(...pair("reference", to[0]));
    card.replaceChildren(make("dl", {}, ...list, ...pair("seed", results.seed)));
    if (!apart.length) return;
    const line = (tag, text) => make("tr", {}, ...apart.map((name) => make(tag, { textContent: text(name) })));
    const lines = rows.slice(0, 8).map((row) => line("td", (name) => shown(columns, name, row)));
    card.append(make("p", { textContent: `computed from ${rows.length} rows:` }), make("table", {}, line("th", title), ...lines));
  };
  const open = async (number) => {
    about = number;
    const columns = await results.load();
    const rows = results.find(columns, new URLSearchParams(number.dataset.rows));
    if (about !== number || !rows.length) return;
    fill(columns, rows);
    card.hidden = false;
    number.setAttribute("aria-describedby", "card");
    const at = number.getBoundingClientRect();
    const right = document.documentElement.clientWidth - card.offsetWidth - 8;
    card.style.maxHeight = "";
    const height = card.offsetHeight;
    const below = at.bottom + height + 8 < innerHeight || at.top < innerHeight - at.bottom;
    card.style.maxHeight = `${Math.max(0, (below ? innerHeight - at.bottom : at.top) - 8)}px`; // the rest scrolls
    card.style.left = `${Math.max(8, Math.min(at.left, right)) + scrollX}px`;
    card.style.top = `${(below ? at.bottom + 3 : at.top - card.offsetHeight - 3) + scrollY}px`;
  };
  let leaving = 0;
  const close = () => {
    clearTimeout(leaving);
    leaving = 0;
    about?.removeAttribute("aria-describedby");
    about = null;
    card.hidden = true;
  };
  // The card waits for a pointer on its way to it, and stays while its number has the focus.
  const enter = ({ target, type }) => {
    const number = target.closest("a.number");
    if (number === about || target.closest(".card")) {
      clearTimeout(leaving);
      leaving = 0;
    } else if (number || type === "focusin") {
      close();
      if (number) open(number);
    } else if (document.activeElement !== about) {
      leaving ||= setTimeout(close, 250);
    }
  };
  document.addEventListener("pointerover", enter);
  document.addEventListener("focusin", enter);
  document.addEventListener("click", close);
  document.addEventListener("keydown", (event) => event.key === "Escape" && close());
}
