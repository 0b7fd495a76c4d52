// The chart of many runs as Plotly takes it: a line an entry, branches, and a band about a mean.

// Okabe and Ito's palette, with the pale ones darkened or lightened for the page they are on.
const RUN_COLORS = {
  light: ["#0072b2", "#d55e00", "#007a5a", "#b0497f", "#8a6100", "#3a8ec2", "#6a51a3", "#5f5f5f"],
  dark: ["#56b4e9", "#e69f00", "#2fc79b", "#e39bc6", "#f0e442", "#ff8352", "#b3a2e8", "#c9c9c9"],
};
const DASHES = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "2px,7px"];
const LEVEL_DASH = "6px,4px";
const LEVEL_POINTS = 50;
const RAW_OPACITY = { light: 0.5, dark: 0.6 };
const MOST_RAW_CURVES = 8; // with more, what swings behind the smoothed lines hides them
const MOST_MARKERS = 40; // of one line, so that they do not run into each other

/** What tells a line from the others: no two of the first 56 look the same. */
function lookOf({ slot, level, band }, shade) {
  const colors = RUN_COLORS[shade];
  const dash = DASHES[Math.floor(slot / colors.length) % DASHES.length];
  const own = band ? "solid" : level != null ? LEVEL_DASH : dash;
  return { color: colors[slot % colors.length], dash: own };
}

/** The traces of these entries; `lit` is the key of the one that the legend points at. */
function tracesOf({ entries, choices, lit, theme }) {
  const { format, whyExact } = METRICS[choices.metric];
  const end = Math.max(1, ...entries.map(({ curve }) => curve.x.at(-1) ?? 0));
  const showsRaw = choices.smoothing > 0 && !whyExact && entries.length <= MOST_RAW_CURVES;
  return entries.filter(({ isKnown }) => isKnown).flatMap((entry) => {
    const look = lookOf(entry, theme.shade);
    const drawn = { lit: entry.key === lit, opacity: lit && lit !== entry.key ? 0.3 : 1, look };
    if (entry.level !== null && !entry.band) return levelLine(entry, end, format, drawn);
    if (entry.band) return bandOf(entry, choices, drawn);
    const raw = { ...lineOf(begunCurve(entry.run), { ...look, dash: "solid" }, 1),
      opacity: RAW_OPACITY[theme.shade] * drawn.opacity, hoverinfo: "skip" };
    return [...(showsRaw ? [raw] : []), ...runLines(entry, METRICS[choices.metric], drawn)];
  });
}

function runLines({ key, name, run, curve }, { format, shape, of }, { lit, opacity, look }) {
  const line = {
    ...lineOf(curve, look, lit ? 3 : 1.75, shape),
    opacity,
    meta: key,
    hovertemplate: `%{y:${format}} · ${plain(name)}<extra></extra>`,
  };
  // What is measured once an epoch is known at these points and nowhere between.
  if (of && curve.x.length <= MOST_MARKERS) Object.assign(line, { mode: "lines+markers" });
  const { color } = look;
  const marker = { symbol: "circle-open", size: 10, color, line: { width: 2 } };
  const mark = { type: "scatter", mode: "markers", x: [curve.x[0]], y: [curve.y[0]], marker };
  return run.branch ? [line, { ...mark, opacity, hoverinfo: "skip" }] : [line];
}

/** What was measured once, without training, as a level to compare with. */
function levelLine({ key, name, level }, end, format, { lit, opacity, look }) {
  const x = Array.from({ length: LEVEL_POINTS + 1 }, (_, at) => (end * at) / LEVEL_POINTS);
  return [
    {
      ...lineOf({ x, y: x.map(() => level) }, look, lit ? 3 : 1.75),
      opacity,
      meta: key,
      hovertemplate: `%{y:${format}} · ${plain(name)}, evaluated once<extra></extra>`,
    },
  ];
}

function lineOf({ x, y }, { color, dash }, width, shape = "linear") {
  const mode = x.length === 1 ? "markers" : "lines"; // one point makes no line
  const line = { color, width, dash, shape };
  return { type: "scatter", mode, x, y, line, marker: { size: 5, color }, showlegend: false };
}

function bandOf({ key, name, band }, { metric, is_log: isLog }, { lit, opacity, look }) {
  const { x, mean, smallest, spread } = band;
  const { format, ticks, isLogged } = METRICS[metric];
  const below = mean.map((y, at) => y - spread[at]);
  const positive = below.map((y, at) => (isLog && isLogged && y <= 0 ? smallest[at] : y));
  const edge = (y) => ({ ...lineOf({ x, y }, look, 0), hoverinfo: "skip" });
  const told = (value) =>
    ticks === "~%" ? `${(100 * value).toFixed(1)}%` : String(Number(value.toPrecision(3)));
  return [
    edge(positive),
    {
      ...edge(mean.map((y, at) => y + spread[at])),
      fill: "tonexty",
      fillcolor: `rgba(${channels(look.color)}, ${0.22 * opacity})`,
    },
    {
      ...lineOf({ x, y: mean }, look, lit ? 4 : 3),
      opacity,
      meta: key,
      text: spread.map((value) => `± ${told(value)}`),
      hovertemplate: `%{y:${format}} %{text} · ${plain(name)}<extra></extra>`,
    },
  ];
}

/** above: what `farAbove` found, which leaves the picture at its top. */
function layoutOf({ choices, viewCount, theme, width, height, view, above }) {
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
      autorange: true,
      autorangeoptions: above && { minallowed: 0, maxallowed: 1.05 * above.top },
      uirevision: `${choices.metric} ${isLog}`,
    },
  };
}
