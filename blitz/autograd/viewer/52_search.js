// The search box: finds vertices by their label, note or facts, and steps through them.

const TYPING_MS = 120;

class Search {
  /** onChange: other vertices match; onVisit(vertex): the person goes to a match. */
  constructor(root, listen, { onChange, onVisit }) {
    this.box = root.querySelector("[data-part=search]");
    this.count = root.querySelector("[data-part=count]");
    this.onChange = onChange;
    this.onVisit = onVisit;
    this.drawing = null;
    this.clear();
    listen(this.box, "input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.find(), TYPING_MS);
    });
    listen(this.box, "keydown", (event) => this.onKey(event));
    listen(root.querySelector("[data-action=next-match]"), "click", () => this.step(1));
    listen(root.querySelector("[data-action=previous-match]"), "click", () => this.step(-1));
  }

  clear() {
    this.query = "";
    this.found = []; // vertices: names first, each part in the order of the drawing
    this.current = -1; // place in `found`
    this.matches = null; // 1 for each vertex found
  }

  setDrawing(drawing) {
    this.drawing = drawing;
    this.lowerTexts = null;
    this.clear();
    if (this.box.value.trim()) this.find();
    else this.showCount();
  }

  onKey(event) {
    const step = { Enter: event.shiftKey ? -1 : 1, ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      this.step(step);
    } else if (event.key === "Escape") {
      event.stopPropagation();
      this.box.value = "";
      this.find();
    }
  }

  find() {
    clearTimeout(this.timer);
    const query = this.box.value.trim().toLowerCase();
    if (query === this.query) return;
    this.clear();
    this.query = query;
    if (query && this.drawing) this.findIn(this.drawing, query);
    this.showCount();
    this.onChange();
  }

  findIn(drawing, query) {
    // Each text is looked at once, however many vertices have it.
    this.lowerTexts ??= drawing.texts.map((text) => text.toLowerCase());
    const has = Uint8Array.from(this.lowerTexts, (text) => (text.includes(query) ? 1 : 0));
    const columns = [drawing.label, drawing.note, ...drawing.facts];
    this.matches = new Uint8Array(drawing.numVertices);
    for (let v = 0; v < drawing.numVertices; v += 1) {
      if (!drawing.isDrawn[v] || !columns.some((column) => has[column[v]])) continue;
      this.matches[v] = 1;
      this.found.push(v);
    }
    // Names come before what only has the word in a note or on its line of code.
    const isNamed = (v) => has[drawing.label[v]];
    this.found = [
      ...this.found.filter((v) => isNamed(v)),
      ...this.found.filter((v) => !isNamed(v)),
    ];
  }

  step(by) {
    this.find(); // Enter may come before the timer
    if (!this.found.length) return;
    const from = this.current < 0 && by < 0 ? 0 : this.current;
    this.current = (from + by + this.found.length) % this.found.length;
    this.showCount();
    this.onVisit(this.found[this.current]);
  }

  get visited() {
    return this.found[this.current] ?? -1;
  }

  showCount() {
    const { length } = this.found;
    const place =
      this.current < 0 ? `${whole(length)} found` : `${whole(this.current + 1)} of ${whole(length)}`;
    this.count.textContent = this.query ? place : "";
    for (const button of this.box.closest("search").querySelectorAll("button")) {
      button.disabled = length === 0;
    }
  }
}
