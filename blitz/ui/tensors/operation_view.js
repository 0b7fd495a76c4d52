// The picture of an operation: operands and result, lit up element by element.

const PLAY_MS = 700;
const MOST_TERMS = 12; // written out in a line of arithmetic
const ICONS = {
  first: "M3 3h2v10H3zM13 3v10L6 8z",
  back: "M11 3v10L4 8z",
  play: "M4 2.5v11L13 8z",
  pause: "M4 3h3v10H4zM9 3h3v10H9z",
  next: "M5 3v10l7-5z",
};
const LABELS = { first: "First element", back: "Element before", play: "Play", next: "Next element" };
const SIGN_BEFORE = /[+−·/%*<>=&|^] ?$/;
const MOVING = new Set(["movement", "index", "assignment"]);

class OperationView {
  constructor(parent) {
    this.root = make("section", "blitz-operation");
    this.root.setAttribute("role", "group");
    this.root.innerHTML = `<p data-part="caption"></p><div data-part="flow"></div>
      <p data-part="line" role="status"></p>
      <div data-part="player" role="group" aria-label="Player">
      ${Object.keys(LABELS).map((name) => this.button(name)).join("")}
      <span data-part="count"></span></div>`;
    parent.append(this.root);
    this.parts = Object.fromEntries(
      [...this.root.querySelectorAll("[data-part]")].map((node) => [node.dataset.part, node]),
    );
    this.listening = new AbortController();
    const listen = (target, name, handler) =>
      target.addEventListener(name, handler, { signal: this.listening.signal });
    listen(this.parts.player, "click", (event) => {
      const pressed = event.target.closest("[data-go]");
      if (pressed) this.go(pressed.dataset.go);
    });
    listen(this.parts.flow, "pointerover", (event) => this.point(event.target.closest("td")));
    listen(this.parts.flow, "pointerleave", () => this.show());
    listen(this.parts.flow, "click", (event) => this.choose(event.target.closest("td")));
    listen(this.parts.flow, "focusin", (event) => this.choose(event.target.closest("td")));
    listen(this.parts.flow, "keydown", (event) => this.onKey(event));
    listen(document, "visibilitychange", () => document.hidden && this.stop());
  }

  button(name) {
    return `<button type="button" data-go="${name}" aria-label="${LABELS[name]}"
      title="${LABELS[name]}"><svg viewBox="0 0 16 16" aria-hidden="true">
      <path d="${ICONS[name]}"/></svg></button>`;
  }

  render(data) {
    const text = new TextDecoder().decode(data);
    if (text === this.text) return;
    this.text = text;
    this.stop();
    this.picture = JSON.parse(text);
    this.place = -1;
    this.draw();
    this.show();
  }

  close() {
    this.stop();
    this.listening.abort();
    this.root.remove();
  }

  // Drawing

  draw() {
    const { picture, parts } = this;
    const last = picture.tensors.length - 1;
    this.root.dataset.kind = picture.kind;
    this.root.setAttribute("aria-label", `${picture.operation}: ${picture.caption}`);
    parts.caption.replaceChildren(make("code", "", picture.operation), ` ${picture.caption}`);
    this.grids = picture.tensors.map(
      (tensor, number) =>
        new TensorGrid(tensor, number === last ? "result" : number, number ? [] : picture.axes),
    );
    this.result = this.grids.at(-1);
    const isMoving = MOVING.has(picture.kind) || picture.kind === "reduction";
    parts.flow.replaceChildren(
      ...this.grids.flatMap((grid, number) => {
        const sign = number === last ? (isMoving ? "→" : "=") : picture.sign;
        return number ? [make("span", "blitz-operation-sign", sign), grid.root] : [grid.root];
      }),
    );
    this.isLinked = Boolean(picture.starts);
    this.count = this.isLinked ? picture.starts.length - 1 : 0;
    parts.player.hidden = parts.line.hidden = !this.count;
    this.link();
  }

