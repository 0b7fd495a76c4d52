// The table of all runs: keeps itself up to date by asking the server, without script runs.
//
// What a poll answers is described in table_feed.py. What the page wants to be selected and shown
// comes through run_table_control.js; both meet in window.blitzRunTables. Of the rows only those
// in sight exist.

const POLL_MS = 1_000;
const ROW_HEIGHT = 34; // as in run_table.css
const SPARE_ROWS = 8; // above and below those in sight
const MAX_NAME = 200; // as in runs.py, like the next ones
const MAX_NOTE = 2_000;
const MAX_TAGS_TEXT = 20 * 41;

const TABLE_SKELETON = `
  <div class="bar">
    <input type="search" placeholder="Filter runs" aria-label="Filter runs">
    <span class="count" role="status"></span>
    <button type="button" class="bulk" aria-haspopup="menu" hidden></button>
    <span class="undo" hidden><span></span> <button type="button">Undo</button></span>
  </div>
  <div class="scroll">
    <table role="grid" aria-multiselectable="true">
      <colgroup></colgroup>
      <thead><tr aria-rowindex="1"></tr></thead>
      <tbody></tbody>
    </table>
    <p class="empty" hidden></p>
  </div>
  <p class="notice" role="alert" hidden></p>`;

class RunTable {
  constructor(parent, meeting) {
    this.meeting = meeting;
    this.renders = 0;
    this.events = new TableEvents();
    this.runs = new Map();
    this.rows = new Map();
    this.shown = [];
    this.selected = new Set();
    this.state = { sort: "started", descending: true, filter: "" };
    this.token = "";
    this.root = document.createElement("section");
    this.root.className = "blitz-runs";
    this.root.innerHTML = TABLE_SKELETON;
    parent.append(this.root);
    const find = (selector) => this.root.querySelector(selector);
    this.filter = find("input[type=search]");
    this.scroll = find(".scroll");
    this.table = find("table");
    this.body = find("tbody");
    this.bulk = find(".bulk");
    this.undo = find(".undo");
    [this.above, this.below] = [this.addGap(), this.addGap()];
    this.menu = new RunMenu(this.root);
    this.addHeading(find("thead tr"), find("colgroup"));
    this.listen();
    this.resizing = new ResizeObserver(() => this.draw());
    this.resizing.observe(this.scroll);
    this.poller = new Poller((signal) => this.ask(signal), (notice) => this.tell(notice));
  }

  addHeading(heading, widths) {
    this.all = document.createElement("input");
    this.all.type = "checkbox";
    this.all.setAttribute("aria-label", "Select all runs that are shown");
    const columns = [{ width: 36 }, ...TABLE_COLUMNS, { width: 36 }];
    for (const { name, title, width, isNumber } of columns) {
      const column = document.createElement("col");
      column.style.width = `${width}px`;
      widths.append(column);
      const cell = document.createElement("th");
      cell.scope = "col";
      heading.append(cell);
      if (!name) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = title;
      button.addEventListener("click", () => this.sortBy(name));
      cell.dataset.column = name;
      cell.classList.toggle("number", isNumber);
      cell.append(button);
    }
    heading.firstChild.append(this.all);
    this.table.style.width = `${columns.reduce((sum, { width }) => sum + width, 0)}px`;
  }

  addGap() {
    const row = document.createElement("tr");
    row.className = "gap";
    row.setAttribute("aria-hidden", "true");
    const cell = document.createElement("td");
    cell.colSpan = TABLE_COLUMNS.length + 2;
    row.append(cell);
    this.body.append(row);
    return cell;
  }

