// What the table of runs shows: its columns, their order, and which runs pass the filter.

const STATUS_SIGNS = {
  starting: "…",
  queued: "…",
  preparing: "…",
  running: "▶",
  paused: "‖",
  finished: "✓",
  stopped: "■",
  diverged: "↗",
  failed: "✕",
  lost: "?",
};

const wholeNumber = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const dayAndTime = new Intl.DateTimeFormat("en-GB", {
  day: "2-digit",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});
const inOrder = new Intl.Collator("en", { numeric: true });

const percentText = (value) => `${(100 * value).toFixed(1)}%`;
const lossText = (value) =>
  value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(2) : value.toPrecision(4);

function durationText(seconds) {
  const total = Math.round(seconds);
  const two = (number) => String(number).padStart(2, "0");
  if (total < 60) return `${total} s`;
  if (total < 3_600) return `${Math.floor(total / 60)} min ${two(total % 60)} s`;
  return `${Math.floor(total / 3_600)} h ${two(Math.floor((total % 3_600) / 60))} min`;
}

/** Whether a run is of weights that somebody gave: evaluated, not trained. */
const isEvaluated = (run) => run.status === "finished" && run.total_steps === 0;
const optimiserOf = (run) => (isEvaluated(run) ? "evaluated" : run.optimizer);
const shortNumber = (value) => String(Number(value.toPrecision(4)));
const progressOf = (run) => (run.total_steps ? Math.min(1, run.step / run.total_steps) : 0);
const modelOf = (run) => (run.width > 1 ? `${run.model} ×${run.width}` : run.model);

/**
 * width: in pixels; value: what is sorted by; format: for a number; text: what is shown, else see
 * run_table_row.js; ofTraining: nothing of weights that were only evaluated; isRising: sorted from
 * the lowest first.
 */
const TABLE_COLUMNS = [
  { name: "name", title: "Name", width: 250, value: (run) => run.name },
  { name: "status", title: "State", width: 104, value: (run) => run.status },
  { name: "best_accuracy", title: "Best accuracy", width: 116, format: percentText },
  { name: "accuracy", title: "Last accuracy", width: 116, format: percentText },
  { name: "loss", title: "Loss", width: 76, format: lossText, isRising: true },
  { name: "progress", title: "Progress", width: 84, value: progressOf, isNumber: true },
  { name: "dataset", title: "Data set", width: 116, text: (run) => run.dataset },
  { name: "model", title: "Model", width: 96, text: modelOf },
  { name: "optimizer", title: "Optimiser", width: 88, text: optimiserOf },
  { name: "lr", title: "Learning rate", width: 108, format: shortNumber, ofTraining: true },
  { name: "batch_size", title: "Batch", width: 68, format: String, ofTraining: true },
  { name: "seed", title: "Seed", width: 60, format: String, ofTraining: true },
  { name: "seconds", title: "Time", width: 100, format: durationText, ofTraining: true },
  { name: "images_per_second", title: "Images/s", width: 88, format: wholeNumber.format },
  { name: "started", title: "Started", format: (value) => dayAndTime.format(1e3 * value) },
].map(completeColumn);
const COLUMN_BY_NAME = new Map(TABLE_COLUMNS.map((column) => [column.name, column]));

function completeColumn({ format, ofTraining, ...column }) {
  const isNumber = Boolean(format ?? column.isNumber);
  const number = (run) => (ofTraining && isEvaluated(run) ? null : run[column.name]);
  const text = format && ((run) => (number(run) === null ? "–" : format(number(run))));
  const value = format ? number : (column.text ?? ((run) => run[column.name]));
  return { width: 120, value, text, ...column, isNumber };
}

/** A run from a row of the answer. */
function runFromRow(names, row) {
  return withSearchText(Object.fromEntries(names.map((name, at) => [name, row[at]])));
}

/** The run with the text that the filter looks through. */
function withSearchText(run) {
  const words = [run.number, run.name, run.note, ...run.tags, run.status, run.message, run.dataset,
    modelOf(run), optimiserOf(run), run.lr, run.sweep];
  run.searched = words.filter((word) => word !== null).join("\n").toLowerCase();
  return run;
}

const FILTER_NAMES = { state: "status", best: "best_accuracy", data: "dataset", batch: "batch_size",
  optimiser: "optimizer", time: "seconds", speed: "images_per_second" };

/** A test of runs for a word of the filter: "sgd", "state:running", "accuracy>0.9" or "lr<=0.01". */
function testOf(word) {
  const [, name, sign, given] = /^([a-z_]+)(:|[<>]=?)(.+)$/.exec(word) ?? [];
  const column = COLUMN_BY_NAME.get(FILTER_NAMES[name] ?? name);
  const limit = given?.endsWith("%") ? parseFloat(given) / 100 : Number(given);
  if (column && sign === ":") {
    const text = (run) => String(column.text?.(run) ?? column.value(run)).toLowerCase();
    return (run) => (column.isNumber ? text(run) === given : text(run).includes(given));
  }
  if (!column?.isNumber || Number.isNaN(limit)) return ({ searched }) => searched.includes(word);
  const holds = { "<": (a) => a < limit, "<=": (a) => a <= limit, ">": (a) => a > limit,
    ">=": (a) => a >= limit }[sign];
  return (run) => column.value(run) !== null && holds(column.value(run));
}

/** The runs that pass every word of the filter, pinned ones first, in the chosen order. */
function shownRuns(runs, { sort, descending, filter }) {
  const tests = filter.toLowerCase().split(/\s+/).filter(Boolean).map(testOf);
  const { value, isNumber } = COLUMN_BY_NAME.get(sort);
  const turn = descending ? -1 : 1;
  const order = (first, second) => {
    if (first.is_pinned !== second.is_pinned) return first.is_pinned ? -1 : 1;
    const [a, b] = [value(first), value(second)];
    if (a === null || b === null) {
      if (a !== b) return a === null ? 1 : -1; // what has no value comes last, whichever way
    } else {
      const difference = isNumber ? a - b : inOrder.compare(a, b);
      if (difference) return turn * difference;
    }
    return second.number - first.number;
  };
  return runs.filter((run) => tests.every((passes) => passes(run))).sort(order);
}
