// Interactive figures: points say what they are, lines can be hidden, and log axes switched to linear.
// All of it is also in the table below a figure; reportgen/figures/drafting/marking.py explains the attributes.
(() => {
  const REACH = { mouse: 14, pen: 18, touch: 26 }; // distance to a point that counts as on it, in pixels
  const CLOSE = 3; // points closer to one another are described together; in typographic points
  const TICK = 7.8; // size of numbers at ticks, in points
  const POWER = 24; // length of “× 10⁶” beside them, in points

  const element = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  const ink = (name, attributes = {}, ...children) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  const numbers = (text) => (text ? text.trim().split(/\s+/).map(Number) : []);
  const shown = (node) => !node.closest(".off");

  // The text of a cell, without the invisible digits that align it with others.
  const said = (cell) =>
    [...cell.childNodes]
      .filter((node) => node.nodeName !== "I")
      .map((node) => node.textContent)
      .join("")
      .trim();

  // Reads a row of a table: the heading of the row, then pairs of heading and text without repetitions.
  const reader = (table) => {
    const headings = [...table.tHead.rows[0].cells].map(said);
    return (number) => {
      const cells = [...table.tBodies[0].rows[number].cells];
      const title = cells.findIndex((cell) => cell.tagName === "TH");
      const rest = headings.map((heading, index) => [heading, said(cells[index])]);
      const facts = new Map(rest.filter(([, text], index) => text && index !== title).map((fact) => [String(fact), fact]));
      return { title: said(cells[title]), facts: [...facts.values()] };
    };
  };

  // The points of a figure in the order of its table's rows.
  const pointsOf = (svg, rows) => {
    const found = [];
    for (const group of svg.querySelectorAll("[data-rows]")) {
      const at = numbers(group.dataset.at);
      const marks = at.length ? [] : group.querySelectorAll("use");
      numbers(group.dataset.rows).forEach((row, index) => {
        if (row >= rows || (!at.length && !marks[index])) return;
        const place = () =>
          at.length
            ? { x: at[2 * index], y: at[2 * index + 1] }
            : { x: marks[index].x.baseVal.value, y: marks[index].y.baseVal.value };
        found.push({ row, group, place, axes: group.closest("[data-log]") });
      });
    }
    return found.sort((one, other) => one.row - other.row);
  };

  // The colours of a raster once it is loaded, as RGBA: at a place in the drawing, or all of them.
  const coloursOf = (picture) => {
    const sheet = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const image = new Image();
    image.src = picture.href.baseVal;
    image.decode().then(() => {
      [sheet.canvas.width, sheet.canvas.height] = [image.naturalWidth, image.naturalHeight];
      sheet.drawImage(image, 0, 0);
    });
    const at = (x, y) => {
      const seen = new DOMPoint(x, y).matrixTransform(picture.ownerSVGElement.getScreenCTM());
      const own = seen.matrixTransform(picture.getScreenCTM().inverse());
      return sheet.getImageData(own.x, own.y, 1, 1).data;
    };
    const all = () => sheet.getImageData(0, 0, sheet.canvas.width, sheet.canvas.height).data;
    return { at, all };
  };

  // A number that a colour stands for, to two digits.
  const roughly = (value) => {
    const [digits, exponent] = value.toExponential(1).split("e").map(Number);
    return exponent < -3 || exponent > 5 ? `${digits.toFixed(1)}·10${superscript(exponent)}` : String(Number(value.toPrecision(2)));
  };

  // The pixels of pictures whose colours are numbers, as points described by the values of their colours.
  const pixelsOf = (svg) => {
    const group = svg.querySelector("[data-tiles]");
    if (!group) return [];
    const [[rows, columns], names, tiles] = JSON.parse(group.dataset.tiles);
    const corners = numbers(group.dataset.at);
    const raster = coloursOf(group.querySelector("image"));
    const bars = [...svg.querySelectorAll("[data-colours]")].map((bar) => [
      JSON.parse(bar.dataset.colours),
      coloursOf(bar.querySelector("image")),
    ]);
    const value = (bar, colour) => {
      if (!colour[3]) return "none";
      if (bar < 0) return `${(1 - colour[0] / 255).toFixed(2)} of the brightest`;
      const [[low, high, open, unit], scale] = bars[bar];
      const steps = scale.all();
      const count = steps.length / 4;
      let found = 0;
      let least = Infinity;
      for (let step = 0; step < count; step += 1) {
        const far = [0, 1, 2].reduce((sum, part) => sum + (steps[4 * step + part] - colour[part]) ** 2, 0);
        if (far < least) [found, least] = [step, far];
      }
      const beyond = open && found === 0 ? "at most " : open && found === count - 1 ? "at least " : "";
      return `${beyond}${roughly(low * (high / low) ** (found / (count - 1)))} ${unit}`.trim();
    };
    return tiles.flatMap(([of, what, bar], tile) => {
      const [left, top, right, bottom] = corners.slice(4 * tile, 4 * tile + 4);
      return Array.from({ length: rows * columns }, (_, pixel) => {
        const [row, column] = [Math.floor(pixel / columns), pixel % columns];
        const [x, y] = [left + ((column + 0.5) / columns) * (right - left), top + ((row + 0.5) / rows) * (bottom - top)];
        const told = () => ({
          title: names[of],
          facts: [
            ["Map", names[what]],
            ["Pixel", `row ${row + 1}, column ${column + 1}`],
            ["Value, read from its colour", value(bar, raster.at(x, y))],
          ],
        });
        return { group, place: () => ({ x, y }), told };
      });
    });
  };

  // The line and mark of a series, small enough for a button.
  const swatch = (svg, series) => {
    const own = `[data-series="${series}"]:not([data-leader]):not([data-bars])`;
    // If a series has several, the last represents it: the first may be faint, or a filled area.
    const line = [...svg.querySelectorAll(`${own} path`)].findLast((path) => !path.closest("defs"));
    const mark = svg.querySelector(`${own}[data-rows] use`);
    const style = line?.getAttribute("style") ?? "";
    const [start, width] = line ? [0, 26] : [8, 10];
    const small = ink("svg", { viewBox: `${start} 0 ${width} 10`, width, height: 10, "aria-hidden": "true" });
    if (line) small.append(ink("path", { d: style.includes("stroke:#") ? "M1 5L25 5" : "M4 1L22 1L22 9L4 9Z", style }));
    if (mark) {
      const copy = mark.cloneNode();
      copy.setAttribute("x", 13);
      copy.setAttribute("y", 5);
      small.append(copy);
    }
    return small;
  };

  // Centres closest to those wanted, in their order, without overlap (as labels.py spreads names).
  const spread = (wanted, sizes, low, high) => {
    const order = wanted.map((_, index) => index).sort((a, b) => wanted[a] - wanted[b] || a - b);
    const offsets = [0];
    for (let k = 1; k < order.length; k += 1) {
      offsets.push(offsets[k - 1] + (sizes[order[k - 1]] + sizes[order[k]]) / 2);
    }
    const blocks = [];
    order.forEach((index, k) => {
      let block = { mean: wanted[index] - offsets[k], count: 1 };
      while (blocks.length && blocks.at(-1).mean >= block.mean) {
        const { mean, count } = blocks.pop();
        const both = block.count + count;
        block = { mean: (block.mean * block.count + mean * count) / both, count: both };
      }
      blocks.push(block);
    });
    const flat = blocks.flatMap(({ mean, count }) => Array(count).fill(mean));
    let least = low + sizes[order[0]] / 2;
    let most = high - sizes[order.at(-1)] / 2 - offsets.at(-1);
    if (most < least) least = most = (least + most) / 2;
    const result = [];
    order.forEach((index, k) => {
      result[index] = Math.min(Math.max(flat[k], least), most) + offsets[k];
    });
    return result;
  };

  const superscript = (exponent) =>
    [...String(exponent)].map((digit) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(digit)]).join("");

  // Round steps from 0 up to a largest value, at most `most` of them after 0.
  const steps = (top, most) => {
    const raw = top / most;
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].find((factor) => factor * power >= raw * (1 - 1e-9)) * power;
    return Array.from({ length: Math.floor(top / step + 1e-9) + 1 }, (_, index) => index * step);
  };

  // Ticks as text, with a common power of ten if they would be long.
  const written = (ticks) => {
    const largest = Math.floor(Math.log10(ticks.at(-1) || 1) + 1e-9);
    const exponent = largest > 3 || largest < -2 ? largest : 0;
    const scaled = ticks.map((tick) => tick / 10 ** exponent);
    const step = scaled[1] ?? 1;
    const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    return { texts: scaled.map((value) => (value ? value.toFixed(decimals) : "0")), exponent };
  };

  // Log axes: everything on them can be laid out on a linear scale, and put back.
  const logarithmic = (axes, height) => {
    const across = axes.dataset.log === "y";
    const [low, high] = numbers(axes.dataset.limits);
    const [left, top, right, bottom] = numbers(axes.dataset.box);
    const [start, end] = across ? [bottom, top] : [left, right];
    const value = (at) => low * (high / low) ** ((at - start) / (end - start));
    const before = new Map();
    const added = [];
    const change = (node, name, to) => {
      if (!before.has(node)) before.set(node, {});
      before.get(node)[name] ??= node.getAttribute(name) ?? "";
      node.setAttribute(name, to);
    };
    const paths = (group) => [...group.querySelectorAll("path")].filter((path) => !path.closest("defs"));
    const inks = () =>
      [...axes.querySelectorAll("[data-series], [data-rows], [data-bars], [data-moves]")].filter(
        (group) => !group.matches("[data-label], [data-leader]"),
      );
    const along = (x, y) => (across ? y : x);

    const largest = () => {
      let most = 0;
      for (const group of inks().filter(shown)) {
        if (group.dataset.bars || group.dataset.moves) continue;
        const places = [...group.querySelectorAll("use")].map((use) => along(use.x.baseVal.value, use.y.baseVal.value));
        for (const path of paths(group)) {
          const pairs = numbers(path.getAttribute("d").replace(/[A-Za-z]/g, " "));
          pairs.forEach((number, index) => (index % 2 === Number(across) ? places.push(number) : 0));
        }
        for (const at of places) if ((at - start) * (at - end) <= 1) most = Math.max(most, value(at));
      }
      for (const group of inks().filter(shown)) {
        for (const bound of numbers(group.dataset.bars)) if (bound < 1.5 * most) most = Math.max(most, bound);
      }
      return most;
    };

    const back = () => {
      for (const [node, attributes] of before) {
        for (const [name, was] of Object.entries(attributes)) {
          if (was) node.setAttribute(name, was);
          else node.removeAttribute(name);
        }
      }
      before.clear();
      for (const node of added.splice(0)) node.remove();
      for (const scale of axes.querySelectorAll("[data-scale] > .off")) scale.classList.remove("off");
    };

    const labels = (to) => {
      const names = [];
      for (const text of axes.querySelectorAll("[data-label]")) {
        if (!shown(text) || text.querySelector("use[x][y]")) continue;
        const own = `[data-series="${text.dataset.series}"]`;
        const key = axes.querySelector(`${own}[data-label] use[y]`);
        const ends = [...axes.querySelectorAll(`${own}[data-rows] use`)];
        if (!key || !ends.length) continue;
        const last = ends.reduce((one, other) => (other.x.baseVal.value >= one.x.baseVal.value ? other : one));
        const leader = axes.querySelector(`${own}[data-leader] path`);
        names.push({ text, key, leader, end: last.y.baseVal.value, at: key.y.baseVal.value, size: text.getBBox().height + 3 });
      }
      if (!names.length) return;
      const centres = spread(
        names.map((name) => name.end),
        names.map((name) => name.size),
        Math.max(0, top - 8),
        Math.min(height, bottom + 20),
      );
      names.forEach(({ text, key, leader, end, at }, index) => {
        change(text, "transform", `translate(0 ${(centres[index] - at).toFixed(2)})`);
        change(key, "y", centres[index].toFixed(2));
        if (!leader) return;
        const [x0, , x1, , x2] = numbers(leader.getAttribute("d").replace(/[A-Za-z]/g, " "));
        const y = centres[index].toFixed(2);
        change(leader, "d", `M${x0} ${end.toFixed(2)}L${x1} ${y}L${x2} ${y}`);
      });
    };

    const scale = (place, most) => {
      const name = axes.querySelector("[data-scale] > [data-name]");
      const named = name && name.getBBox().width > 0;
      const old = [...axes.querySelectorAll("[data-scale] > :not([data-name])")];
      const labelled = old.some((node) => node.querySelector('[transform*="scale("]'));
      for (const node of old) node.classList.add("off");
      const ticks = steps(most, Math.max(2, Math.round(Math.abs(end - start) / (across || named ? 26 : 46))));
      const { texts, exponent } = written(ticks);
      const power = `10${superscript(exponent)}`;
      const lines = ink("g", { class: "ticks" });
      ticks.forEach((tick, index) => {
        const at = place(tick).toFixed(2);
        const d = across ? `M${left} ${at}L${right} ${at}` : `M${at} ${bottom}L${at} ${top}`;
        lines.append(ink("path", { d, class: "grid" }));
        if (!labelled) return;
        lines.append(ink("path", { d: across ? `M${left} ${at}h-3` : `M${at} ${bottom}v3`, class: "tick" }));
        const where = across
          ? { x: left - 6.5, y: Number(at) + 0.34 * TICK, "text-anchor": "end" }
          : { x: at, y: bottom + 6.5 + 0.76 * TICK, "text-anchor": "middle" };
        const own = exponent && !named && tick ? `${texts[index]}·${power}` : texts[index];
        lines.append(ink("text", where, own));
      });
      axes.prepend(lines);
      added.push(lines);
      if (exponent && named) {
        const box = name.getBBox();
        // A name as long as its axis makes room for the power above it.
        const room = across ? Math.max(0, POWER + 5 - box.y) : 0;
        if (room) change(name, "transform", `translate(0 ${room.toFixed(2)})`);
        const [x, y] = across
          ? [box.x + 0.78 * box.width, box.y + room - 5]
          : [box.x + box.width + 5, box.y + 0.78 * box.height];
        const turned = `translate(${x.toFixed(2)} ${y.toFixed(2)})${across ? " rotate(-90)" : ""}`;
        const note = ink("text", { transform: turned }, `× ${power}`);
        name.after(note);
        added.push(note);
      }
    };

    const straight = (most) => {
      back();
      // Room for half a mark below 0.
      const place = (number) => start + (end - start) * (0.02 + (0.98 * number) / (1.04 * most));
      const to = (at) => place(value(at));
      for (const group of inks()) {
        if (group.dataset.moves) {
          const [x, y] = numbers(group.dataset.moves);
          const by = to(along(x, y)) - along(x, y);
          change(group, "transform", across ? `translate(0 ${by.toFixed(2)})` : `translate(${by.toFixed(2)} 0)`);
          continue;
        }
        const bounds = numbers(group.dataset.bars);
        for (const path of paths(group)) {
          const d = path.getAttribute("d");
          const count = d.match(/[ML]/g).length;
          let index = 0;
          const moved = d.replace(/(-?[\d.]+) (-?[\d.]+)/g, (_, x, y) => {
            const at = bounds.length === count ? place(bounds[index]) : to(Number(along(x, y)));
            index += 1;
            return across ? `${x} ${at.toFixed(2)}` : `${at.toFixed(2)} ${y}`;
          });
          change(path, "d", moved);
        }
        for (const use of group.querySelectorAll("use")) {
          const name = across ? "y" : "x";
          change(use, name, to(use[name].baseVal.value).toFixed(2));
        }
      }
      labels();
      scale(place, 1.04 * most);
    };

    return { limits: axes.dataset.limits, largest, straight, back };
  };

  const live = (figure, svg, block) => {
    const name = figure.querySelector("figcaption b").textContent.replace(/\.$/, "").toLowerCase();
    const drawing = figure.querySelector(".drawing");
    const read = reader(block.querySelector("table"));
    const marked = pointsOf(svg, block.querySelector("tbody").rows.length);
    const pixels = pixelsOf(svg);
    const points = [...marked, ...pixels];
    const telling = (point) => point.told?.() ?? read(point.row);
    const controls = element("div", { class: "controls" });

    // Series

    const series = [...new Set([...svg.querySelectorAll("[data-series]")].map((group) => group.dataset.series))];
    series.sort((one, other) => one - other);
    const titles = new Map();
    for (const point of marked) {
      const own = point.group.dataset.series;
      if (own !== undefined && !titles.has(own)) titles.set(own, read(point.row).title);
    }

    // Scale

    const height = svg.viewBox.baseVal.height;
    const axes = [...svg.querySelectorAll("[data-log]")].map((group) => logarithmic(group, height));
    let linear = false;
    const layOut = () => {
      if (!linear) {
        for (const one of axes) one.back();
        return;
      }
      for (const one of axes) one.back();
      // Panels with the same limits share one scale.
      const most = new Map();
      for (const one of axes) most.set(one.limits, Math.max(most.get(one.limits) ?? 0, one.largest()));
      for (const one of axes) if (most.get(one.limits) > 0) one.straight(most.get(one.limits));
    };

    const choice = (label, buttons) => controls.append(element("div", { role: "group", "aria-label": label }, ...buttons));
    const button = (pressed, ...children) => element("button", { type: "button", "aria-pressed": pressed }, ...children);

    if (titles.size > 1) {
      const buttons = series.filter((number) => titles.has(number)).map((number) => {
        const made = button("true", swatch(svg, number), titles.get(number));
        made.addEventListener("click", () => {
          const on = made.getAttribute("aria-pressed") !== "true";
          made.setAttribute("aria-pressed", on);
          for (const group of svg.querySelectorAll(`[data-series="${number}"]`)) group.classList.toggle("off", !on);
          layOut();
          hide();
        });
        return made;
      });
      choice(`Lines shown in ${name}`, buttons);
    }
    if (axes.length) {
      // The caption describes the figure as drawn on paper.
      const aside = element("span", { hidden: "" }, " Shown here on linear axes.");
      drawing.closest("figure").querySelector("figcaption").append(aside);
      const buttons = ["Logarithmic", "Linear"].map((title, index) => {
        const made = button(String(index === 0), title);
        made.addEventListener("click", () => {
          linear = index === 1;
          aside.hidden = !linear;
          buttons.forEach((other, place) => other.setAttribute("aria-pressed", String(place === index)));
          layOut();
          hide();
        });
        return made;
      });
      choice(`Scale of ${name}`, buttons);
      controls.lastChild.classList.add("scale");
    }
    const stage = element("div", { class: "stage" });
    drawing.replaceWith(stage);
    stage.append(drawing);
    if (controls.children.length) stage.after(controls);

    // Points

    const tip = element("div", { class: "tip", "aria-hidden": "true", hidden: "" });
    const ring = ink("circle", { r: 5.6, class: "ring off" });
    const status = element("div", { class: "unheard", role: "status" });
    const keys = element("div", {
      class: "points",
      tabindex: "0",
      role: "application",
      "aria-label": `Points of ${name}. Left and right arrows follow the table; up and down arrows move to the mark above or below.`,
    });
    svg.append(ring);
    let current = null;
    let leaving = 0;

    const inView = ({ group, place, axes: own }) => {
      if (!shown(group)) return false;
      if (!own) return true;
      const [left, top, right, bottom] = numbers(own.dataset.box);
      const { x, y } = place();
      return x > left - 1 && x < right + 1 && y > top - 1 && y < bottom + 1;
    };
    const hide = () => {
      current = null;
      tip.hidden = true;
      ring.classList.add("off");
      status.textContent = "";
    };
    const words = (title, facts) => {
      const list = element("dl");
      for (const [heading, text] of facts) list.append(element("dt", {}, heading), element("dd", {}, text));
      return [element("p", {}, title), list];
    };
    // Points below or above a point, which no pointer could tell apart.
    const under = (point) => {
      const { x, y } = point.place();
      const near = marked.filter((other) => {
        const at = other.place();
        return other.row !== point.row && Math.hypot(at.x - x, at.y - y) < CLOSE && inView(other);
      });
      return near.slice(0, 3);
    };
    const show = (point, aloud) => {
      clearTimeout(leaving);
      if (point === current) return;
      current = point;
      const { x, y } = point.place();
      ring.setAttribute("cx", x);
      ring.setAttribute("cy", y);
      ring.classList.remove("off");
      const { title, facts } = telling(point);
      tip.replaceChildren(...words(title, facts));
      const known = facts.map(String);
      let before = title;
      for (const other of aloud ? [] : under(point)) {
        const more = read(other.row);
        const own = words(more.title, more.facts.filter((fact) => !known.includes(String(fact))));
        tip.append(...own.slice(Number(more.title === before)));
        before = more.title;
      }
      tip.hidden = false;
      const at = new DOMPoint(x, y).matrixTransform(svg.getScreenCTM());
      const box = drawing.getBoundingClientRect();
      if (aloud && (at.x < box.left + 20 || at.x > box.right - 20)) {
        drawing.scrollLeft += at.x - box.left - box.width / 2;
        at.x = new DOMPoint(x, y).matrixTransform(svg.getScreenCTM()).x;
      }
      const whole = stage.getBoundingClientRect();
      const { width, height: tall } = tip.getBoundingClientRect();
      const free = Math.min(Math.max(at.x - whole.left - width / 2, 0), Math.max(whole.width - width, 0));
      const over = at.y - tall - 14 > 0;
      tip.style.left = `${free}px`;
      tip.style.top = `${at.y - whole.top + (over ? -tall - 12 : 12)}px`;
      if (aloud) status.textContent = [title, ...facts.map((fact) => fact.join(" "))].join("; ");
    };
    const nearest = (event) => {
      const matrix = svg.getScreenCTM();
      const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
      const reach = (REACH[event.pointerType] ?? REACH.mouse) / matrix.a;
      let best = null;
      let least = reach;
      for (const point of points) {
        const { x, y } = point.place();
        const far = Math.hypot(x - at.x, y - at.y);
        if (far < least && inView(point)) [best, least] = [point, far];
      }
      return best;
    };
    const leave = () => {
      clearTimeout(leaving);
      leaving = setTimeout(hide, 250);
    };
    // Of the points above or below, the one with the least sideways distance, then the nearest.
    const beside = (up) => {
      const { x, y } = current.place();
      const found = points
        .filter((point) => inView(point) && point !== current)
        .map((point) => ({ point, at: point.place() }))
        .filter(({ at }) => (up ? y - at.y : at.y - y) > 0.05)
        .sort((a, b) => Math.abs(a.at.x - x) - Math.abs(b.at.x - x) || Math.abs(a.at.y - y) - Math.abs(b.at.y - y));
      return found.length ? found[0].point : null;
    };
    const go = (key) => {
      const seen = points.filter(inView);
      const index = seen.indexOf(current);
      if (key === "Home") return seen[0];
      if (key === "End") return seen.at(-1);
      if (index < 0) return seen[0];
      if (key === "ArrowRight") return seen[index + 1];
      if (key === "ArrowLeft") return seen[index - 1];
      return beside(key === "ArrowUp");
    };

    if (points.length) {
      drawing.append(keys);
      stage.append(tip, status);
      drawing.addEventListener("pointermove", (event) => {
        const point = nearest(event);
        if (point) show(point, false);
        else if (current) leave();
      });
      drawing.addEventListener("pointerdown", (event) => {
        const point = nearest(event);
        if (point) show(point, false);
        else hide();
      });
      drawing.addEventListener("pointerleave", (event) => {
        if (event.pointerType !== "touch") leave();
      });
      drawing.addEventListener("scroll", hide, { passive: true });
      tip.addEventListener("pointerenter", () => clearTimeout(leaving));
      tip.addEventListener("pointerleave", leave);
      keys.addEventListener("focus", () => show(current ?? points.find(inView), true));
      keys.addEventListener("blur", hide);
      keys.addEventListener("keydown", (event) => {
        if (!["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"].includes(event.key)) return;
        event.preventDefault();
        const point = go(event.key);
        if (point) show(point, true);
      });
      addEventListener("keydown", (event) => {
        if (event.key === "Escape") hide();
      });
      addEventListener("resize", hide);
    }
  };

  for (const figure of document.querySelectorAll("figure")) {
    const svg = figure.querySelector(".drawing > svg");
    const block = document.getElementById(figure.id.replace("fig-", "data-"));
    if (svg && block) live(figure, svg, block);
  }
})();
