// What the table of runs shows: its columns, their order, and which runs pass the filter.

const ACTIVE = new Set(["starting", "queued", "preparing", "running", "paused"]);
const RESUMABLE = new Set(["stopped", "failed", "diverged", "lost"]);
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

const progressOf = (run) => (run.total_steps ? Math.min(1, run.step / run.total_steps) : 0);
const modelOf = (run) => (run.width > 1 ? `${run.model} ×${run.width}` : run.model);
const shortName = (path) => path.replace(/\/+$/, "").split("/").at(-1);

/** width: in pixels; value: what is sorted by; text: what is shown, else `draw` in run_table.js. */
const TABLE_COLUMNS = [
  { name: "status", title: "State", width: 112, value: (run) => run.status },
  { name: "progress", title: "Progress", width: 96, value: progressOf, isNumber: true },
  { name: "name", title: "Name", width: 280, value: (run) => run.name },
  { name: "dataset", title: "Data set", width: 116, text: (run) => shortName(run.dataset) },
  { name: "model", title: "Model", width: 96, text: modelOf },
  { name: "optimizer", title: "Optimiser", width: 96, text: (run) => run.optimizer },
  { name: "lr", title: "Learning rate", format: (value) => String(Number(value.toPrecision(4))) },
  { name: "best_accuracy", title: "Best accuracy", format: percentText },
  { name: "accuracy", title: "Last accuracy", format: percentText },
  { name: "loss", title: "Loss", width: 84, format: lossText },
  { name: "seconds", title: "Time", width: 104, format: durationText },
  { name: "images_per_second", title: "Images/s", width: 88, format: wholeNumber.format },
  { name: "started", title: "Started", format: (value) => dayAndTime.format(1e3 * value) },
].map(completeColumn);
const COLUMN_BY_NAME = new Map(TABLE_COLUMNS.map((column) => [column.name, column]));

function completeColumn({ format, ...column }) {
  const isNumber = Boolean(format ?? column.isNumber);
  const text = format && ((run) => (run[column.name] === null ? "–" : format(run[column.name])));
  const value = column.text ?? ((run) => run[column.name]);
  return { width: 120, value, text, ...column, isNumber };
}

/** A run from a row of the answer, with the text that the filter looks through. */
function runFromRow(names, row) {
  const run = Object.fromEntries(names.map((name, at) => [name, row[at]]));
  const words = [run.number, run.name, run.note, ...run.tags, run.status, run.message, run.dataset,
    modelOf(run), run.optimizer, run.lr, run.sweep];
  run.searched = words.filter((word) => word !== null).join("\n").toLowerCase();
  return run;
}

/** The runs in which every word of the filter occurs, pinned ones first, in the chosen order. */
function shownRuns(runs, { sort, descending, filter }) {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
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
  return runs.filter(({ searched }) => words.every((word) => searched.includes(word))).sort(order);
}
