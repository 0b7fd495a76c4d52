// A strip of cards in a row, of which one is chosen, with arcs for the ways that lead past cards.
//
// The cards come as bytes, and again only when they are others; which one is chosen comes through
// layer_strip_control.js. Both meet in window.blitzStrips.

const FIELDS = ["title", "operation", "shape", "thumbnail", "group", "sources"];

class LayerStrip {
  constructor(parent, meeting) {
    this.meeting = meeting;
    this.renders = 0;
    this.instance = Math.random().toString(36).slice(2);
    this.serial = 0;
    this.chosen = -1;
    this.buttons = [];
    this.root = document.createElement("div");
    this.root.className = "blitz-strip";
    this.root.setAttribute("role", "group");
    this.grid = document.createElement("div");
    this.root.append(this.grid);
    parent.append(this.root);
    this.grid.addEventListener("click", (event) => this.onClick(event));
    this.grid.addEventListener("keydown", (event) => this.onKey(event));
    // The strip may appear, or change its width, after the card that it has to show.
    this.resizing = new ResizeObserver(() => this.bringIntoSight(this.buttons[this.chosen]));
    this.resizing.observe(this.root);
  }

  // What Streamlit gives

  render({ data, setStateValue }) {
    this.send = (click) => setStateValue("click", click);
    const text = new TextDecoder().decode(data);
    if (text === this.text) return;
    this.text = text;
    const { label, digest, cards } = JSON.parse(text);
    this.digest = digest;
    this.root.setAttribute("aria-label", label);
    this.draw(cards.map((card) => Object.fromEntries(card.map((part, at) => [FIELDS[at], part]))));
    this.onControl();
  }

  onControl() {
    const { control } = this.meeting;
    if (control && control.place_serial !== this.placeSerial) {
      this.placeSerial = control.place_serial;
      this.chosen = control.place;
    }
    this.show();
  }

  close() {
    this.resizing.disconnect();
    this.root.remove();
  }

  // What a person does

  onClick(event) {
    const at = this.buttons.indexOf(event.target.closest("button"));
    if (at < 0) return;
    this.chosen = at;
    this.show();
    this.serial += 1;
    const { instance, serial, digest: cards } = this;
    this.send({ instance, serial, index: at, cards });
  }

  onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const at = this.buttons.indexOf(event.target);
    const last = this.buttons.length - 1;
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    this.focus(this.buttons[Math.max(0, Math.min(to, last))]);
  }

  focus(button) {
    this.makeReachable(button);
    button.focus({ preventScroll: true }); // which would move the page too
    this.bringIntoSight(button);
  }

  // Drawing

  draw(cards) {
    const focused = this.buttons.indexOf(document.activeElement);
    const { scrollLeft } = this.root;
    // Cards that do not lead to each other need no room between them.
    this.root.toggleAttribute("data-loose", cards.every(({ sources }) => !sources.length));
    this.buttons = cards.map((card, at) => this.button(card, at, cards));
    this.arcs = drawArcs(arcsOf(cards), cards.length);
    this.grid.replaceChildren(...this.headings(cards), this.arcs, ...this.buttons);
    this.root.scrollLeft = scrollLeft;
    this.marked = undefined;
    if (focused >= 0 && cards.length) this.focus(this.buttons[Math.min(focused, cards.length - 1)]);
  }

  button(card, at, cards) {
    const button = document.createElement("button");
    button.type = "button";
    button.tabIndex = -1;
    button.style.gridColumn = at + 1;
    button.toggleAttribute("data-follows", at > 0 && card.sources.includes(at - 1));
    for (const part of ["title", "operation", "shape"]) {
      if (!card[part]) continue;
      const node = document.createElement("span");
      node.className = part;
      node.textContent = card[part];
      button.append(node);
    }
    if (card.thumbnail) {
      const picture = document.createElement("img");
      picture.src = card.thumbnail;
      picture.alt = "";
      button.append(picture);
    }
    const words = [nameOf(card), card.operation, card.shape, sourcesText(card, at, cards)];
    const about = words.filter(Boolean).join(", ");
    button.setAttribute("aria-label", about);
    button.title = about;
    return button;
  }

  /** A heading over each run of cards of the same group. */
  headings(cards) {
    const nodes = [];
    let start = 0;
    cards.forEach(({ group }, at) => {
      if (at + 1 < cards.length && cards[at + 1].group === group) return;
      if (group) nodes.push(heading(group, start, at + 1));
      start = at + 1;
    });
    return nodes;
  }

  show() {
    const chosen = this.buttons[this.chosen];
    if (chosen === this.marked) return;
    this.marked?.removeAttribute("aria-current");
    this.marked = chosen;
    chosen?.setAttribute("aria-current", "true");
    for (const path of this.arcs?.children ?? []) {
      const ends = [Number(path.dataset.from), Number(path.dataset.to)];
      path.toggleAttribute("data-lit", ends.includes(this.chosen));
    }
    this.makeReachable(chosen ?? this.buttons[0]);
    this.bringIntoSight(chosen);
  }

  /** One card is reached with Tab; from there arrow keys lead to the others. */
  makeReachable(button) {
    for (const each of this.buttons) each.tabIndex = each === button ? 0 : -1;
  }

  /** Within the strip alone: scrollIntoView would move the page too. */
  bringIntoSight(button) {
    if (!button) return;
    const strip = this.root.getBoundingClientRect();
    const card = button.getBoundingClientRect();
    const room = Math.max(0, Math.min(card.width, (strip.width - card.width) / 2)); // a neighbour
    const before = card.left - room - strip.left;
    const beyond = card.right + room - strip.right;
    if (before < 0) this.root.scrollLeft += before;
    else if (beyond > 0) this.root.scrollLeft += beyond;
  }
}

function heading(group, start, end) {
  const node = document.createElement("div");
  node.className = "heading";
  node.style.gridColumn = `${start + 1} / ${end + 1}`;
  const text = document.createElement("span");
  text.textContent = group;
  node.append(text);
  return node;
}

/** A card's name with that of its group, as a network's modules are called. */
function nameOf({ title, group }) {
  return !group || title.startsWith(group) ? title : `${group}.${title}`;
}

/** From where a card comes, where that is not just the one before. */
function sourcesText({ sources }, at, cards) {
  const others = sources.filter((source) => source !== at - 1);
  if (!others.length) return "";
  const names = others.map((source) => (source < 0 ? "the image" : nameOf(cards[source])));
  return `${others.length < sources.length ? "also from" : "from"} ${names.join(" and ")}`;
}

const strips = new WeakMap();

function meetingOf(name) {
  window.blitzStrips ??= new Map();
  if (!window.blitzStrips.has(name)) window.blitzStrips.set(name, {});
  return window.blitzStrips.get(name);
}

export default function (component) {
  const { parentElement, data } = component;
  let strip = strips.get(parentElement);
  if (!strip) {
    const { view } = JSON.parse(new TextDecoder().decode(data));
    strip = new LayerStrip(parentElement, meetingOf(view));
    strips.set(parentElement, strip);
  }
  strip.meeting.strip = strip;
  strip.render(component);
  strip.renders += 1;
  const mine = strip.renders;
  return () => {
    // Streamlit may drop an earlier call after a later one: only the last call's end is the end.
    if (strip.renders !== mine) return;
    strip.close();
    strips.delete(parentElement);
    if (strip.meeting.strip === strip) strip.meeting.strip = null;
  };
}
