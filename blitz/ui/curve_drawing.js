// Joined with the script of each component that draws curves over the course of training: thinned
// curves as the server sends them (see curves.py), their smoothing, and how charts look.

const AXES = {
  step: { title: "step", ticks: "~s", format: ",.0f", shortest: 10 },
  epoch: { title: "epoch", ticks: "", format: ".2f", shortest: 0.1 },
  seconds: { title: "seconds of training", ticks: "", format: ",.1f", shortest: 1 },
  images: { title: "images seen", ticks: "~s", format: ",.0f", shortest: 10 },
};

/** A curve with its bin means; where no row was left out, each row is a bin of its own. */
function withMeans({ x, y, means }) {
  return { x, y, means: means ?? { x: [...x], y: [...y], counts: x.map(() => 1) } };
}

function append(held, added) {
  held.x.push(...added.x);
  held.y.push(...added.y);
  for (const column of ["x", "y", "counts"]) held.means[column].push(...added.means[column]);
}

/** The columns with the part between `from` and `to` of their x replaced by the detail's. */
function splice(columns, detail, from, to) {
  const before = columns.x.findIndex((x) => x >= from);
  const start = before < 0 ? columns.x.length : before;
  const after = columns.x.findIndex((x) => x > to);
  const end = after < 0 ? columns.x.length : after;
  // The detail may have rows that the next poll will bring: they are left to it.
  const limit = columns.x.at(-1) ?? -Infinity;
  const shown = detail.x.filter((x) => x <= limit).length;
  const result = {};
  for (const name of Object.keys(columns)) {
    if (!Array.isArray(columns[name])) continue;
    const middle = detail[name].slice(0, shown);
    result[name] = [...columns[name].slice(0, start), ...middle, ...columns[name].slice(end)];
  }
  return result;
}

/**
 * Exponential moving average of the rows, corrected for its start as TensorBoard does.
 * A bin of n rows counts as n rows of its mean, so thinning hardly changes the average.
 */
function smoothed({ x, y, counts }, weight) {
  let sum = 0;
  let mass = 0;
  const average = y.map((value, i) => {
    const kept = weight ** counts[i];
    sum = sum * kept + value * (1 - kept);
    mass = mass * kept + (1 - kept);
    return sum / mass;
  });
  return { x, y: average };
}

/** The page's colours: `shade` is light or dark. */
function readTheme(element) {
  const style = getComputedStyle(element);
  const value = (name) => style.getPropertyValue(name).trim();
  const [red, green, blue] = channels(value("--st-background-color"));
  return {
    shade: 0.299 * red + 0.587 * green + 0.114 * blue < 128 ? "dark" : "light",
    text: value("--st-text-color"),
    faint: `rgba(${channels(value("--st-text-color"))}, 0.45)`,
    grid: `rgba(${channels(value("--st-text-color"))}, 0.1)`,
    background: value("--st-background-color"),
    border: value("--st-border-color"),
    surface: value("--st-secondary-background-color"),
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

/** Ticks at 1, 2 and 5 where a logarithmic axis has room for a few of them. */
function logTicks(values) {
  const ratio = Math.max(...values) / Math.min(...values);
  return ratio > 4 && ratio < 1e4 ? "D2" : null;
}

/** Text that Plotly, which reads a few HTML tags, shows as it is. */
function plain(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function plotConfig() {
  return {
    displaylogo: false,
    doubleClick: "autosize",
    // A list of ours leaves out the button that would upload the chart.
    modeBarButtons: [["zoom2d", "pan2d", "autoScale2d", "toImage"]],
  };
}
