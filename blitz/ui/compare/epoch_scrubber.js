// A slider over epochs that lies on their accuracy curve, with a button that plays them.
//
// Streamlit calls the default export when the component appears and again whenever its data or the
// theme changes. One move at a time is on its way to the page: the next one goes out when the page
// has answered, from wherever the slider is by then.

const THUMB = 14; // pixels, as in the style sheet
const INSET = 6;
const PLAY_MS = 350;
const LONGEST_ANSWER_MS = 5_000;
const SVG = "http://www.w3.org/2000/svg";
const SYMBOLS = { play: "M3 2l11 6-11 6z", pause: "M3 2h4v12H3zM9 2h4v12H9z" };

class EpochScrubber {
  constructor(parent) {
    this.renders = 0;
    this.instance = Math.random().toString(36).slice(2);
    this.serial = 0;
    this.answered = 0;
    this.root = element("div", "blitz-scrubber");
    this.button = element("button");
    this.button.type = "button";
    this.epoch = element("div", "epoch");
    this.numbers = element("div", "numbers");
    const top = element("div", "top");
    top.append(this.button, this.epoch, this.numbers);
    this.slider = element("input");
    this.slider.type = "range";
    this.slider.min = 0;
    this.slider.step = 1;
    this.slider.setAttribute("aria-label", "Epoch");
    this.drawing = drawn("svg");
    this.drawing.setAttribute("aria-hidden", "true");
    const track = element("div", "track");
    track.append(this.drawing, this.slider);
    this.ends = element("div", "ends");
    this.root.append(top, track, this.ends);
    parent.append(this.root);
    this.slider.addEventListener("input", () => this.onInput());
    this.button.addEventListener("click", () => (this.player ? this.pause() : this.play()));
    this.resizing = new ResizeObserver(() => this.draw());
    this.resizing.observe(this.root);
    this.showButton();
  }

  // What Streamlit gives

  render({ data, setStateValue }) {
    this.send = (move) => setStateValue("move", move);
    const { handled, chosen, ...shown } = JSON.parse(new TextDecoder().decode(data));
    const before = this.epochs?.[this.index];
    const [instance, serial] = handled ?? [];
    if (instance === this.instance) this.answered = Math.max(this.answered, serial);
    Object.assign(this, shown);
    this.slider.max = this.epochs.length - 1;
    // The page knows best where it is, unless a person has gone elsewhere meanwhile.
    const isElsewhere = this.isWaiting || this.isAhead;
    this.index = isElsewhere ? nearest(this.epochs, before) : chosen;
    this.draw();
    if (this.isAhead && !this.isWaiting) requestAnimationFrame(() => this.tell());
  }

  close() {
    this.isClosed = true;
    this.pause();
    clearTimeout(this.giveUp);
    this.resizing.disconnect();
    this.root.remove();
  }

  // Moving

  get isWaiting() {
    return this.answered < this.serial;
  }

  onInput() {
    this.pause();
    this.goTo(Number(this.slider.value));
  }

  goTo(index) {
    this.index = index;
    this.isAhead = true;
    this.show();
    if (!this.isWaiting) this.tell();
  }

  tell() {
    if (this.isClosed || !this.isAhead || this.isWaiting) return;
    this.isAhead = false;
    this.serial += 1;
    const { instance, serial, index, epochs } = this;
    this.send({ instance, serial, epoch: epochs[index], is_last: index === epochs.length - 1 });
    clearTimeout(this.giveUp);
    this.giveUp = setTimeout(() => {
      this.answered = serial;
      this.tell();
    }, LONGEST_ANSWER_MS);
  }

  play() {
    if (this.index === this.epochs.length - 1) this.goTo(0);
    this.player = setInterval(() => {
      if (this.isWaiting || this.isAhead || document.hidden) return;
      if (this.index + 1 < this.epochs.length) this.goTo(this.index + 1);
      if (this.index === this.epochs.length - 1) this.pause();
    }, PLAY_MS);
    this.showButton();
  }

  pause() {
    clearInterval(this.player);
    this.player = undefined;
    this.showButton();
  }

  // Drawing

  showButton() {
    const name = this.player ? "pause" : "play";
    if (this.button.dataset.shows === name) return;
    this.button.dataset.shows = name;
    this.button.setAttribute("aria-label", this.player ? "Pause" : "Play the epochs");
    this.button.title = this.button.getAttribute("aria-label");
    const symbol = drawn("svg", { viewBox: "0 0 16 16" });
    symbol.append(drawn("path", { d: SYMBOLS[name] }));
    this.button.replaceChildren(symbol);
  }

