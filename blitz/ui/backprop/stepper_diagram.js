// The network as a diagram. Draws the figure that figures.py describes in the colours of the page,
// and lights the way of a step by changing a few of its traces.

const POINTER_DISTANCE = 14; // pixels
const TOOLTIP_GAP = 14;
const LABEL_ROOM = 40; // pixels of width for each weight; where there is less, lit ones alone are labelled
const WIDE = 720;
const WIDE_TEXT = 1.15; // as large as in a narrow diagram, times this

// Of lines by sign, and of ways forward and back: told apart with every kind of colour vision.
const SHADES = {
  light: {
    positive: "#1f8a7d",
    negative: "#a8548f",
    forward: "#c2410c",
    backward: "#1d5fd0",
    tint: 0.16,
  },
  dark: {
    positive: "#4fc3b3",
    negative: "#dd8fc6",
    forward: "#ff8a4c",
    backward: "#74a9ff",
    tint: 0.26,
  },
};

function readTheme(element) {
  const style = getComputedStyle(element);
  const value = (name) => style.getPropertyValue(name).trim();
  const background = channels(value("--st-background-color"));
  const text = channels(value("--st-text-color"));
  const [red, green, blue] = background;
  const shade = 0.299 * red + 0.587 * green + 0.114 * blue < 128 ? "dark" : "light";
  return {
    ...SHADES[shade],
    shade,
    background,
    text: value("--st-text-color"),
    faint: mixed(background, text, 0.66),
    outline: mixed(background, text, shade === "light" ? 0.38 : 0.42),
    link: mixed(background, text, 0.25),
    surface: mixed(background, text, shade === "light" ? 0.045 : 0.1),
    font: value("--st-font"),
  };
}

/** Red, green and blue of any CSS colour, as the browser paints it. */
function channels(color) {
  const canvas = document.createElement("canvas").getContext("2d");
  canvas.fillStyle = color;
  canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
}

function mixed(from, to, share) {
  return `rgb(${from.map((value, i) => Math.round(value + (to[i] - value) * share))})`;
}

class Diagram {
  /** onClick: is told the name of the part of the network that was clicked. */
  constructor(parent, onClick) {
    this.root = parent.closest(".blitz-stepper");
    this.parent = parent;
    this.onClick = onClick;
    this.plot = parent.querySelector("[data-part=plot]");
    this.tooltip = parent.querySelector("[data-part=tooltip]");
    this.resizing = new ResizeObserver(() => this.resize());
    this.resizing.observe(parent);
  }

  destroy() {
    this.isDestroyed = true;
    this.resizing.disconnect();
    if (this.width) window.Plotly.purge(this.plot);
  }

  /** Take the colours of the page; the list and the player have them before anything is drawn. */
  takeColors() {
    this.theme = readTheme(this.parent);
    for (const name of ["positive", "negative", "forward", "backward"]) {
      this.root.style.setProperty(`--blitz-${name}`, this.theme[name]);
    }
  }

  /** Draw a calculation, or the same one in other colours. */
  draw(model, place) {
    const colors = JSON.stringify(this.theme);
    const isSame = model === this.model && colors === this.drawnColors;
    this.place = place;
    if (isSame && this.width) return; // a script run alone changes nothing of it
    if (model !== this.model) this.hovered = null;
    this.model = model;
    this.drawnColors = colors;
    this.plot.setAttribute("aria-label", model.title);
    this.drawNow();
  }

  drawNow() {
    const width = this.parent.clientWidth;
    if (this.isDestroyed || !window.Plotly || !this.model || !width) return;
    const isFirst = !this.width;
    this.width = width;
    const { data, layout } = this.model.figure;
    this.traces = Object.fromEntries(data.map((trace, at) => [trace.name, at]));
    window.Plotly.react(
      this.plot,
      data.map((trace) => this.painted(trace)),
      {
        ...layout,
        template: undefined,
        width,
        hoverdistance: POINTER_DISTANCE,
        font: { family: this.theme.font, color: this.theme.text },
      },
      { displayModeBar: false, doubleClick: false, showTips: false },
    );
    if (isFirst) this.connect();
    this.show(this.place);
  }

  resize() {
    if (this.parent.clientWidth !== this.width) this.drawNow();
  }

  /** A trace in the colours of the theme. */
  painted(trace) {
    const { theme } = this;
    const { name } = trace;
    if (name === "positive" || name === "negative" || name === "links") {
      const [color, opacity] = name === "links" ? [theme.link, 1] : [theme[name], this.faintness()];
      return { ...trace, opacity, line: { ...trace.line, color } };
    }
    if (!trace.textfont) return { ...trace };
    if (this.width < WIDE) return { ...trace, textfont: { ...trace.textfont } };
    const { size } = trace.textfont;
    const larger = Array.isArray(size) ? size.map((each) => WIDE_TEXT * each) : WIDE_TEXT * size;
    return { ...trace, textfont: { ...trace.textfont, size: larger } };
  }

