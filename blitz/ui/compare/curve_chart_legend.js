// The legend of the chart of many runs: a button an entry, which hides and shows its line.

const SVG = "http://www.w3.org/2000/svg";
const SWATCH_DASHES = {
  solid: "none",
  dash: "6 4",
  dot: "2 3",
  dashdot: "6 3 2 3",
  longdash: "10 4",
  longdashdot: "10 3 2 3",
  "2px,7px": "2 6",
  "6px,4px": "6 4",
};
const SPLIT_LENGTH = 28; // signs from which a name may be too long for its place
const TAIL_LENGTH = 12; // signs at its end that are always shown

class ChartLegend {
  /** onToggle(key): an entry was clicked; onPoint(key): it is pointed at, null for none. */
  constructor(list, onToggle, onPoint) {
    Object.assign(this, { list, onToggle, onPoint });
  }

  /** Show the entries, unless they are shown already: a button keeps its focus. */
  draw(entries, hidden, shade) {
    const looks = entries.map((entry) => [entry.key, entry.name, entry.note, entry.tooltip,
      entry.isKnown, lookOf(entry, shade)]);
    const text = JSON.stringify(looks);
    if (text !== this.text) {
      this.text = text;
      this.list.replaceChildren(...entries.map((entry) => this.item(entry, shade)));
    }
    entries.forEach(({ key }, place) => {
      this.list.children[place].firstChild.setAttribute("aria-pressed", !hidden.has(key));
    });
  }

  item(entry, shade) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    Object.assign(button, { type: "button", title: entry.tooltip });
    button.classList.toggle("empty", !entry.isKnown);
    button.append(swatchOf(entry, shade), nameOf(entry.name));
    if (entry.note) {
      const note = document.createElement("small");
      note.textContent = entry.note;
      button.append(" ", note);
    }
    button.addEventListener("click", () => this.onToggle(entry.key));
    for (const [event, key] of [["pointerenter", entry.key], ["pointerleave", null],
      ["focus", entry.key], ["blur", null]]) {
      button.addEventListener(event, () => this.onPoint(key));
    }
    item.append(button);
    return item;
  }
}

function swatchOf(entry, shade) {
  const { color, dash } = lookOf(entry, shade);
  const swatch = document.createElementNS(SVG, "svg");
  swatch.setAttribute("viewBox", "0 0 28 10");
  swatch.setAttribute("aria-hidden", "true");
  if (entry.band) {
    const band = document.createElementNS(SVG, "rect");
    for (const [name, value] of Object.entries({ width: 28, height: 10, fill: color })) {
      band.setAttribute(name, value);
    }
    swatch.append(band);
  }
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", "M0 5H28");
  line.setAttribute("stroke", color);
  line.setAttribute("stroke-dasharray", SWATCH_DASHES[dash]);
  swatch.append(line);
  return swatch;
}

/** A name that, where it is too long, is cut in its middle: names often differ at their ends. */
function nameOf(name) {
  const signs = [...name];
  const end = signs.length > SPLIT_LENGTH ? signs.length - TAIL_LENGTH : signs.length;
  const whole = document.createElement("span");
  whole.className = "name";
  for (const part of [signs.slice(0, end), signs.slice(end)]) {
    const node = document.createElement("span");
    node.textContent = part.join("");
    whole.append(node);
  }
  return whole;
}
