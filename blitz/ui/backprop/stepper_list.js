// The list of steps: built once for a calculation, then only marked and scrolled.

class StepList {
  /** onChoose: is told the number of the step that was clicked. */
  constructor(root, onChoose) {
    this.root = root;
    this.rows = [];
    root.addEventListener("click", (event) => {
      const row = event.target.closest("[data-step]");
      if (row) onChoose(Number(row.dataset.step));
    });
    // The list may appear, or change its height, after the step that it has to show.
    this.resizing = new ResizeObserver(() => this.scrollToCurrent());
    this.resizing.observe(root);
  }

  destroy() {
    this.resizing.disconnect();
  }

  setSteps({ name, value, heading }) {
    const outline = JSON.stringify([name, heading]);
    if (outline === this.outline) {
      this.rows.forEach((row, step) => {
        if (row.lastChild.textContent !== value[step]) row.lastChild.textContent = value[step];
      });
      return;
    }
    this.outline = outline;
    const { scrollTop } = this.root;
    const parts = document.createDocumentFragment();
    let group = null;
    this.rows = name.map((text, step) => {
      if (heading[step] !== heading[step - 1]) {
        const title = document.createElement("h6");
        title.textContent = heading[step];
        group = document.createElement("ol");
        group.setAttribute("aria-label", heading[step]);
        parts.append(title, group);
      }
      const row = document.createElement("li");
      row.dataset.step = step;
      for (const [part, content] of [["name", text], ["value", value[step]]]) {
        const node = document.createElement("span");
        node.className = part;
        node.textContent = content;
        row.append(node);
      }
      group.append(row);
      return row;
    });
    this.root.replaceChildren(parts);
    this.root.scrollTop = scrollTop;
    this.current = null;
  }

  show(step, isForward) {
    this.current?.removeAttribute("aria-current");
    this.current = this.rows[step];
    this.current.setAttribute("aria-current", "step");
    this.current.dataset.way = isForward ? "forward" : "backward";
    this.scrollToCurrent();
  }

  /** Within the list alone: scrollIntoView would move the page too. */
  scrollToCurrent() {
    if (!this.current) return;
    const { root, current } = this;
    const list = root.getBoundingClientRect();
    const row = current.getBoundingClientRect();
    const room = Math.min(2 * row.height, list.height / 3); // a row or two beyond it, too
    const above = row.top - room - list.top;
    const below = row.bottom + room - list.bottom;
    if (above < 0) root.scrollTop += above;
    else if (below > 0) root.scrollTop += below;
  }
}