  listen() {
    this.filter.addEventListener("input", () => this.setState({ filter: this.filter.value }, SETTLE_MS));
    this.scroll.addEventListener("scroll", () => this.draw(), { passive: true });
    this.all.addEventListener("change", () => this.selectAll(this.all.checked));
    this.bulk.addEventListener("click", () => this.openMenu(this.bulk, this.selectedRuns()));
    this.undo.querySelector("button").addEventListener("click", () => this.restore());
    this.body.addEventListener("click", (event) => this.onClick(event));
    this.body.addEventListener("dblclick", (event) => {
      if (event.target.closest("td")?.dataset.column === "name") this.rename(this.runAt(event));
    });
    this.body.addEventListener("keydown", (event) => this.onKey(event));
    this.body.addEventListener("focusin", (event) => (this.current = this.runAt(event)?.id));
  }

  // What Streamlit gives

  render({ data, setStateValue }) {
    this.events.send = (value) => setStateValue("events", value);
    this.api = data.api;
    this.root.setAttribute("aria-label", data.label);
    this.onControl();
    this.poller.wake();
  }

  onControl() {
    const { control } = this.meeting;
    if (!control) return;
    this.events.onAnswer(control);
    // What the page has is older than what was done meanwhile.
    if (this.events.pending.length) return;
    this.selected = new Set(control.selected);
    this.state = { ...control.state };
    if (this.filter.value !== this.state.filter) this.filter.value = this.state.filter;
    this.arrange();
  }

  close() {
    this.poller.close();
    this.resizing.disconnect();
    cancelAnimationFrame(this.frame);
    this.root.remove();
  }

  // What the server tells

  async ask(signal) {
    const answer = await fetchJson(`${this.api}/runs`, { after: this.token }, signal);
    this.token = answer.token;
    const runs = answer.rows.map((row) => runFromRow(answer.columns, row));
    if (answer.is_whole) this.runs = new Map();
    for (const run of runs) this.runs.set(run.id, run);
    if (answer.is_whole || runs.length || !this.isLoaded) {
      this.isLoaded = true;
      this.arrange();
    }
    return POLL_MS;
  }

  tell(notice) {
    const node = this.root.querySelector(".notice");
    node.hidden = notice === null;
    if (node.textContent !== (notice ?? "")) node.textContent = notice ?? "";
  }

  // What a person does

  setState(change, delay = 0) {
    this.state = { ...this.state, ...change };
    this.events.tell("view", [], this.state, delay);
    this.scroll.scrollTop = 0;
    this.arrange();
  }

  sortBy(name) {
    const isSame = this.state.sort === name;
    const startsHigh = COLUMN_BY_NAME.get(name).isNumber;
    this.setState({ sort: name, descending: isSame ? !this.state.descending : startsHigh });
  }

  select(ids) {
    this.selected = ids;
    this.events.tell("select", [...ids]);
    this.draw();
  }

  selectAll(isOn) {
    const ids = new Set(this.selected);
    for (const { id } of this.shown) isOn ? ids.add(id) : ids.delete(id);
    this.select(ids);
  }

  /** Select a run or no longer; with a range, all between it and the one before likewise. */
  toggle(run, hasRange) {
    const isOn = !this.selected.has(run.id);
    const at = this.shown.indexOf(run);
    const from = hasRange ? this.shown.findIndex(({ id }) => id === this.toggled) : -1;
    const [low, high] = from < 0 ? [at, at] : [Math.min(from, at), Math.max(from, at)];
    const ids = new Set(this.selected);
    for (const { id } of this.shown.slice(low, high + 1)) isOn ? ids.add(id) : ids.delete(id);
    this.toggled = run.id;
    this.select(ids);
  }

  onClick(event) {
    const run = this.runAt(event);
    if (!run || event.target.closest(".rename")) return;
    if (event.target.closest(".more")) this.openMenu(event.target.closest(".more"), [run]);
    else if (event.target.closest("td")?.dataset.column === "check") {
      this.toggle(run, event.shiftKey);
    } else this.focus(this.shown.indexOf(run));
  }

