// The chart of many runs as Plotly takes it: a line a run, branches, and the mean of each group.

// Okabe and Ito's palette, with the pale ones darkened or lightened for the page they are on.
const RUN_COLORS = {
  light: ["#0072b2", "#d55e00", "#007a5a", "#b0497f", "#8a6100", "#3a8ec2", "#6a51a3", "#5f5f5f"],
  dark: ["#56b4e9", "#e69f00", "#2fc79b", "#e39bc6", "#f0e442", "#ff8352", "#b3a2e8", "#c9c9c9"],
};
const DASHES = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "2px,7px"];
const METRICS = {
  train_loss: { title: "Training loss", format: ".4~g", isLogged: true },
  test_loss: { title: "Test loss", format: ".4~g", isLogged: true },
  train_accuracy: { title: "Training accuracy", format: ".1%", ticks: "~%" },
  test_accuracy: { title: "Test accuracy", format: ".1%", ticks: "~%" },
  learning_rate: { title: "Learning rate", format: ".3~g", isLogged: true, isExact: true },
  images_per_second: { title: "Images per second", format: ",.0f", ticks: "~s" },
};
const MOST_RAW_CURVES = 8; // with more, what swings behind the smoothed lines hides them
const GRID_POINTS = 200;

/** What tells a run from the others: no two of the first 56 look the same. */
function lookOf(slot, shade) {
  const colors = RUN_COLORS[shade];
  return { color: colors[slot % colors.length], dash: DASHES[Math.floor(slot / 8) % DASHES.length] };
}

/** The curve as it is drawn: smoothed as chosen, and begun on its parent's where it was forked. */
function drawnCurve(held, parent, { metric, smoothing }) {
  const isSmooth = smoothing > 0 && !METRICS[metric].isExact;
  const curve = isSmooth ? smoothed(held.means, smoothing) : { x: held.x, y: held.y };
  if (!held.branch || !curve.x.length) return curve;
  const [x, y] = held.branch;
  const onParent = parent && interpolated(drawnCurve(parent, null, { metric, smoothing }), x);
  return { x: [x, ...curve.x], y: [onParent ?? y, ...curve.y] };
}

/** y at x on the straight lines between points; undefined outside of them. */
function interpolated({ x: xs, y: ys }, x) {
  if (!(x >= xs[0] && x <= xs.at(-1))) return undefined;
  let [low, high] = [0, xs.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle] <= x) low = middle;
    else high = middle;
  }
  const width = xs[high] - xs[low];
  return width ? ys[low] + ((ys[high] - ys[low]) * (x - xs[low])) / width : ys[high];
}

/** Mean and standard deviation over the curves, where at least two of them are. */
function meanAndSpread(curves) {
  const start = Math.min(...curves.map(({ x }) => x[0]));
  const end = Math.max(...curves.map(({ x }) => x.at(-1)));
  const result = { x: [], mean: [], spread: [] };
  for (let at = 0; at <= GRID_POINTS; at += 1) {
    const x = start + ((end - start) * at) / GRID_POINTS;
    const values = curves.map((curve) => interpolated(curve, x)).filter((y) => y !== undefined);
    if (values.length < 2) continue;
    const mean = values.reduce((sum, y) => sum + y, 0) / values.length;
    const squares = values.reduce((sum, y) => sum + (y - mean) ** 2, 0);
    result.x.push(x);
    result.mean.push(mean);
    result.spread.push(Math.sqrt(squares / (values.length - 1)));
  }
  return result;
}

