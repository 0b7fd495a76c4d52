// The table of all runs: keeps itself up to date by asking the server, without script runs.
//
// What a poll answers is described in table_feed.py. What the page wants to be selected and shown
// comes through run_table_control.js; both meet in window.blitzRunTables. How it looks is the
// business of run_table_drawing.js, and what a person does in it that of run_table_actions.js.

const POLL_MS = 1_000;

class RunTable {
  constructor(parent, meeting) {
    this.meeting = meeting;
    this.renders = 0;
    this.events = new TableEvents();
    this.edits = new Edits();
    this.told = new Map(); // the runs as the server told them
    this.runs = this.told; // and as they are shown
    this.shown = [];
    this.selected = new Set();
    this.deletions = [];
    this.state = { sort: "started", descending: true, filter: "" };
    this.token = "";
    this.drawing = new TableDrawing(parent, this);
    this.actions = new TableActions(this, this.drawing);
    this.poller = new Poller((signal) => this.ask(signal), (notice) => this.drawing.tell(notice));
  }

  // What Streamlit gives

  render({ data, setStateValue }) {
    this.events.send = (value) => setStateValue("events", value);
    this.api = data.api;
    this.drawing.root.setAttribute("aria-label", data.label);
    this.onControl();
    this.poller.wake();
  }

  onControl() {
    const { control } = this.meeting;
    if (!control) return;
    this.edits.onAnswer(this.events.onAnswer(control));
    // What the page has is older than what was done meanwhile.
    if (this.events.pending.length) return;
    this.selected = new Set(control.selected);
    this.deletions = control.deletions;
    this.state = { ...control.state };
    this.drawing.showFilter(this.state.filter);
    this.arrange();
  }

  close() {
    this.poller.close();
    this.drawing.close();
  }

  // What the server tells

  async ask(signal) {
    const askedAt = performance.now();
    const answer = await fetchJson(`${this.api}/runs`, { after: this.token }, signal);
    this.token = answer.token;
    const runs = answer.rows.map((row) => runFromRow(answer.columns, row));
    if (answer.is_whole) this.told = new Map();
    for (const run of runs) this.told.set(run.id, run);
    const isSettled = this.edits.settle(askedAt);
    if (answer.is_whole || runs.length || isSettled || !this.isLoaded) {
      this.isLoaded = true;
      this.arrange();
    }
    return POLL_MS;
  }

  // What is shown

  /** Filter and sort anew. */
  arrange() {
    this.runs = this.edits.over(this.told);
    // While a name is written no row changes its place.
    this.shown = this.drawing.isWriting
      ? this.shown.map(({ id }) => this.runs.get(id)).filter(Boolean)
      : shownRuns([...this.runs.values()], this.state);
    this.drawing.draw();
  }

  selectedRuns() {
    return [...this.selected].map((id) => this.runs.get(id)).filter(Boolean);
  }

  /** The deletions that can be undone, the last one last: of each a run is gone. */
  undoable() {
    return this.deletions.filter(({ ids }) => ids.some((id) => !this.told.has(id)));
  }
}

const runTables = new WeakMap();

function runTableMeeting(name) {
  window.blitzRunTables ??= new Map();
  if (!window.blitzRunTables.has(name)) window.blitzRunTables.set(name, {});
  return window.blitzRunTables.get(name);
}

export default function (component) {
  const { parentElement, data } = component;
  let table = runTables.get(parentElement);
  if (!table) {
    table = new RunTable(parentElement, runTableMeeting(data.view));
    runTables.set(parentElement, table);
  }
  table.meeting.table = table;
  table.render(component);
  table.renders += 1;
  const mine = table.renders;
  return () => {
    // Streamlit may drop an earlier call after a later one: only the last call's end is the end.
    if (table.renders !== mine) return;
    table.close();
    runTables.delete(parentElement);
    if (table.meeting.table === table) table.meeting.table = null;
  };
}
