// How the table of runs is drawn: its bar, its headings, and of its rows only those in sight.

const ROW_HEIGHT = 34; // as in run_table.css
const SPARE_ROWS = 8; // above and below those in sight

const TABLE_SKELETON = `
  <div class="bar">
    <input type="search" placeholder="Filter, like: sgd accuracy>0.9" aria-label="Filter runs"
      title="Words that occur, and conditions like state:running, lr<=0.01, accuracy>90%, seed:3">
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

class TableDrawing {
  /** model: a RunTable, which knows what there is to draw. */
  constructor(parent, model) {
    this.model = model;
    this.rows = new Map();
    this.root = document.createElement("section");
    this.root.className = "blitz-runs";
    this.root.innerHTML = TABLE_SKELETON;
    parent.append(this.root);
    const find = (selector) => this.root.querySelector(selector);
    this.filter = find("input[type=search]");
    this.bulk = find(".bulk");
    this.undo = find(".undo");
    this.scroll = find(".scroll");
    this.table = find("table");
    this.head = find("thead tr");
    this.body = find("tbody");
    [this.above, this.below] = [this.addGap(), this.addGap()];
    this.addHeading();
    this.scroll.addEventListener("scroll", () => this.draw(), { passive: true });
    this.resizing = new ResizeObserver(() => this.fit());
    this.resizing.observe(this.scroll);
  }

  addHeading() {
    this.all = document.createElement("input");
    this.all.type = "checkbox";
    this.all.setAttribute("aria-label", "Select all runs that are shown");
    for (const { name, title, isNumber } of [{}, ...TABLE_COLUMNS, {}]) {
      this.table.querySelector("colgroup").append(document.createElement("col"));
      const cell = document.createElement("th");
      cell.scope = "col";
      this.head.append(cell);
      if (!name) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = title;
      cell.dataset.column = name;
      cell.classList.toggle("number", isNumber);
      cell.append(button);
    }
    this.head.firstChild.append(this.all);
    this.head.firstChild.dataset.column = "check";
  }

  /** Leave room for other columns beside the name, which stays in sight. */
  fit() {
    const columns = this.table.querySelectorAll("col");
    const nameWidth = this.scroll.clientWidth < 640 ? 140 : COLUMN_BY_NAME.get("name").width;
    const inner = TABLE_COLUMNS.map(({ name, width }) => (name === "name" ? nameWidth : width));
    const widths = [36, ...inner, 36];
    widths.forEach((width, at) => (columns[at].style.width = `${width}px`));
    this.table.style.width = `${widths.reduce((sum, width) => sum + width, 0)}px`;
    this.draw();
  }

  addGap() {
    const row = document.createElement("tr");
    row.className = "gap";
    row.setAttribute("aria-hidden", "true");
    const cell = document.createElement("td");
    cell.colSpan = TABLE_COLUMNS.length + 2;
    row.append(cell);
    this.body.append(row);
    return row;
  }

  close() {
    this.resizing.disconnect();
    cancelAnimationFrame(this.frame);
    this.root.remove();
  }

  /** Whether a name is being written in a row. */
  get isWriting() {
    return [...this.rows.values()].some(({ input }) => input);
  }

  tell(notice) {
    const node = this.root.querySelector(".notice");
    node.hidden = notice === null;
    if (node.textContent !== (notice ?? "")) node.textContent = notice ?? "";
  }

  showFilter(text) {
    if (this.filter.value !== text) this.filter.value = text;
  }

  /** Bring a row into sight and give it the keyboard. */
  focus(at) {
    const run = this.model.shown[at];
    if (!run) return;
    const { scrollTop, clientHeight } = this.scroll;
    const [above, below] = [at * ROW_HEIGHT, (at + 2) * ROW_HEIGHT - clientHeight]; // and heading
    if (above < scrollTop) this.scroll.scrollTop = above;
    else if (below > scrollTop) this.scroll.scrollTop = below;
    this.current = run.id;
    this.drawNow();
    this.rows.get(run.id)?.node.focus({ preventScroll: true });
  }

  draw() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.drawNow());
  }

  drawNow() {
    this.drawBar();
    const { shown } = this.model;
    const { scrollTop, clientHeight } = this.scroll;
    const first = Math.max(0, Math.floor(scrollTop / ROW_HEIGHT) - SPARE_ROWS);
    const end = Math.ceil((scrollTop + clientHeight) / ROW_HEIGHT) + SPARE_ROWS;
    this.above.firstChild.style.height = `${Math.min(first, shown.length) * ROW_HEIGHT}px`;
    this.below.firstChild.style.height = `${Math.max(0, shown.length - end) * ROW_HEIGHT}px`;
    const rows = shown.slice(first, end).map((run, at) => this.rowOf(run, first + at));
    const held = this.heldRow();
    const heldAt = held ? shown.findIndex(({ id }) => id === held.id) : -1;
    // The row with the keyboard stays, also out of sight.
    if (heldAt >= 0 && heldAt < first) rows.unshift(this.rowOf(shown[heldAt], heldAt, true));
    if (heldAt >= end) rows.push(this.rowOf(shown[heldAt], heldAt, true));
    this.keepOnly(new Set(rows));
    this.place([this.above, ...rows.map(({ node }) => node), this.below], held?.node);
    this.makeReachable(rows);
    this.table.setAttribute("aria-rowcount", shown.length + 1);
    if (held && heldAt < 0) this.leave(held);
  }

  /** Where the run with the keyboard is gone, the next one gets it. */
  leave(row) {
    this.model.arrange(); // perhaps its name was being written
    this.focus(Math.min(row.index, this.model.shown.length - 1));
  }

  rowOf(run, index, isAway = false) {
    const { runs, selected } = this.model;
    let row = this.rows.get(run.id);
    if (!row) this.rows.set(run.id, (row = new RunRow(run)));
    const isSelected = selected.has(run.id);
    const parentName = run.parent === null ? null : runs.get(run.parent)?.name;
    row.show({ run, index, isSelected, parentName });
    row.node.classList.toggle("away", isAway);
    row.node.style.top = isAway ? `${(index + 1) * ROW_HEIGHT}px` : ""; // below the heading
    return row;
  }

  heldRow() {
    const node = document.activeElement?.closest("tr");
    return this.body.contains(node) ? this.rows.get(node.dataset.id) : undefined;
  }

  keepOnly(rows) {
    for (const [id, row] of this.rows) {
      if (rows.has(row)) continue;
      row.remove();
      this.rows.delete(id);
    }
  }

  /** Bring nodes into this order, around the held one: what is moved loses the keyboard. */
  place(nodes, held) {
    const fixed = Math.max(0, nodes.indexOf(held));
    for (let at = fixed - 1; at >= 0; at -= 1) {
      if (nodes[at].nextSibling !== nodes[at + 1]) nodes[at + 1].before(nodes[at]);
    }
    for (let at = fixed + 1; at < nodes.length; at += 1) {
      if (nodes[at].previousSibling !== nodes[at - 1]) nodes[at - 1].after(nodes[at]);
    }
  }

  /** One row is reached with Tab; from there arrow keys lead to the others. */
  makeReachable(rows) {
    const reachable = rows.find(({ id }) => id === this.current) ?? rows[0];
    for (const row of rows) row.node.tabIndex = row === reachable ? 0 : -1;
  }

  drawBar() {
    const { runs, shown, selected, state, isLoaded } = this.model;
    const all = runs.size;
    const count = shown.length === all ? `${all} runs` : `${shown.length} of ${all} runs`;
    const text = isLoaded ? (all === 1 ? "1 run" : count) : "";
    const node = this.root.querySelector(".count");
    if (node.textContent !== text) node.textContent = text;
    const numSelected = this.model.selectedRuns().length;
    this.bulk.hidden = numSelected < 2;
    this.bulk.textContent = `${numSelected} selected ▾`;
    const numOn = shown.filter(({ id }) => selected.has(id)).length;
    this.all.checked = numOn > 0 && numOn === shown.length;
    this.all.indeterminate = numOn > 0 && numOn < shown.length;
    for (const cell of this.root.querySelectorAll("th[data-column]")) {
      const isSorted = cell.dataset.column === state.sort;
      const direction = state.descending ? "descending" : "ascending";
      cell.setAttribute("aria-sort", isSorted ? direction : "none");
    }
    const empty = this.root.querySelector(".empty");
    empty.hidden = !isLoaded || shown.length > 0;
    empty.textContent = all ? "No run passes the filter." : "There are no runs yet.";
    this.drawUndo(this.model.undoable());
  }

  drawUndo(deletions) {
    this.undo.hidden = !deletions.length;
    if (!deletions.length) return;
    const before = deletions.length > 1 ? ` (${deletions.length - 1} more before)` : "";
    this.undo.firstElementChild.textContent = `${deletions.at(-1).title} deleted${before}`;
  }
}
