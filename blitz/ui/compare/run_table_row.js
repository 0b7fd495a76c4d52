// One row of the table of runs: made once, and changed only where its run did.

class RunRow {
  constructor(run) {
    this.id = run.id;
    this.node = document.createElement("tr");
    this.node.dataset.id = run.id;
    this.node.tabIndex = -1;
    this.cells = new Map();
    const box = document.createElement("input");
    box.type = "checkbox";
    box.tabIndex = -1;
    this.box = box;
    this.addCell("check").append(box);
    for (const { name, isNumber } of TABLE_COLUMNS) {
      this.addCell(name).classList.toggle("number", isNumber);
    }
    this.bar = document.createElement("progress");
    this.bar.max = 1;
    this.cells.get("progress").append(this.bar);
    this.menuButton = document.createElement("button");
    Object.assign(this.menuButton, { type: "button", tabIndex: -1, textContent: "⋮" });
    this.menuButton.className = "more";
    this.menuButton.setAttribute("aria-haspopup", "menu");
    this.addCell("more").append(this.menuButton);
  }

  addCell(name) {
    const cell = document.createElement("td");
    cell.dataset.column = name;
    this.cells.set(name, cell);
    this.node.append(cell);
    return cell;
  }

  remove() {
    this.input = null; // what is half written goes with it
    this.node.remove();
  }

  show({ run, index, isSelected, parentName }) {
    this.index = index;
    this.node.setAttribute("aria-rowindex", index + 2); // the heading is the first row
    if (isSelected !== this.isSelected) {
      this.isSelected = isSelected;
      this.box.checked = isSelected;
      this.node.setAttribute("aria-selected", isSelected);
    }
    if ((run === this.run && parentName === this.parentName) || this.input) return;
    Object.assign(this, { run, parentName });
    this.box.setAttribute("aria-label", `Select ${run.name}`);
    this.menuButton.setAttribute("aria-label", `Actions for ${run.name}`);
    this.node.dataset.status = run.status;
    const [step, total] = [run.step, run.total_steps].map(wholeNumber.format);
    this.bar.value = progressOf(run);
    this.bar.title = `${step} of ${total} steps`;
    this.cells.get("status").replaceChildren(...this.statusParts());
    this.cells.get("status").title = run.message;
    this.cells.get("name").replaceChildren(...this.nameParts());
    for (const { name, text } of TABLE_COLUMNS) {
      if (text) this.cells.get(name).textContent = text(run);
    }
    this.cells.get("dataset").title = run.dataset; // where there is no room for it
  }

  statusParts() {
    return [part("i", STATUS_SIGNS[this.run.status] ?? "", "sign"), part("span", this.run.status)];
  }

  nameParts() {
    const { run, parentName } = this;
    const parts = [];
    if (run.is_pinned) parts.push(part("i", "★", "pin", "pinned"));
    if (run.parent !== null) {
      parts.push(part("i", "↳", "fork", `forked from ${parentName ?? "a run that is gone"}`));
    }
    parts.push(part("b", run.name, "", run.name));
    for (const tag of run.tags) parts.push(part("span", tag, "tag"));
    // The cell cuts it off where there is no more room.
    if (run.note.trim()) {
      parts.push(part("span", `✎ ${run.note.trim().split("\n")[0]}`, "note", run.note));
    }
    return parts;
  }

  /**
   * Write the name in its place.
   *
   * save(name): called unless it is left or stays the same; end(isByKey): called after that.
   */
  rename(save, end) {
    if (this.input) return;
    const input = document.createElement("input");
    Object.assign(input, { value: this.run.name, maxLength: MAX_NAME, className: "rename" });
    input.setAttribute("aria-label", "Name");
    const finish = (isSaved, isByKey) => {
      if (this.input !== input) return;
      this.input = null;
      const name = input.value;
      this.cells.get("name").replaceChildren(...this.nameParts());
      if (isSaved && name.trim() && name !== this.run.name) save(name);
      end(isByKey);
    };
    input.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") finish(true, true);
      else if (event.key === "Escape") finish(false, true);
    });
    input.addEventListener("blur", () => {
      // Who looks at another window comes back to write on.
      if (document.activeElement !== input) finish(true, false);
    });
    this.input = input;
    this.cells.get("name").replaceChildren(input);
    input.focus({ preventScroll: true });
    input.select();
  }
}

function part(tag, text, className = "", title = "") {
  const node = document.createElement(tag);
  node.textContent = text;
  if (className) node.className = className;
  if (title) node.title = title;
  if (tag === "i" && title) {
    node.setAttribute("role", "img");
    node.setAttribute("aria-label", title);
  }
  return node;
}