  show() {
    const { index, epochs, tracks } = this;
    this.slider.value = index;
    this.epoch.textContent = `Epoch ${epochs[index]}`;
    const isLost = this.lost.includes(index);
    this.numbers.replaceChildren(...tracks.map((track) => line(track, index, tracks, isLost)));
    const told = [...this.numbers.children].map((each) => each.textContent.trim());
    this.slider.setAttribute("aria-valuetext", [this.epoch.textContent, ...told].join(", "));
  }

  draw() {
    const width = this.root.clientWidth;
    if (this.isClosed || !width || !this.epochs) return;
    this.root.dataset.shade = isDark(this.root) ? "dark" : "light";
    const height = this.drawing.clientHeight;
    const last = Math.max(1, this.epochs.length - 1);
    const x = (index) => THUMB / 2 + ((width - THUMB) * index) / last;
    const known = this.tracks.flatMap(({ accuracy }) => accuracy).filter((each) => each !== null);
    const [low, high] = [Math.min(...known), Math.max(...known)];
    const y = (value) =>
      height - INSET - ((height - 2 * INSET) * (value - low)) / (high - low || 1);
    const marks = this.lost.map((index) =>
      drawn("line", { class: "lost", x1: x(index), x2: x(index), y1: 0, y2: height }),
    );
    const radius = Math.max(1, Math.min(3, width / this.epochs.length / 5));
    const curves = this.tracks.map(({ accuracy }, at) => curve(accuracy, at, x, y, radius));
    this.drawing.replaceChildren(...marks, ...curves.reverse());
    const range = known.length ? `accuracy ${percent(low)} to ${percent(high)}` : "";
    const words = [this.epochs[0], range, this.epochs.at(-1)];
    this.ends.replaceChildren(...words.map((word) => element("span", "", String(word))));
    this.show();
  }
}

function curve(accuracy, at, x, y, radius) {
  const group = drawn("g", at ? { class: "second" } : {});
  const points = accuracy.flatMap((value, index) => (value === null ? [] : [[x(index), y(value)]]));
  group.append(drawn("polyline", { points: points.map((point) => point.join()).join(" ") }));
  for (const [cx, cy] of points) group.append(drawn("circle", { cx, cy, r: radius }));
  return group;
}

/** Loss and accuracy of a run at an epoch, and its name where there are several. */
function line({ title, loss, accuracy }, index, tracks, isLost) {
  const node = element("div");
  if (tracks.length > 1) node.append(element("span", "title", title));
  const words = [
    `loss ${loss[index] === null ? "–" : loss[index].toPrecision(4)}`,
    `accuracy ${accuracy[index] === null ? "–" : percent(accuracy[index])}`,
  ];
  if (isLost) words.push("cannot be read");
  node.append(...words.map((word) => element("span", "", `${word} `)));
  return node;
}

function nearest(epochs, wanted) {
  const distances = epochs.map((epoch) => Math.abs(epoch - wanted));
  return distances.indexOf(Math.min(...distances));
}

function percent(fraction) {
  return `${(100 * fraction).toFixed(1)}%`;
}

function isDark(node) {
  const canvas = document.createElement("canvas").getContext("2d");
  canvas.fillStyle = getComputedStyle(node).getPropertyValue("--st-background-color").trim();
  canvas.fillRect(0, 0, 1, 1);
  const [red, green, blue] = canvas.getImageData(0, 0, 1, 1).data;
  return 0.299 * red + 0.587 * green + 0.114 * blue < 128;
}

function element(tag, className = "", text = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.textContent = text;
  return node;
}

function drawn(tag, attributes = {}) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

const scrubbers = new WeakMap();

export default function (component) {
  const { parentElement } = component;
  if (!scrubbers.has(parentElement)) {
    scrubbers.set(parentElement, new EpochScrubber(parentElement));
  }
  const scrubber = scrubbers.get(parentElement);
  scrubber.render(component);
  scrubber.renders += 1;
  const mine = scrubber.renders;
  return () => {
    // Streamlit may drop an earlier call after a later one: only the last call's end is the end.
    if (scrubber.renders !== mine) return;
    scrubber.close();
    scrubbers.delete(parentElement);
  };
}
