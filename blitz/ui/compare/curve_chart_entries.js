// What the chart of many runs shows: an entry a line, whether it is a run's or the mean of a group,
// with its name and its points. The legend and the figure are both made of these entries.

const METRICS = {
  train_loss: { title: "Training loss", format: ".4~g", isLogged: true, ordinary: [10, 10] },
  test_loss: {
    title: "Test loss",
    format: ".4~g",
    isLogged: true,
    ordinary: [10, 10],
    of: "loss",
    whyExact: "off: once an epoch",
  },
  train_accuracy: { title: "Training accuracy", format: ".1%", ticks: "~%" },
  test_accuracy: {
    title: "Test accuracy",
    format: ".1%",
    ticks: "~%",
    of: "accuracy",
    whyExact: "off: once an epoch",
  },
  learning_rate: {
    title: "Learning rate",
    format: ".3~g",
    isLogged: true,
    ordinary: [100, 0],
    whyExact: "off: exact",
    shape: "vh", // a row tells of the steps that end at it
  },
  images_per_second: { title: "Images per second", format: ",.0f", ticks: "~s" },
};
const GRID_POINTS = 200;

/**
 * The entries in order. With `shows_groups`, a group of which at least two have a curve is one
 * entry, and its members are none; the others are one each.
 */
function entriesOf({ ids, held, slots, groups, choices }) {
  const found = ids.filter((id) => held.has(id));
  const titles = titlesOf(found.map((id) => held.get(id)));
  const curves = drawnCurves(found, held, choices);
  const bands = new Map();
  for (const group of choices.shows_groups ? groups : []) {
    const members = group.filter((id) => curves.get(id)?.x.length > 1);
    if (members.length > 1) for (const id of members) bands.set(id, members);
  }
  return found.flatMap((id, place) => {
    const members = bands.get(id);
    if (!members) return runEntry(id, held.get(id), titles[place], curves.get(id), slots, choices);
    return members[0] === id ? groupEntry(members, held, curves, slots) : [];
  });
}

function runEntry(id, run, title, curve, slots, { metric }) {
  const isEvaluated = run.evaluated !== null;
  const level = isEvaluated && METRICS[metric].of ? run.evaluated[METRICS[metric].of] : null;
  const isKnown = level !== null || (!isEvaluated && curve.x.length > 0);
  return {
    key: id,
    slot: slots.get(id),
    name: title,
    note: isEvaluated ? evaluatedNote(run.evaluated) : isKnown ? "" : emptyNote(run),
    tooltip: title,
    run,
    level,
    curve: isKnown ? curve : { x: [], y: [] },
    isKnown,
  };
}

function groupEntry(members, held, curves, slots) {
  const names = members.map((id) => held.get(id).name);
  const band = meanAndSpread(members.map((id) => curves.get(id)));
  return {
    key: `mean ${members[0]}`,
    slot: slots.get(members[0]),
    name: `mean of ${members.length} seeds · ${commonName(names)}`,
    note: "± 1 standard deviation",
    tooltip: names.join("\n"),
    band,
    curve: { x: band.x, y: band.mean },
    isKnown: true,
  };
}

function evaluatedNote({ accuracy }) {
  return accuracy === null ? "evaluated once" : `evaluated once: ${(100 * accuracy).toFixed(1)}%`;
}

function emptyNote({ status }) {
  return ACTIVE.has(status) ? "no values yet" : "no values";
}

/** Names; where several runs have the same, with their numbers. */
function titlesOf(runs) {
  const counts = new Map();
  for (const { name } of runs) counts.set(name, (counts.get(name) ?? 0) + 1);
  return runs.map(({ name, number }) => (counts.get(name) > 1 ? `${name} · ${number}` : name));
}

