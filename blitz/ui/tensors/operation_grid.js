// One tensor as grids of cells: columns, rows, and blocks of them for two more axes.

/** Coordinates of a row-major position in a shape. */
function coordinates(position, shape) {
  const found = [];
  for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
    found.unshift(position % shape[axis]);
    position = Math.floor(position / shape[axis]);
  }
  return found;
}

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

class TensorGrid {
  /** number: of the operand, or "result"; folded: its axes that are bracketed. */
  constructor(tensor, number, folded) {
    this.tensor = tensor;
    this.folded = new Set(folded);
    this.cells = []; // as drawn, in row-major order
    this.byPlace = new Map(); // cells that show an element, copies included
    this.ghosts = new Set(tensor.ghosts);
    this.root = make("figure", "blitz-operation-tensor");
    this.root.dataset.tensor = number;
    const title = make("figcaption");
    title.append(
      make("b", "", tensor.text),
      ` [${tensor.own_shape.join(", ")}] `,
      make("span", "", tensor.dtype),
    );
    this.root.append(title, this.drawBlocks());
    if (this.cells.length) this.cells[0].tabIndex = 0;
  }

  /** x[1, 2] */
  name(position) {
    const index = coordinates(position, this.tensor.own_shape).join(", ");
    return index ? `${this.tensor.text}[${index}]` : this.tensor.text;
  }

  text(position) {
    return this.tensor.cells[position];
  }

  drawBlocks() {
    const { kept } = this.tensor;
    const lead = kept.slice(0, -2);
    const body = make("div", "blitz-operation-blocks");
    const isEmpty = kept.some((indices) => !indices.length);
    if (isEmpty) {
      body.append(make("span", "blitz-operation-gap", "no elements"));
      return body;
    }
    const counts = lead.map((indices) => indices.length);
    const perRow = counts.at(-1) ?? 1;
    const count = counts.reduce((product, size) => product * size, 1);
    let row = null;
    for (let block = 0; block < count; block += 1) {
      const at = coordinates(block, counts);
      if (block % perRow === 0) {
        if (this.hasGap(lead.length - 2, at.at(-2))) body.append(this.gap("⋮"));
        row = make("div", "blitz-operation-row");
        body.append(row);
      }
      if (this.hasGap(lead.length - 1, at.at(-1))) row.append(this.gap("⋯"));
      row.append(this.drawBlock(at, lead));
    }
    return body;
  }

  /** Whether elements are left out before an index of an axis as it is drawn. */
  hasGap(axis, at) {
    const indices = this.tensor.kept[axis];
    return Boolean(indices) && at > 0 && indices[at] - indices[at - 1] > 1;
  }

  gap(sign) {
    const node = make("span", "blitz-operation-gap", sign);
    node.setAttribute("aria-label", "elements left out");
    return node;
  }

  drawBlock(at, lead) {
    const { kept, leading, text } = this.tensor;
    const outer = [...leading, ...at.map((index, axis) => lead[axis][index])];
    const block = make("div", "blitz-operation-block");
    at.forEach((index, axis) => {
      if (!this.folded.has(axis)) return;
      if (index === 0) block.dataset.opens = "";
      if (index === lead[axis].length - 1) block.dataset.closes = "";
    });
    if (outer.length) block.append(make("span", "", `[${outer.join(", ")}]`));
    const table = make("table");
    table.setAttribute("role", "grid");
    table.setAttribute("aria-label", outer.length ? `${text}[${outer.join(", ")}]` : text);
    const rows = kept.length > 1 ? kept.at(-2) : [0];
    rows.forEach((_, row) => {
      if (kept.length > 1 && this.hasGap(kept.length - 2, row)) table.append(this.gapRow());
      table.append(this.drawRow(row, rows.length));
    });
    block.append(table);
    return block;
  }

  gapRow() {
    const row = make("tr");
    const cell = make("td", "blitz-operation-gap", "⋮");
    cell.colSpan = 99;
    row.append(cell);
    return row;
  }

  drawRow(row, numRows) {
    const { kept } = this.tensor;
    const line = make("tr");
    const columns = kept.at(-1) ?? [0];
    columns.forEach((_, column) => {
      if (kept.length && this.hasGap(kept.length - 1, column)) {
        line.append(make("td", "blitz-operation-gap", "⋯"));
      }
      const cell = this.drawCell();
      if (this.folded.has(kept.length - 1)) {
        if (column === 0) cell.classList.add("blitz-operation-left");
        if (column === columns.length - 1) cell.classList.add("blitz-operation-right");
      }
      if (this.folded.has(kept.length - 2)) {
        if (row === 0) cell.classList.add("blitz-operation-top");
        if (row === numRows - 1) cell.classList.add("blitz-operation-bottom");
      }
      line.append(cell);
    });
    return line;
  }

  drawCell() {
    const drawn = this.cells.length;
    const place = this.tensor.places ? this.tensor.places[drawn] : drawn;
    const cell = make("td", "", this.text(place));
    cell.setAttribute("role", "gridcell");
    cell.dataset.cell = drawn;
    cell.tabIndex = -1;
    if (this.ghosts.has(drawn)) cell.dataset.ghost = "";
    if (this.tensor.places) {
      cell.dataset.place = place;
      const repeated = this.ghosts.has(drawn) ? ", repeated" : "";
      cell.setAttribute("aria-label", `${this.name(place)} = ${this.text(place)}${repeated}`);
      if (!this.byPlace.has(place)) this.byPlace.set(place, []);
      this.byPlace.get(place).push(cell);
    }
    this.cells.push(cell);
    return cell;
  }

  /** The cell next to one in the direction of an arrow key, also in the next block. */
  neighbour(cell, key) {
    const at = Number(cell.dataset.cell);
    const columns = this.tensor.kept.at(-1)?.length ?? 1;
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[key];
    if (step) return this.cells[at + step];
    return { Home: this.cells[0], End: this.cells.at(-1) }[key];
  }

  focus(cell) {
    for (const other of this.root.querySelectorAll("td[tabindex='0']")) other.tabIndex = -1;
    cell.tabIndex = 0;
    cell.focus();
  }
}
