// The colours of a theme, as the styles of the root element have them.

// Viridis, a scale that is even to the eye and told apart with every kind of colour vision.
const VIRIDIS = [
  [68, 1, 84], [72, 40, 120], [62, 74, 137], [49, 104, 142], [38, 130, 142],
  [31, 158, 137], [53, 183, 121], [109, 205, 89], [180, 222, 44], [253, 231, 37],
];
// The part of it that stands out from the background, from small to large.
const NORM_RANGE = { light: [0.8, 0], dark: [0.28, 1] };
const NORM_SHADES = 32;

const SHADES = {
  light: {
    parameter: "#2b74b8", parameterText: "#ffffff", input: "#0f7b72", inputFill: "#eef8f6",
    error: "#c62828", errorFill: "#fdeceb", match: "#d99a00", zero: "#9a9ea4",
  },
  dark: {
    parameter: "#2f76b5", parameterText: "#ffffff", input: "#4fc3b3", inputFill: "#16282a",
    error: "#ff6b60", errorFill: "#3a1d1e", match: "#f2c14e", zero: "#7b828c",
  },
};

function readTheme(root) {
  const style = getComputedStyle(root);
  const value = (name) => style.getPropertyValue(name).trim();
  const background = channels(value("--graph-background"));
  const text = channels(value("--graph-text"));
  const [red, green, blue] = background;
  const shade = 0.299 * red + 0.587 * green + 0.114 * blue < 128 ? "dark" : "light";
  const between = (share) => mixed(background, text, share);
  const primary = channels(value("--graph-primary"));
  const own = Object.entries(SHADES[shade]).map(([name, color]) => [name, css(channels(color))]);
  return {
    ...Object.fromEntries(own),
    shade,
    background: css(background),
    text: css(text),
    faint: between(0.62),
    surface: css(channels(value("--graph-surface"))),
    operation: between(shade === "light" ? 0.035 : 0.08),
    border: between(shade === "light" ? 0.34 : 0.4),
    group: between(shade === "light" ? 0.09 : 0.16),
    groupBorder: between(0.55),
    edge: between(shade === "light" ? 0.32 : 0.42),
    edgeStrong: between(0.75),
    frame: between(shade === "light" ? 0.025 : 0.05),
    frameBorder: between(0.2),
    primary: css(primary),
    done: mixed(background, primary, 0.14),
    font: value("--graph-font"),
    norms: normColors(shade),
  };
}

/** Red, green and blue of any CSS colour, as the browser paints it. */
function channels(color) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const context = canvas.getContext("2d");
  context.fillStyle = color;
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
}

function mixed(from, to, share) {
  return css(from.map((value, i) => Math.round(value + (to[i] - value) * share)));
}

function css([red, green, blue]) {
  return `rgb(${red}, ${green}, ${blue})`;
}

/** Shades from the smallest norm to the largest. */
function normColors(shade) {
  const [first, last] = NORM_RANGE[shade];
  return Array.from({ length: NORM_SHADES }, (_, i) => {
    const place = (first + ((last - first) * i) / (NORM_SHADES - 1)) * (VIRIDIS.length - 1);
    const below = Math.min(VIRIDIS.length - 2, Math.floor(place));
    return mixed(VIRIDIS[below], VIRIDIS[below + 1], place - below);
  });
}