  onKey(event) {
    const run = this.runAt(event);
    if (!run || event.altKey) return;
    const at = this.shown.indexOf(run);
    const page = Math.max(1, Math.floor(this.scroll.clientHeight / ROW_HEIGHT) - 2);
    const last = this.shown.length - 1;
    const moves = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page,
      Home: 0, End: last };
    const isCommand = event.ctrlKey || event.metaKey;
    if (event.key in moves) this.focus(Math.max(0, Math.min(last, moves[event.key])));
    else if (event.key === " ") this.toggle(run, event.shiftKey);
    else if (event.key === "a" && isCommand) this.selectAll(true);
    else if (event.key === "F2") this.rename(run);
    else if (event.key === "Enter") this.openMenu(this.rows.get(run.id).menuButton, [run]);
    else if (event.key === "Delete" && !ACTIVE.has(run.status)) this.delete([run]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  openMenu(button, runs) {
    const entries = runs.length === 1 ? this.entriesOf(runs[0]) : [];
    const ids = (allowed) => runs.filter(allowed).map(({ id }) => id);
    const tell = (kind, chosen, value = null) =>
      chosen.length ? () => this.events.tell(kind, chosen, value) : null;
    const isPinned = runs.every((run) => run.is_pinned);
    const deletable = runs.filter(({ status }) => !ACTIVE.has(status));
    this.menu.open(button, [
      ...entries,
      [isPinned ? "Unpin" : "Pin to the top", () => this.pin(runs, !isPinned)],
      ["Tags…", () => this.writeTags(runs)],
      ["Stop", tell("stop", ids(({ status }) => ACTIVE.has(status)))],
      ["Resume", tell("resume", ids(({ status }) => RESUMABLE.has(status)))],
      ["Delete", deletable.length ? () => this.delete(deletable) : null],
    ]);
  }

  entriesOf(run) {
    return [
      ["Rename", () => this.rename(run)],
      ["Note…", () => this.writeNote(run)],
    ];
  }

  rename(run) {
    this.rows.get(run.id)?.rename(
      MAX_NAME,
      (name) => this.change([run], "rename", name, { name }),
      () => this.focus(this.shown.findIndex(({ id }) => id === run.id)),
    );
  }

  writeNote(run) {
    const save = (note) => this.change([run], "note", note, { note });
    const help = run.name;
    askForText(this.root, { title: "Note", help, value: run.note, limit: MAX_NOTE, save });
  }

  writeTags(runs) {
    const common = runs[0].tags.filter((tag) => runs.every(({ tags }) => tags.includes(tag)));
    askForText(this.root, {
      title: runs.length === 1 ? `Tags of ${runs[0].name}` : `Tags of ${runs.length} runs`,
      help: "One a line.",
      value: common.join("\n"),
      limit: MAX_TAGS_TEXT,
      save: (text) => {
        const tags = [...new Set(text.split("\n").map((tag) => tag.trim()).filter(Boolean))];
        this.change(runs, "tags", tags, { tags });
      },
    });
  }

  pin(runs, isPinned) {
    this.change(runs, "pin", isPinned, { is_pinned: isPinned });
  }

  /** Tell the script, and show what the next poll will bring. */
  change(runs, kind, value, fields) {
    this.events.tell(kind, runs.map(({ id }) => id), value);
    for (const { id } of runs) {
      const run = this.runs.get(id);
      if (run) this.runs.set(id, { ...run, ...fields });
    }
    this.arrange();
  }

  delete(runs) {
    this.deleted = runs;
    this.events.tell("delete", runs.map(({ id }) => id));
  }

  restore() {
    this.events.tell("restore", this.deleted.map(({ id }) => id));
    this.deleted = undefined;
    this.draw();
  }

  runAt(event) {
    return this.runs.get(event.target.closest?.("tr")?.dataset.id);
  }

  selectedRuns() {
    return [...this.selected].map((id) => this.runs.get(id)).filter(Boolean);
  }

  /** Bring a row into sight and give it the keyboard. */
  focus(at) {
    const run = this.shown[at];
    if (!run) return;
    const { scrollTop, clientHeight } = this.scroll;
    const [above, below] = [at * ROW_HEIGHT, (at + 2) * ROW_HEIGHT - clientHeight]; // and heading
    if (above < scrollTop) this.scroll.scrollTop = above;
    else if (below > scrollTop) this.scroll.scrollTop = below;
    this.current = run.id;
    this.drawNow();
    this.rows.get(run.id)?.node.focus({ preventScroll: true });
  }

  // Drawing

  /** Filter and sort anew. */
  arrange() {
    this.shown = shownRuns([...this.runs.values()], this.state);
    this.draw();
  }

  draw() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.drawNow());
  }

  drawNow() {
    this.drawBar();
    const { scrollTop, clientHeight } = this.scroll;
    const first = Math.max(0, Math.floor(scrollTop / ROW_HEIGHT) - SPARE_ROWS);
    const end = Math.ceil((scrollTop + clientHeight) / ROW_HEIGHT) + SPARE_ROWS;
    const inSight = this.shown.slice(first, end);
    this.above.style.height = `${Math.min(first, this.shown.length) * ROW_HEIGHT}px`;
    this.below.style.height = `${Math.max(0, this.shown.length - end) * ROW_HEIGHT}px`;
    const rows = inSight.map((run, at) => this.rowOf(run, first + at));
    this.keepOnly(new Set(rows));
    rows.forEach(({ node }, at) => {
      const there = this.body.children[at + 1]; // the first is the gap above
      if (there !== node) this.body.insertBefore(node, there);
    });
    this.makeReachable(rows);
    this.table.setAttribute("aria-rowcount", this.shown.length + 1);
  }

  rowOf(run, index) {
    let row = this.rows.get(run.id);
    if (!row) this.rows.set(run.id, (row = new RunRow(run)));
    const isSelected = this.selected.has(run.id);
    const parentName = run.parent === null ? null : this.runs.get(run.parent)?.name;
    row.show({ run, index, isSelected, parentName });
    return row;
  }

  keepOnly(rows) {
    for (const [id, row] of this.rows) {
      if (rows.has(row)) continue;
      row.node.remove();
      this.rows.delete(id);
    }
  }

  /** One row is reached with Tab; from there arrow keys lead to the others. */
  makeReachable(rows) {
    const reachable = rows.find(({ id }) => id === this.current) ?? rows[0];
    for (const row of rows) row.node.tabIndex = row === reachable ? 0 : -1;
  }

  drawBar() {
    const [all, shown] = [this.runs.size, this.shown.length];
    const selected = this.selectedRuns().length;
    const count = shown === all ? `${all} runs` : `${shown} of ${all} runs`;
    const text = this.isLoaded ? (all === 1 ? "1 run" : count) : "";
    const node = this.root.querySelector(".count");
    if (node.textContent !== text) node.textContent = text;
    this.bulk.hidden = selected < 2;
    this.bulk.textContent = `${selected} selected ▾`;
    const numOn = this.shown.filter(({ id }) => this.selected.has(id)).length;
    this.all.checked = numOn > 0 && numOn === shown;
    this.all.indeterminate = numOn > 0 && numOn < shown;
    for (const cell of this.root.querySelectorAll("th[data-column]")) {
      const isSorted = cell.dataset.column === this.state.sort;
      const direction = this.state.descending ? "descending" : "ascending";
      cell.setAttribute("aria-sort", isSorted ? direction : "none");
    }
    const empty = this.root.querySelector(".empty");
    empty.hidden = !this.isLoaded || shown > 0;
    empty.textContent = all ? "No run passes the filter." : "There are no runs yet.";
    this.drawUndo();
  }

  /** The way back is offered once the runs are gone. */
  drawUndo() {
    const isGone = this.deleted?.every(({ id }) => !this.runs.has(id));
    this.undo.hidden = !isGone;
    if (!isGone) return;
    const [{ name }] = this.deleted;
    const words = this.deleted.length === 1 ? name : `${this.deleted.length} runs`;
    this.undo.firstElementChild.textContent = `${words} deleted`;
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