  /** Which results each element went into; colours of what moved. */
  link() {
    this.uses = this.grids.slice(0, -1).map(() => new Map());
    const isMoving = MOVING.has(this.picture.kind);
    for (let place = 0; place < this.count; place += 1) {
      const sources = this.sources(place);
      for (const [operand, position] of sources) {
        const uses = this.uses[operand];
        if (!uses.has(position)) uses.set(position, new Set());
        uses.get(position).add(place);
      }
      const [cell] = this.result.byPlace.get(place);
      if (isMoving) cell.dataset.from = sources.length ? sources[0][0] : "operation";
      if (this.picture.kind === "assignment" && cell.dataset.from !== "0") cell.dataset.taken = "";
    }
    if (this.picture.kind !== "index" || !this.isLinked) return;
    for (const [position, cells] of this.grids[0].byPlace) {
      cells[0].dataset[this.uses[0].has(position) ? "taken" : "left"] = "";
    }
  }

  sources(place) {
    const { starts, operands, positions } = this.picture;
    const found = [];
    for (let at = starts[place]; at < starts[place + 1]; at += 1) {
      found.push([operands[at], positions[at]]);
    }
    return found;
  }

  // Moving

  go(name) {
    if (name === "play") {
      if (this.timer) this.stop();
      else this.play();
      this.show();
      return;
    }
    this.stop();
    this.moveTo({ first: 0, back: this.place - 1, next: this.place + 1 }[name]);
  }

  play() {
    if (this.place >= this.count - 1) this.place = -1;
    this.timer = setInterval(() => this.moveTo(this.place + 1), PLAY_MS);
    this.moveTo(this.place + 1);
  }

  moveTo(place) {
    this.place = Math.max(0, Math.min(place, this.count - 1));
    if (this.place === this.count - 1) this.stop();
    this.show();
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
  }

  gridOf(cell) {
    const number = cell.closest("[data-tensor]").dataset.tensor;
    return number === "result" ? this.result : this.grids[Number(number)];
  }

  /** The pointer rests on a cell. */
  point(cell) {
    if (!cell?.dataset.place || !this.isLinked || this.timer) return;
    const grid = this.gridOf(cell);
    if (grid === this.result) this.light(Number(cell.dataset.place));
    else this.lightUses(this.grids.indexOf(grid), Number(cell.dataset.place));
  }

  choose(cell) {
    if (!cell?.dataset.place || !this.isLinked) return;
    this.stop();
    if (this.gridOf(cell) === this.result) this.moveTo(Number(cell.dataset.place));
    else this.point(cell);
  }

  onKey(event) {
    const cell = event.target.closest("td");
    if (!cell || event.altKey || event.ctrlKey || event.metaKey) return;
    const grid = this.gridOf(cell);
    const next = grid.neighbour(cell, event.key);
    if (!next) return;
    event.preventDefault();
    grid.focus(next);
  }

  // Showing

  show() {
    this.clear();
    if (this.place >= 0 && this.isLinked) this.light(this.place);
    else this.parts.line.textContent = "Move over an element to see where it comes from.";
    const play = this.parts.player.querySelector("[data-go=play]");
    play.querySelector("path").setAttribute("d", ICONS[this.timer ? "pause" : "play"]);
    play.setAttribute("aria-label", this.timer ? "Pause" : "Play");
    this.root.dataset.place = this.place;
    this.parts.count.textContent =
      this.place < 0 ? `${this.count} elements` : `element ${this.place + 1} of ${this.count}`;
  }

  clear() {
    for (const cell of this.root.querySelectorAll("[data-lit]")) delete cell.dataset.lit;
  }

  /** An element of the result, and all it was made of. */
  light(place) {
    this.clear();
    this.result.byPlace.get(place)[0].dataset.lit = "result";
    for (const [operand, position] of this.sources(place)) this.lightCopies(operand, position, place);
    this.parts.line.textContent = this.line(place);
  }

