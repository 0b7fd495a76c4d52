// The vertices as a table: for reading, and for exploring without a mouse or without sight.

const ROWS_A_PAGE = 200;

class Table {
  /** onSelect(vertex), onOpen(vertex), onClose(group): what a person does with a row. */
  constructor(root, listen, host) {
    this.section = root.querySelector("[data-part=table]");
    this.head = this.section.querySelector("thead tr");
    this.body = this.section.querySelector("tbody");
    this.pages = this.section.querySelector("[data-part=pages]");
    this.opened = this.section.querySelector("[data-part=opened]");
    this.host = host;
    this.page = 0;
    this.drawing = null;
    listen(this.section.querySelector("[data-action=previous-page]"), "click", () => this.turn(-1));
    listen(this.section.querySelector("[data-action=next-page]"), "click", () => this.turn(1));
    listen(this.body, "click", (event) => this.onClick(event));
    listen(this.body, "keydown", (event) => this.onKey(event));
  }

  get isShown() {
    return !this.section.hidden;
  }

  /** Show these vertices of a drawing. */
  show(drawing, vertices, selected) {
    this.drawing = drawing;
    this.vertices = vertices;
    this.selected = selected;
    this.page = Math.max(0, Math.floor(vertices.indexOf(selected) / ROWS_A_PAGE));
    this.showHead();
    this.showOpened();
    this.showPage();
  }

  /** Mark the row of a vertex, on whichever page it is. */
  select(v) {
    this.selected = v;
    const place = this.vertices?.indexOf(v) ?? -1;
    const page = Math.floor(place / ROWS_A_PAGE);
    if (place >= 0 && page !== this.page) {
      this.page = page;
      this.showPage();
    } else this.markRow();
  }

  turn(by) {
    this.page += by;
    this.showPage();
  }

  showHead() {
    const names = ["Operation", "", "Kind", ...this.drawing.factNames];
    this.head.replaceChildren(
      ...names.map((name, i) => {
        const cell = document.createElement("th");
        cell.scope = "col";
        cell.textContent = name || (i === 1 ? "Details" : "");
        return cell;
      }),
    );
  }

  /** The frames, each with a button to close it. */
  showOpened() {
    this.opened.replaceChildren(
      ...this.drawing.frames.map((frame) => {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = `Close ${frame.label}`;
        button.addEventListener("click", () => this.host.onClose(frame.group));
        return button;
      }),
    );
  }

  showPage() {
    const total = this.vertices.length;
    const numPages = Math.max(1, Math.ceil(total / ROWS_A_PAGE));
    this.page = clamp(this.page, 0, numPages - 1);
    const first = this.page * ROWS_A_PAGE;
    const shown = this.vertices.slice(first, first + ROWS_A_PAGE);
    this.body.replaceChildren(...shown.map((v) => this.row(v)));
    const [previous, words, next] = this.pages.children;
    words.textContent = total
      ? `rows ${whole(first + 1)} to ${whole(first + shown.length)} of ${whole(total)}`
      : "no rows";
    previous.disabled = this.page === 0;
    next.disabled = this.page === numPages - 1;
    previous.hidden = next.hidden = numPages === 1;
    this.markRow();
  }

  row(v) {
    const { drawing } = this;
    const row = document.createElement("tr");
    row.dataset.vertex = v;
    const first = document.createElement("th");
    first.scope = "row";
    first.append(this.button("select", drawing.labelOf(v)));
    if (drawing.kind[v] === GROUP) first.append(this.button("open", "open"));
    const marks = MARKS.filter(({ bit }) => drawing.mark[v] & bit).map(({ meaning }) => meaning);
    const note = [drawing.text(drawing.note[v]), ...marks].filter(Boolean).join(", ");
    const facts = drawing.facts.map((column) => drawing.text(column[v]));
    row.append(first, ...[note, KINDS[drawing.kind[v]] ?? "", ...facts].map(cellOf));
    return row;
  }

  button(action, text) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.action = action;
    button.textContent = text || "(no name)";
    button.tabIndex = -1;
    return button;
  }

  /** One row is in the tab order, as in a list; the arrow keys go to the others. */
  markRow() {
    for (const row of this.body.querySelectorAll("[aria-current]")) row.removeAttribute("aria-current");
    for (const button of this.body.querySelectorAll("[tabindex='0']")) button.tabIndex = -1;
    const own = this.body.querySelector(`[data-vertex="${this.selected}"]`);
    own?.setAttribute("aria-current", "true");
    const row = own ?? this.body.firstElementChild;
    for (const button of row?.querySelectorAll("button") ?? []) button.tabIndex = 0;
    if (own && this.isShown) scrollWithin(this.body.closest("[data-part=rows]"), own);
  }

  onClick(event) {
    const row = event.target.closest("tr");
    if (!row) return;
    const v = Number(row.dataset.vertex);
    const isOpen = event.target.closest("[data-action=open]");
    if (isOpen) this.host.onOpen(v);
    else this.host.onSelect(v);
  }

  onKey(event) {
    const row = event.target.closest("tr");
    const next = {
      ArrowDown: row?.nextElementSibling,
      ArrowUp: row?.previousElementSibling,
      Home: this.body.firstElementChild,
      End: this.body.lastElementChild,
    }[event.key];
    if (!next) return;
    event.preventDefault();
    for (const button of this.body.querySelectorAll("[tabindex='0']")) button.tabIndex = -1;
    for (const button of next.querySelectorAll("button")) button.tabIndex = 0;
    next.querySelector("button").focus();
  }
}

function cellOf(text) {
  const cell = document.createElement("td");
  cell.textContent = text;
  return cell;
}

/** Scroll a box, and not the page, until a row in it is seen. */
function scrollWithin(box, row) {
  const [outer, inner] = [box.getBoundingClientRect(), row.getBoundingClientRect()];
  const head = box.querySelector("thead").offsetHeight;
  if (inner.top < outer.top + head) box.scrollTop -= outer.top + head - inner.top;
  else if (inner.bottom > outer.bottom) box.scrollTop += inner.bottom - outer.bottom;
}
