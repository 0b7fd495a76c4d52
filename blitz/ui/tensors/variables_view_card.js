// A variable as a card: what it is, its values as a picture, its statistics, and details to open.

const CARD = `<header><code class="name"></code> <span class="type"></span>
    <span class="flags"></span></header>
  <p class="head"></p>
  <p class="shares" hidden></p>
  <div class="body"></div>
  <p class="readout"></p>
  <div class="statistics" hidden><div class="histogram"></div><p></p></div>
  <details><summary>Stride, memory and autograd</summary><dl></dl></details>`;

class Card {
  /** onPoint: is told the bytes of memory that a person points at and the cell, or null. */
  constructor(onPoint) {
    this.root = document.createElement("article");
    this.root.className = "blitz-variables-card";
    this.root.innerHTML = CARD;
    this.parts = Object.fromEntries(
      ["name", "type", "flags", "head", "shares", "body", "readout", "statistics", "histogram"].map(
        (name) => [name, this.root.querySelector(`.${name}`)],
      ),
    );
    this.details = this.root.querySelector("details");
    this.picture = new Picture((cell) => {
      this.announce();
      onPoint(cell === null ? null : this.view.bytesOf(cell), cell);
    });
  }

  /** Take a variable as the script describes it; whether anything of it is another one. */
  update(data) {
    const text = JSON.stringify(data);
    if (text === this.text) return false;
    this.text = text;
    this.data = data;
    const { parts } = this;
    this.root.setAttribute("aria-label", data.title);
    this.root.dataset.variable = data.name;
    parts.name.textContent = data.title;
    parts.type.textContent = data.type;
    this.root.classList.toggle("is-result", data.name === "");
    this.root.classList.toggle("is-text", !data.tensor);
    const { tensor } = data;
    for (const node of [parts.head, parts.readout, this.details]) node.hidden = !tensor;
    this.view = tensor ? new View(tensor) : null;
    if (tensor) this.showTensor(tensor);
    else this.showText(data.text);
    return true;
  }

  showText(text) {
    const { parts } = this;
    parts.flags.replaceChildren();
    parts.shares.hidden = parts.statistics.hidden = true;
    const node = document.createElement("pre");
    node.textContent = text;
    parts.body.replaceChildren(node);
  }

  showTensor(tensor) {
    const { parts, data } = this;
    const { note, shares, facts, values } = tensor;
    parts.head.replaceChildren(...tensor.head.map((text) => element("span", text)));
    parts.flags.replaceChildren(...tensor.flags.map((text) => element("span", text)));
    parts.shares.hidden = !shares;
    parts.shares.textContent = shares;
    const isEmpty = values.shape.includes(0);
    const empty = `No elements: axis ${values.shape.indexOf(0)} has size 0.`;
    const notes = [isEmpty ? empty : "", note].filter(Boolean);
    parts.body.replaceChildren(
      ...(isEmpty ? [] : [this.picture.root]),
      ...notes.map((text) => element("p", text)),
    );
    this.picture.describe("grid of values", `${data.title}, ${tensor.head.join(", ")}: ${data.text}`);
    parts.readout.hidden = isEmpty;
    this.details
      .querySelector("dl")
      .replaceChildren(...facts.flatMap(([name, text]) => [element("dt", name), element("dd", text)]));
    this.showStatistics(tensor);
  }

  showStatistics({ statistics, histogram, marks }) {
    const { parts } = this;
    const counts = [["nan", "NaN"], ["up", "+∞"], ["down", "−∞"]].map(([name, sign], i) => {
      const node = element("span", `${marks[i].toLocaleString("en")} ${sign}`);
      node.dataset.mark = name;
      return marks[i] ? node : null;
    });
    const texts = [...statistics.map((text) => element("span", text)), ...counts.filter(Boolean)];
    parts.statistics.hidden = texts.length === 0;
    parts.statistics.lastElementChild.replaceChildren(...texts);
    parts.histogram.replaceChildren(...(histogram ? [bars(histogram)] : []));
  }

  /** How many columns a card wants, where one is so wide. */
  span(column, gap, measure) {
    if (!this.view) return 1;
    const wanted = naturalWidth(this.view.elements, measure) + CARD_EDGE;
    return Math.max(1, Math.ceil((wanted + gap) / (column + gap)));
  }

  draw(width, { palette, measure }) {
    const { view, parts } = this;
    if (!view || view.isEmpty) return;
    const { tensor } = this.data;
    const layout = layOut(view.elements, width - CARD_EDGE, measure);
    this.picture.draw(view.elements, layout, { scale: tensor.scale, palette });
    if (!tensor.histogram) return;
    const colors = palette.gradient(tensor.scale, tensor.histogram.ends);
    parts.histogram.style.setProperty("--scale", colors);
  }

  /** Only who points here is to hear what is pointed at. */
  announce() {
    this.parts.readout.setAttribute("aria-live", "polite");
  }

  /** Show where bytes of a storage are seen here; cell: where a person points at it in this card. */
  light(storage, bytes, cell) {
    const { view, parts } = this;
    if (!view || view.isEmpty) return;
    const isHere = bytes && view.storage === storage;
    const index = isHere ? (cell === null ? view.indexAt(bytes) : view.elements.indexOf(cell)) : null;
    const cells = index ? view.cellsAt(bytes) : [];
    this.picture.light(cells);
    parts.readout.textContent = index ? this.readout(index, cell ?? cells[0], bytes) : "";
    if (!bytes) parts.readout.removeAttribute("aria-live");
  }

  readout(index, cell, [from]) {
    const { view } = this;
    const place = Math.floor(from / view.itemsize).toLocaleString("en");
    const name = this.nameAt(index);
    if (cell === undefined) return `${name} is not in the picture · memory place ${place}`;
    return `${name} = ${view.elements.full(cell)} · memory place ${place}`;
  }

  nameAt(index) {
    return this.data.title + (index.length ? bracketed(index) : "");
  }
}

const CARD_EDGE = 30; // pixels of padding and border, left and right together

function element(tag, text) {
  const node = document.createElement(tag);
  node.textContent = text;
  return node;
}

function bars({ counts, label }) {
  const most = Math.max(...counts);
  const shapes = counts.map((count, i) => {
    const height = count ? Math.max(0.04, count / most) : 0; // the fewest can be seen too
    return `<rect x="${i + 0.08}" y="${1 - height}" width="0.84" height="${height}"/>`;
  });
  const holder = document.createElement("template");
  holder.innerHTML = `<svg viewBox="0 0 ${counts.length} 1" preserveAspectRatio="none" role="img"
    >${shapes.join("")}</svg>`;
  holder.content.firstChild.setAttribute("aria-label", label);
  return holder.content.firstChild;
}
