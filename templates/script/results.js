// Every number: the table that the page carries, filtered and sorted. The address says what is shown:
// #results?statistic=total_variance&estimator=pathwise&text=…&sort=-value
const results = (() => {
  const carrier = document.querySelector('a[download="results.json.gz"]');
  const box = document.querySelector(".explorer");
  if (!carrier || !window.DecompressionStream) return null;

  const FIRST = ["statistic", "estimator", "value", "ci_low", "group", "checkpoint", "objective"];
  const LAST = ["replicates", "status", "cell"];
  const NUMBERS = ["checkpoint", "num_samples", "value", "ci_low", "replicates"];
  const NAMES = { num_samples: "K", ci_low: "95% interval", "train.objective": "trained as", "train.seed": "training seed" };

  // The content that a link of the page carries.
  const unpack = (link) => {
    const bytes = Uint8Array.from(atob(link.href.split(",")[1]), (letter) => letter.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")));
  };

  // Columns, name → cells as text, unpacked on first use.
  let unpacked = null;
  const load = () => (unpacked ??= unpack(carrier).json());

  const make = (tag, given = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), given);
    made.append(...children);
    return made;
  };

  // How columns and cells are shown: what and how much before where, settings before the rest, and both ends
  // of an interval in one column.
  const order = (columns) => {
    const rest = Object.keys(columns).filter((name) => ![...FIRST, ...LAST, "ci_high"].includes(name));
    return [...FIRST, ...rest.sort((a, b) => b.includes(".") - a.includes(".")), ...LAST];
  };
  const title = (name) => NAMES[name] ?? name.split(".").pop().replaceAll("_", " ");
  const raised = (power) => [...power].map((c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)] ?? "").join("");
  const grouped = (digits) => digits.replace(/^-?\d{5,}/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, "\u202f"));
  const size = (cell) => Number(cell.replace("inf", "Infinity")); // NaN for text
  const number = (cell) => {
    const value = Number(size(cell).toPrecision(6));
    const small = value && Math.abs(value) < 0.001; // as in the text, and not 0.00000128102
    const [digits, power] = (small ? value.toExponential() : String(value)).split("e");
    return grouped(digits).replace("-", "−").replace("Infinity", "∞") + (power ? `×10${raised(power)}` : "");
  };
  const shown = (columns, name, row) => {
    const cell = columns[name][row];
    if (name === "value") return cell ? number(cell) : "–";
    if (name === "ci_low") return cell && `${number(cell)} to ${number(columns.ci_high[row])}`;
    return name === "cell" ? cell.slice(0, 8) : cell;
  };

  // Rows are those with one of the given values in each column named; a cell is given by the start of its key.
  const key = (name, cell) => (name === "cell" ? cell.slice(0, 12) : cell);
  const find = (columns, asked) => {
    const names = order(columns);
    const wanted = names.filter((name) => asked.has(name)).map((name) => [name, asked.getAll(name)]);
    const words = (asked.get("text") ?? "").toLowerCase().split(/\s+/);
    const told = names.filter((name) => !NUMBERS.includes(name));
    const holds = (row) =>
      wanted.every(([name, values]) => values.includes(key(name, columns[name][row]))) &&
      words.every((word) => told.some((name) => columns[name][row].toLowerCase().includes(word)));
    return [...columns.value.keys()].filter(holds);
  };
  const sort = (columns, rows, by) => {
    const cells = columns[by.replace("-", "")];
    if (!Array.isArray(cells)) return rows;
    const sign = by.startsWith("-") ? -1 : 1;
    const compare = (a, b) => size(cells[a]) - size(cells[b]) || cells[a].localeCompare(cells[b], "en");
    return rows.sort((a, b) => (cells[a] === "") - (cells[b] === "") || sign * compare(a, b));
  };

  const keep = (content, download) => {
    const href = URL.createObjectURL(content);
    make("a", { href, download }).click();
    URL.revokeObjectURL(href);
  };
  const save = (columns, rows) => {
    const quoted = (cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
    const names = Object.keys(columns);
    const lines = [names, ...rows.map((row) => names.map((name) => columns[name][row]))];
    const text = lines.map((cells) => `${cells.map(quoted).join(",")}\r\n`).join("");
    keep(new Blob([text], { type: "text/csv" }), "results.csv");
  };
  carrier.textContent = carrier.textContent.replace(".json.gz", ".csv");
  carrier.addEventListener("click", async (event) => {
    event.preventDefault();
    const columns = await load();
    save(columns, [...columns.value.keys()]);
  });
  // The other files are saved uncompressed, too.
  for (const link of document.querySelectorAll('a[download$=".gz"]')) {
    if (link === carrier) continue;
    link.textContent = link.textContent.replace(".gz", "");
    link.addEventListener("click", async (event) => {
      event.preventDefault();
      keep(await unpack(link).blob(), link.download.replace(".gz", ""));
    });
  }

  let asked = new URLSearchParams();
  let most = 50;
  let show = null; // draws the rows asked for, once the table is built

  const build = (columns) => {
    const distinct = (name) => [...new Set(columns[name].map((cell) => key(name, cell)))];
    const names = order(columns).filter((name) => distinct(name).length > 1);
    const form = make("form", { role: "search", ariaLabel: "Rows" }, make("label", {}, "contains", make("input", { type: "search", name: "text" })));
    const chosen = names.filter((each) => !["value", "ci_low", "replicates"].includes(each));
    for (const name of chosen.filter((each) => distinct(each).length <= 60)) {
      const options = distinct(name).map((value) => new Option(value, value));
      form.append(make("label", {}, title(name), make("select", { name }, new Option("any", ""), ...options)));
    }
    const said = make("span", { role: "status" });
    const all = make("a", { href: "#results", textContent: "all rows" });
    const csv = make("button", { textContent: "save as CSV" });
    const link = make("a", { className: "anchor", textContent: "link to this view" });
    const kind = (name) => (NUMBERS.includes(name) ? "n" : "");
    const heads = names.map((name) =>
      make("th", { className: kind(name) }, make("button", { textContent: title(name), value: name })));
    const body = make("tbody");
    const table = make("table", { ariaLabel: "Rows of results.csv" }, make("thead", {}, make("tr", {}, ...heads)), body);
    const more = make("button", { textContent: "more rows" });
    box.replaceChildren(
      form, make("p", {}, said, all, csv, link), make("div", { className: "wide", tabIndex: 0, role: "group", ariaLabel: "Table of rows" }, table), more);

    const change = (name, value) => {
      if (value) asked.set(name, value);
      else asked.delete(name);
      most = 50;
      history.replaceState(null, "", asked.size ? `#results?${asked}` : "#results");
      show();
    };
    form.addEventListener("input", ({ target }) => change(target.name, target.value));
    form.addEventListener("submit", (event) => event.preventDefault());
    table.tHead.addEventListener("click", ({ target: { value } }) => {
      if (value) change("sort", asked.get("sort") === value ? `-${value}` : value);
    });
    more.addEventListener("click", () => { most += 200; show(); });

    show = () => {
      const by = asked.get("sort") ?? "";
      const rows = sort(columns, find(columns, asked), by);
      const cell = (name, row) =>
        make("td", {
          className: kind(name),
          textContent: shown(columns, name, row),
          title: name === "status" && columns.status[row].length > 24 ? columns.status[row] : "",
        });
      body.replaceChildren(
        ...rows.slice(0, most).map((row) => make("tr", {}, ...names.map((name) => cell(name, row)))));
      const count = (number) => grouped(String(number));
      const sorted = by && `, by ${title(by.replace(/^-/, ""))}${by.startsWith("-") ? ", descending" : ""}`;
      const first = rows.length > most ? `, the first ${count(most)} shown` : "";
      said.textContent = `${count(rows.length)} of ${count(columns.value.length)} rows${sorted}${first}`;
      more.hidden = rows.length <= most;
      link.href = asked.size ? `#results?${asked}` : "#results";
      csv.onclick = () => save(columns, rows);
      for (const control of form.elements) {
        const values = asked.getAll(control.name).join(" or ");
        control.querySelector(".several")?.remove();
        if (values.includes(" or ")) control.append(make("option", { className: "several", textContent: values }));
        control.value = values;
      }
      heads.forEach((head, i) => {
        head.ariaSort = by === names[i] ? "ascending" : by === `-${names[i]}` ? "descending" : null;
      });
    };
  };
  const draw = async () => {
    const columns = await load();
    if (!show) build(columns);
    show();
  };

  const follow = async () => {
    const [place, address = ""] = location.hash.split("?");
    if (place !== "#results") return;
    asked = new URLSearchParams(address);
    most = 50;
    await draw();
    const heading = document.getElementById("results");
    heading.scrollIntoView();
    heading.focus({ preventScroll: true });
  };
  addEventListener("hashchange", follow);
  follow();
  const near = new IntersectionObserver(([entry]) => {
    if (!entry.isIntersecting) return;
    near.disconnect();
    draw();
  }, { rootMargin: "800px" });
  near.observe(box);

  // The reference to which a row's number is relative, if it is.
  const RELATIVE = /^(variance_ratio|pixel_variance_ratio|relative_projection|cosine_to_reference|bias_statistic|bias_p_value|detectable_bias|coordinate_lower)/;
  const references = JSON.parse(box.dataset.references);
  const reference = ({ statistic, objective, estimator }, row) =>
    RELATIVE.test(statistic[row]) ? references[objective[row]]?.[estimator[row]] : undefined;

  return { load, find, order, shown, title, make, reference, seed: box.dataset.seed };
})();