  /** How pale lines are that no step uses: many of them make a thicket. */
  faintness() {
    return Math.min(0.5, Math.max(0.25, 2.5 / Math.sqrt(this.model.lines.length)));
  }

  /** Light the way of a step, and write what is known by then. */
  show(place) {
    this.place = place;
    if (!this.width || !this.model) return;
    const { model, theme, traces } = this;
    const used = new Set(model.steps.uses[place]);
    const color = model.isForward(place) ? theme.forward : theme.backward;
    const weights = this.namesOf("weights");
    const known = model.known(place, weights.length * LABEL_ROOM <= this.width);
    const isLit = (name) => used.has(model.numbers.get(name));
    const changes = new Changes();
    const lit = model.lines.filter(([a, b]) => used.has(a) && used.has(b));
    changes.set(traces.lit, { ...coordinates(lit), "line.color": color });
    const about = model.steps.about[place];
    const subject = lit.filter(([a, b]) => a === about && b === about);
    changes.set(traces.subject, { ...coordinates(subject), "line.color": color });
    this.showParts(changes, "units", used, about, color);
    this.showParts(changes, "biases", used, about, color);
    changes.set(traces.values, {
      text: this.namesOf("values").map((name) => known(name, isLit(name))),
      "textfont.color": this.lights("values", used, color, theme.faint),
    });
    if (model.has_labels) {
      changes.set(traces.weights, {
        text: weights.map((name) => known(name, isLit(name))),
        "textfont.color": this.lights("weights", used, color, theme.faint),
      });
    }
    changes.apply(this.plot);
    this.plot.dataset.lit = [...used].map((part) => model.names[part]).join(" ");
    this.plot.dataset.way = model.isForward(place) ? "forward" : "backward";
    this.showTooltip();
  }

  /** Fill and outline of units or biases. */
  showParts(changes, name, used, about, color) {
    const { theme, model } = this;
    const isSubject = (part) => model.numbers.get(part) === about;
    const tinted = mixed(theme.background, channels(color), theme.tint);
    const parts = this.namesOf(name);
    const isLit = (part) => used.has(model.numbers.get(part));
    changes.set(this.traces[name], {
      "marker.color": parts.map((part) => (isLit(part) ? tinted : theme.surface)),
      "marker.line.color": parts.map((part) => (isLit(part) ? color : theme.outline)),
      "marker.line.width": parts.map((part) => (isSubject(part) ? 3.5 : isLit(part) ? 2 : 1.2)),
    });
  }

  lights(name, used, color, otherwise) {
    return this.namesOf(name).map((part) =>
      used.has(this.model.numbers.get(part)) ? color : otherwise,
    );
  }

  /** The names of the parts of a trace, in its order. */
  namesOf(name) {
    return this.model.figure.data[this.traces[name]].customdata;
  }

  // The pointer

  connect() {
    this.plot.on("plotly_click", ({ points }) => this.onClick(points[0].customdata));
    this.plot.on("plotly_hover", ({ points, event }) => {
      this.hovered = points[0].customdata;
      this.pointer = this.pointerOf(event);
      this.showTooltip();
    });
    this.plot.on("plotly_unhover", () => {
      this.hovered = null;
      this.showTooltip();
    });
  }

  pointerOf(event) {
    const box = this.parent.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  showTooltip() {
    const { tooltip, hovered, model } = this;
    tooltip.hidden = !hovered;
    this.plot.classList.toggle("leads-on", Boolean(hovered));
    if (!hovered) return;
    tooltip.textContent = model.facts(hovered, this.place).join("\n");
    const [x, y] = this.pointer;
    const { offsetWidth: width, offsetHeight: height } = tooltip;
    const right = x + TOOLTIP_GAP;
    const fits = right + width <= this.parent.clientWidth;
    tooltip.style.left = `${Math.max(0, fits ? right : x - TOOLTIP_GAP - width)}px`;
    const top = Math.min(y + TOOLTIP_GAP, this.parent.clientHeight - height);
    tooltip.style.top = `${Math.max(0, top)}px`;
  }
}

/** Lines as Plotly wants them, each ended by a gap. */
function coordinates(lines) {
  return {
    x: lines.flatMap(([, , x0, , x1]) => [x0, x1, null]),
    y: lines.flatMap(([, , , y0, , y1]) => [y0, y1, null]),
  };
}

/** Changes of several traces, made in one go. */
class Changes {
  constructor() {
    this.traces = [];
    this.update = {};
  }

  set(trace, attributes) {
    if (!this.traces.includes(trace)) this.traces.push(trace);
    for (const [name, value] of Object.entries(attributes)) {
      this.update[name] ??= new Map();
      this.update[name].set(trace, value);
    }
  }

  apply(plot) {
    // What a trace has no value for stays as it is: Plotly leaves out undefined ones.
    const update = Object.entries(this.update).map(([name, values]) => [
      name,
      this.traces.map((trace) => values.get(trace)),
    ]);
    window.Plotly.restyle(plot, Object.fromEntries(update), this.traces);
  }
}
