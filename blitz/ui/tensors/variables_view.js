// The variables view: cards in columns, strips beneath them, and what is pointed at lit in all.

const GRID = { gap: 14, least: 300, most: 4 }; // pixels, pixels of a column, columns
const MOST_OPEN = 3; // strips that nobody shares are open up to here
const SETTLED_MS = 1_500; // without another program: whoever was typing is done

class VariablesView {
  constructor(parent) {
    this.renders = 0;
    this.cards = new Map();
    this.strips = new Map();
    this.root = document.createElement("section");
    this.root.className = "blitz-variables";
    this.root.setAttribute("aria-label", "Variables");
    this.root.innerHTML = `<div class="cards"></div><section class="memory" aria-label="Memory">
      <h5>Memory</h5><div></div></section>`;
    [this.grid, this.memory] = this.root.children;
    parent.append(this.root);
    this.pen = document.createElement("canvas").getContext("2d");
    this.measure = (text) => this.pen.measureText(text).width;
    this.resizing = new ResizeObserver(() => this.resize());
    this.resizing.observe(this.root);
    // What is drawn before the page's own font has come is drawn again.
    document.fonts.ready.then(() => this.isClosed || this.drawAll());
  }

  close() {
    this.isClosed = true;
    clearTimeout(this.settling);
    this.resizing.disconnect();
    this.root.remove();
  }

  render(data) {
    const text = new TextDecoder().decode(data);
    const palette = new Palette(this.root);
    const isPainted = palette.signature === this.palette?.signature;
    if (text === this.text && isPainted) return;
    this.palette = palette;
    this.takeColors();
    let changed = null;
    if (text !== this.text) {
      this.text = text;
      this.keepHeight();
      changed = this.update(JSON.parse(text));
    }
    this.layOut(isPainted ? changed : null);
  }

  takeColors() {
    const { palette } = this;
    this.pen.font = `12px ${palette.font}`;
    this.root.dataset.shade = palette.shade;
  }

  /** No shorter until typing has come to rest: what follows on the page stays where it is. */
  keepHeight() {
    this.root.style.minHeight = `${this.root.offsetHeight}px`;
    clearTimeout(this.settling);
    this.settling = setTimeout(() => (this.root.style.minHeight = ""), SETTLED_MS);
  }

  /** Take a program's variables; returns the cards and strips that are other ones than before. */
  update({ variables, storages }) {
    this.light(null, null);
    const changed = new Set();
    const cards = variables.map((data) => {
      const card = this.cards.get(data.name) ?? this.newCard();
      if (card.update(data)) changed.add(card);
      return card;
    });
    this.cards = arranged(this.grid, cards, (card) => card.data.name);
    const isOpen = ({ views }) => views.length > 1 || storages.length <= MOST_OPEN;
    const strips = storages.map((data, storage) => {
      const name = data.names[0];
      const strip = this.strips.get(name) ?? new Strip((bytes) => this.light(strip.storage, bytes));
      strip.storage = storage;
      strip.name = name;
      if (strip.update(data, cards, isOpen(data))) changed.add(strip);
      return strip;
    });
    this.strips = arranged(this.memory.lastElementChild, strips, (strip) => strip.name);
    this.memory.hidden = strips.length === 0;
    return changed;
  }

  newCard() {
    const card = new Card((bytes, cell) => this.light(card.view.storage, bytes, card, cell));
    return card;
  }

  /** Draw the cards and strips that changed, all where `changed` is null. */
  layOut(changed) {
    const width = this.root.clientWidth;
    if (!width) return;
    const isSameWidth = width === this.width;
    this.width = width;
    const { gap, least, most } = GRID;
    const columns = Math.max(1, Math.min(most, Math.floor((width + gap) / (least + gap))));
    const column = (width - (columns - 1) * gap) / columns;
    this.grid.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
    const isDue = (part) => !changed || !isSameWidth || changed.has(part);
    for (const card of this.cards.values()) {
      if (!isDue(card)) continue;
      const span = Math.min(columns, card.span(column, gap, this.measure));
      card.root.style.gridColumn = `span ${span}`;
      card.draw(Math.floor(span * column + (span - 1) * gap), this);
    }
    for (const strip of this.strips.values()) if (isDue(strip)) strip.draw(width, this);
    this.root.dataset.drawn = this.cards.size;
  }

  drawAll() {
    if (this.palette) this.layOut(null);
  }

  resize() {
    if (this.palette && this.root.clientWidth !== this.width) this.layOut(null);
  }

  /** Light bytes of a storage wherever they are seen; source: the card that is pointed at. */
  light(storage, bytes, source, cell) {
    for (const card of this.cards.values()) {
      card.light(storage, bytes, card === source ? cell : null);
    }
    for (const strip of this.strips.values()) strip.light(storage, bytes);
  }
}

/** Bring parts into their order, moving none that is in its place; others are removed. */
function arranged(parent, parts, nameOf) {
  const nodes = new Set(parts.map(({ root }) => root));
  for (const node of [...parent.children]) if (!nodes.has(node)) node.remove();
  parts.forEach(({ root }, i) => {
    const there = parent.children[i];
    if (there !== root) parent.insertBefore(root, there ?? null);
  });
  return new Map(parts.map((part) => [nameOf(part), part]));
}

const views = new WeakMap();

export default function ({ parentElement, data }) {
  let view = views.get(parentElement);
  if (!view) {
    view = new VariablesView(parentElement);
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