/** The words with which all names begin, or else the first name. */
function commonName(names) {
  const [first, ...others] = names.map((name) => name.split(" "));
  let length = 0;
  while (length < first.length && others.every((words) => words[length] === first[length])) {
    length += 1;
  }
  const common = first.slice(0, length).join(" ");
  return common.replace(/([\s·,:#–-]|\bseed)+$/u, "") || names[0];
}

/** The curves as they are drawn, by id: begun on the parents' where forked, smoothed as chosen. */
function drawnCurves(ids, held, { metric, smoothing }) {
  const isSmooth = smoothing > 0 && !METRICS[metric].whyExact;
  const curves = new Map();
  const curveOf = (id) => {
    if (!curves.has(id)) {
      const run = held.get(id);
      const parent = isSmooth && run.branch && held.has(run.parent) ? curveOf(run.parent) : null;
      const begun = begunCurve(run, parent);
      curves.set(id, isSmooth ? smoothed(begun.means, smoothing) : begun);
    }
    return curves.get(id);
  };
  ids.forEach(curveOf);
  return curves;
}

/** A fork's curve with the point before it: where its parent is drawn, or else was measured. */
function begunCurve({ x, y, means, branch }, parent = null) {
  if (!branch || !x.length) return { x, y, means };
  const [x0, measured] = branch;
  const y0 = (parent && interpolated(parent, x0)) ?? measured;
  // The average goes on from there: this point stands for all rows before.
  const counts = [Infinity, ...means.counts];
  const begun = { x: [x0, ...means.x], y: [y0, ...means.y], counts };
  return { x: [x0, ...x], y: [y0, ...y], means: begun };
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

/** Mean, smallest value and standard deviation over the curves, where at least two of them are. */
function meanAndSpread(curves) {
  const start = Math.min(...curves.map(({ x }) => x[0]));
  const end = Math.max(...curves.map(({ x }) => x.at(-1)));
  const result = { x: [], mean: [], smallest: [], spread: [] };
  for (let at = 0; at <= GRID_POINTS; at += 1) {
    const x = start + ((end - start) * at) / GRID_POINTS;
    const values = curves.map((curve) => interpolated(curve, x)).filter((y) => y !== undefined);
    if (values.length < 2) continue;
    const mean = values.reduce((sum, y) => sum + y, 0) / values.length;
    const squares = values.reduce((sum, y) => sum + (y - mean) ** 2, 0);
    result.x.push(x);
    result.mean.push(mean);
    result.smallest.push(Math.min(...values));
    result.spread.push(Math.sqrt(squares / (values.length - 1)));
  }
  return result;
}

/**
 * What lies so far above the other curves that they would be one flat line: null for nothing.
 *
 * Ordinary is what is at most `factor` times as high as the median of half of the runs or more, or
 * not above `always`: what a loss is at most before anything is learned, by a wide margin.
 */
function farAbove(entries, { metric, is_log: isLog }) {
  const { ordinary } = METRICS[metric];
  const known = entries.filter(({ curve }) => curve.y.length);
  if (!ordinary || isLog || !known.length) return null;
  const [factor, always] = ordinary;
  const medians = known.map(({ curve }) => lowerMedian(curve.y));
  const limit = Math.max(always, factor * lowerMedian(medians));
  const peaks = known.map(({ curve }) => curve.y.reduce((most, y) => Math.max(most, y)));
  const above = known.filter((_, place) => peaks[place] > limit);
  if (!above.length) return null;
  const kept = known.flatMap(({ curve }) => curve.y.filter((y) => y <= limit));
  return {
    top: kept.length ? kept.reduce((most, y) => Math.max(most, y)) : limit,
    names: above.map(({ name }) => name),
    highest: peaks.reduce((most, y) => Math.max(most, y)),
  };
}

function lowerMedian(values) {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
}

/** What has to be said beside the picture; above: what `farAbove` found. */
function remarkOn(entries, above) {
  if (!entries.some(({ isKnown }) => isKnown)) return "There are no values to show.";
  if (!above) return "";
  const who = above.names.length === 1 ? above.names[0] : `${above.names.length} lines`;
  const highest = above.highest.toPrecision(2).replace("e+", "e");
  return `Above the picture: ${who}, up to ${highest}. A log scale shows all.`;
}