  /** Of repeated elements the copy that meets this element of the result, where there is one. */
  lightCopies(operand, position, place) {
    const cells = this.grids[operand].byPlace.get(position);
    const isElementwise = this.picture.kind === "elementwise";
    const same = isElementwise && cells.find((cell) => Number(cell.dataset.cell) === place);
    for (const cell of same ? [same, cells[0]] : cells.slice(0, 1)) cell.dataset.lit = "source";
  }

  lightUses(operand, position) {
    this.clear();
    const grid = this.grids[operand];
    for (const cell of grid.byPlace.get(position)) cell.dataset.lit = "source";
    const uses = [...(this.uses[operand].get(position) ?? [])];
    for (const place of uses) this.result.byPlace.get(place)[0].dataset.lit = "result";
    const into = uses.length === 1 ? `goes into ${this.result.name(uses[0])}` : null;
    const many = uses.length ? `goes into ${uses.length} elements of the result` : "goes nowhere";
    this.parts.line.textContent =
      `${grid.name(position)} = ${grid.text(position)} ${into ?? many}`;
  }

  /** The arithmetic of an element, with its numbers. */
  line(place) {
    const { kind, formula, is_exact: isExact } = this.picture;
    const value = this.result.text(place);
    const name = this.result.name(place);
    const sources = this.sources(place);
    if (!formula) {
      if (!sources.length) {
        return `${name} = ${value}: ${kind === "assignment" ? "set" : "made"} by the operation`;
      }
      const [operand, position] = sources[0];
      return `${name} = ${this.grids[operand].name(position)} = ${value}`;
    }
    const of = kind === "reduction" ? `, of ${elements(sources.length)}` : "";
    const isTrue = value === "True" || value === "False";
    const sign = isTrue ? "→" : isExact ? "=" : "≈";
    return `${name}${of}: ${this.written(formula, sources)} ${sign} ${value}`;
  }

  /** A formula with elements in its places: {0} for one operand's, others for all of the rest. */
  written(formula, sources) {
    const named = new Set([...formula.matchAll(/\{(\d+)\}/g)].map((match) => Number(match[1])));
    const text = ([operand, position]) => this.grids[operand].text(position);
    const rest = sources.filter(([operand]) => !named.has(operand));
    const width = this.picture.kind === "matmul" ? new Set(rest.map(([operand]) => operand)).size : 1;
    return formula.replace(/\{([^}]*)\}/g, (_, what, at) => {
      if (/^\d+$/.test(what)) {
        const own = text(sources.find(([operand]) => operand === Number(what)));
        return own.startsWith("−") && SIGN_BEFORE.test(formula.slice(0, at)) ? `(${own})` : own;
      }
      const isSum = what.trim() === "+" || what.trim() === "·";
      const terms = [];
      for (let start = 0; start < rest.length; start += width) {
        const factors = rest.slice(start, start + width).map(text);
        const isBracketed = (factor, index) =>
          factor.startsWith("−") && (index > 0 || (isSum && terms.length > 0));
        terms.push(
          factors.map((one, index) => (isBracketed(one, index) ? `(${one})` : one)).join("·"),
        );
      }
      if (terms.length <= MOST_TERMS) return terms.join(what) || "0";
      return [...terms.slice(0, MOST_TERMS - 1), "…", terms.at(-1)].join(what);
    });
  }
}

function elements(count) {
  return count === 1 ? "1 element" : `${count} elements`;
}

const views = new WeakMap();

export default function ({ parentElement, data }) {
  let view = views.get(parentElement);
  if (!view) {
    view = new OperationView(parentElement);
    view.renders = 0;
    views.set(parentElement, view);
  }
  view.render(data);
  view.renders += 1;
  const mine = view.renders;
  return () => {
    // Streamlit may drop an earlier call after a later one: only the last call's end is the end.
    if (view.renders !== mine) return;
    view.close();
    views.delete(parentElement);
  };
}