/** The traces, of those that are not hidden; `lit` is the one that the legend points at. */
function tracesOf({ ids, held, slots, groups, choices, hidden, lit, theme }) {
  const { format, isExact } = METRICS[choices.metric];
  const shown = ids.filter((id) => held.has(id) && !hidden.has(id));
  const drawn = new Map(
    shown.map((id) => [id, drawnCurve(held.get(id), held.get(held.get(id).parent), choices)]),
  );
  const bands = choices.shows_groups ? groups.map((group) => group.filter((id) => shown.includes(id)
    && drawn.get(id).x.length > 1)).filter((group) => group.length > 1) : [];
  const grouped = new Set(bands.flat());
  const traces = [];
  for (const id of shown) {
    const run = held.get(id);
    const look = lookOf(slots.get(id), theme.shade);
    const isFaint = grouped.has(id) || (lit && lit !== id);
    if (choices.smoothing > 0 && !isExact && shown.length <= MOST_RAW_CURVES && !grouped.has(id)) {
      traces.push({ ...lineOf(run, { ...look, dash: "solid" }, 1), opacity: 0.2, hoverinfo: "skip" });
    }
    traces.push({
      ...lineOf(drawn.get(id), look, lit === id ? 3 : 1.75, isExact && "vh"),
      opacity: isFaint ? 0.3 : 1,
      meta: id,
      hovertemplate: `%{y:${format}} · ${plain(run.name)}<extra></extra>`,
    });
    if (run.branch && drawn.get(id).x.length) traces.push(branchMark(drawn.get(id), look));
  }
  for (const group of bands) traces.push(...bandOf(group, { held, slots, drawn, theme, format }));
  return traces;
}

function lineOf({ x, y }, { color, dash }, width, shape = "linear") {
  const mode = x.length === 1 ? "markers" : "lines"; // one point makes no line
  const line = { color, width, dash, shape: shape || "linear" };
  return { type: "scatter", mode, x, y, line, marker: { size: 6, color }, showlegend: false };
}

function branchMark({ x, y }, { color }) {
  const marker = { symbol: "circle-open", size: 9, color, line: { width: 2 } };
  return { type: "scatter", mode: "markers", x: [x[0]], y: [y[0]], marker, hoverinfo: "skip" };
}

function bandOf(group, { held, slots, drawn, theme, format }) {
  const { x, mean, spread } = meanAndSpread(group.map((id) => drawn.get(id)));
  const look = { ...lookOf(slots.get(group[0]), theme.shade), dash: "solid" };
  const edge = (sign) => ({
    ...lineOf({ x, y: mean.map((y, at) => y + sign * spread[at]) }, look, 0),
    hoverinfo: "skip",
  });
  const name = plain(`mean of ${group.length}: ${held.get(group[0]).name} …`);
  return [
    edge(-1),
    { ...edge(1), fill: "tonexty", fillcolor: `rgba(${channels(look.color)}, 0.18)` },
    {
      ...lineOf({ x, y: mean }, look, 3),
      text: spread.map((value) => `± ${Number(value.toPrecision(3))}`),
      hovertemplate: `%{y:${format}} %{text} · ${name}<extra></extra>`,
    },
  ];
}

function layoutOf({ choices, viewCount, theme, width, height, view }) {
  const { title: axisTitle, ticks: axisTicks } = AXES[choices.axis];
  const { title, ticks, isLogged } = METRICS[choices.metric];
  const isLog = choices.is_log && isLogged;
  const axis = { gridcolor: theme.grid, linecolor: theme.border, zeroline: false };
  return {
    width,
    height,
    margin: { l: 56, r: 12, t: 34, b: 44 },
    paper_bgcolor: theme.background,
    plot_bgcolor: theme.background,
    font: { family: theme.font, size: 12, color: theme.text },
    showlegend: false,
    hovermode: "closest",
    hoverlabel: {
      bgcolor: theme.surface,
      bordercolor: theme.border,
      font: { family: theme.font, size: 12, color: theme.text },
      namelength: -1,
    },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: theme.faint, activecolor: theme.text },
    // What a person set by hand is kept while these stay the same.
    uirevision: `${choices.metric} ${choices.axis}`,
    xaxis: {
      ...axis,
      title: { text: axisTitle, standoff: 8 },
      tickformat: axisTicks,
      showgrid: false,
      showline: true,
      uirevision: viewCount,
      ...(view ? { range: [...view] } : { autorange: true, rangemode: "tozero" }),
    },
    yaxis: {
      ...axis,
      title: { text: title, standoff: 4 },
      type: isLog ? "log" : "linear",
      tickformat: isLog ? "~g" : (ticks ?? ""),
      exponentformat: "power",
      uirevision: `${choices.metric} ${isLog}`,
    },
  };
}
