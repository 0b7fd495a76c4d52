// Colours of values: from blue over neutral to orange, told apart with every kind of colour vision,
// and patterns with signs for what is not finite.

const RAMPS = {
  light: ["#0b4a8f", "#3f86c6", "#a9cdea", "#f3f1ed", "#f9c58f", "#e5812b", "#a1470a"],
  dark: ["#8fc0ff", "#4f8fe0", "#2c5489", "#2a3039", "#7d4a1d", "#d07a2b", "#ffb36b"],
};
const SPECIAL = {
  light: {
    nan: { fill: "#e7d8f2", line: "#7b3fa0", ink: "#45195f" },
    up: { fill: "#1d2127", line: "#f08a3c", ink: "#ffffff" },
    down: { fill: "#1d2127", line: "#4f9be8", ink: "#ffffff" },
  },
  dark: {
    nan: { fill: "#47275c", line: "#b884d8", ink: "#f3e6ff" },
    up: { fill: "#eef0f3", line: "#d9650b", ink: "#000000" },
    down: { fill: "#eef0f3", line: "#2a72cf", ink: "#000000" },
  },
};
const SIGNS = { nan: "×", up: "+", down: "−" };
const HALF = 48; // shades on either side of the neutral one
const PATTERN = 6; // pixels

class Palette {
  constructor(element) {
    const style = getComputedStyle(element);
    const value = (name) => style.getPropertyValue(name).trim();
    this.background = value("--st-background-color");
    this.text = value("--st-text-color");
    this.font = style.fontFamily;
    const shade = luminance(channels(this.background)) < 0.2 ? "dark" : "light";
    this.shade = shade;
    const [back, front] = [channels(this.background), channels(this.text)];
    this.faint = `rgb(${between([back, front], 0.68)})`;
    this.mark = `rgb(${between([back, front], 0.16)})`; // a place that is looked at
    this.rest = `rgb(${between([back, front], 0.3)})`;
    const stops = RAMPS[shade].map(ofHex);
    const colors = Array.from({ length: 2 * HALF + 1 }, (_, i) => between(stops, i / (2 * HALF)));
    this.fills = colors.map((color) => `rgb(${color})`);
    this.inks = colors.map((color) => (luminance(color) > 0.179 ? "#000000" : "#ffffff"));
    this.special = Object.fromEntries(
      Object.entries(SPECIAL[shade]).map(([name, colors]) => [
        name,
        { ...colors, halo: colors.fill, fill: hatched(name, colors) },
      ]),
    );
    this.signature = [shade, this.background, this.text, this.font].join();
  }

  /** How a number is painted, where colours run between the two ends of a scale. */
  paint(x, kind, scale) {
    if (Number.isNaN(x)) return { ...this.special.nan, sign: SIGNS.nan };
    if (x === Infinity) return { ...this.special.up, sign: SIGNS.up };
    if (x === -Infinity) return { ...this.special.down, sign: SIGNS.down };
    const share = kind === "bool" ? -0.72 * x : shareOf(x, ...(scale ?? [0, 0]));
    const shade = Math.round((Math.max(-1, Math.min(1, share)) + 1) * HALF);
    return { fill: this.fills[shade], ink: this.inks[shade] };
  }

  /** The colours of a scale between two numbers, as a CSS gradient. */
  gradient(scale, [least, most]) {
    const colors = Array.from({ length: 13 }, (_, i) => {
      const x = least * (1 - i / 12) + most * (i / 12);
      return this.paint(x, "float", scale).fill;
    });
    return `linear-gradient(to right, ${colors.join(", ")})`;
  }
}

/** From −1, deepest blue, over 0 to 1, deepest orange; 0 is neutral where signs differ. */
function shareOf(x, least, most) {
  if (least < 0 && most > 0) return x / Math.max(-least, most);
  if (least === most) return 0.5 * Math.sign(x);
  const part = (x / 2 - least / 2) / (most / 2 - least / 2); // no overflow at the largest numbers
  return least >= 0 ? part : part - 1;
}

/** A pattern of its own for each: crossed lines, rising ones, falling ones. */
function hatched(name, { fill, line }) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = PATTERN;
  const pen = canvas.getContext("2d");
  pen.fillStyle = fill;
  pen.fillRect(0, 0, PATTERN, PATTERN);
  pen.strokeStyle = line;
  pen.lineWidth = 1;
  pen.beginPath();
  for (const at of [-PATTERN, 0, PATTERN]) {
    const lines = { up: [[PATTERN, 0]], down: [[0, PATTERN]], nan: [[PATTERN, 0], [0, PATTERN]] };
    for (const [from, to] of lines[name]) {
      pen.moveTo(at, from);
      pen.lineTo(at + PATTERN, to);
    }
  }
  pen.stroke();
  return pen.createPattern(canvas, "repeat");
}

function between(stops, share) {
  const at = Math.min(Math.floor(share * (stops.length - 1)), stops.length - 2);
  const part = share * (stops.length - 1) - at;
  return stops[at].map((value, i) => Math.round(value + (stops[at + 1][i] - value) * part));
}

function ofHex(color) {
  return [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
}

/** Red, green and blue of any CSS colour, as the browser paints it. */
function channels(color) {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  canvas.fillStyle = color;
  canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
}

/** Relative luminance, 0 to 1 (WCAG). */
function luminance(color) {
  const [red, green, blue] = color.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
