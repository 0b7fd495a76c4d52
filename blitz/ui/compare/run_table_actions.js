// What a person does in the table of runs: selects, sorts and filters, opens menus, and writes.

class TableActions {
  /** model: a RunTable; drawing: its TableDrawing. */
  constructor(model, drawing) {
    this.model = model;
    this.drawing = drawing;
    this.menu = new RunMenu(drawing.root);
    const { filter, all, bulk, undo, head, body } = drawing;
    filter.addEventListener("input", () => this.setState({ filter: filter.value }, SETTLE_MS));
    head.addEventListener("click", (event) => {
      if (event.target.closest("button")) this.sortBy(event.target.closest("th").dataset.column);
    });
    all.addEventListener("change", () => this.selectAll(all.checked));
    bulk.addEventListener("click", () => this.openMenu(bulk, model.selectedRuns()));
    undo.querySelector("button").addEventListener("click", () => this.restore());
    body.addEventListener("click", (event) => this.onClick(event));
    body.addEventListener("dblclick", (event) => {
      if (event.target.closest("td")?.dataset.column === "name") this.rename(this.runAt(event));
    });
    body.addEventListener("keydown", (event) => this.onKey(event));
    body.addEventListener("focusin", (event) => (drawing.current = this.runAt(event)?.id));
  }

  runAt(event) {
    return this.model.runs.get(event.target.closest?.("tr")?.dataset.id);
  }

  indexOf(id) {
    return this.model.shown.findIndex((run) => run.id === id);
  }

  onClick(event) {
    const run = this.runAt(event);
    if (!run || event.target.closest(".rename")) return;
    if (event.target.closest(".more")) this.openMenu(event.target.closest(".more"), [run]);
    else if (event.target.closest("td")?.dataset.column === "check") {
      this.toggle(run, event.shiftKey);
    } else this.drawing.focus(this.indexOf(run.id));
  }

  onKey(event) {
    const run = this.runAt(event);
    if (!run || event.altKey) return;
    const at = this.indexOf(run.id);
    const page = Math.max(1, Math.floor(this.drawing.scroll.clientHeight / ROW_HEIGHT) - 2);
    const last = this.model.shown.length - 1;
    const moves = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page,
      Home: 0, End: last };
    const isCommand = event.ctrlKey || event.metaKey;
    if (event.key in moves) this.drawing.focus(Math.max(0, Math.min(last, moves[event.key])));
    else if (event.key === " ") this.toggle(run, event.shiftKey);
    else if (event.key === "a" && isCommand) this.selectAll(true);
    else if (event.key === "F2") this.rename(run);
    else if (event.key === "Enter") this.openMenu(this.drawing.rows.get(run.id).menuButton, [run]);
    else if (event.key === "Delete" && !ACTIVE.has(run.status)) this.tell("delete", [run]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // Order, filter and selection

  setState(change, delay = 0) {
    const { model } = this;
    model.state = { ...model.state, ...change };
    model.events.tell("view", [], model.state, delay);
    this.drawing.scroll.scrollTop = 0;
    model.arrange();
  }

  sortBy(name) {
    const { sort, descending } = this.model.state;
    const { isNumber, isRising } = COLUMN_BY_NAME.get(name);
    const startsHigh = isNumber && !isRising;
    this.setState({ sort: name, descending: sort === name ? !descending : startsHigh });
  }

  select(ids) {
    this.model.selected = ids;
    this.model.events.tell("select", [...ids]);
    this.drawing.draw();
  }

  selectAll(isOn) {
    const ids = new Set(this.model.selected);
    for (const { id } of this.model.shown) isOn ? ids.add(id) : ids.delete(id);
    this.select(ids);
  }

  /** Select a run or no longer; with a range, all between it and the one before likewise. */
  toggle(run, hasRange) {
    const isOn = !this.model.selected.has(run.id);
    const at = this.indexOf(run.id);
    const from = hasRange ? this.indexOf(this.toggled) : -1;
    const [low, high] = from < 0 ? [at, at] : [Math.min(from, at), Math.max(from, at)];
    const ids = new Set(this.model.selected);
    for (const { id } of this.model.shown.slice(low, high + 1)) isOn ? ids.add(id) : ids.delete(id);
    this.toggled = run.id;
    this.select(ids);
  }

  // Menus

  openMenu(button, runs) {
    const only = runs.length === 1 ? runs[0] : null;
    const told = (kind, allowed) => {
      const chosen = runs.filter(allowed);
      return chosen.length ? () => this.tell(kind, chosen) : null;
    };
    const isPinned = runs.every((run) => run.is_pinned);
    this.menu.open(button, [
      ...(only ? [["Rename", () => this.rename(only)], ["Note…", () => this.writeNote(only)]] : []),
      [isPinned ? "Unpin" : "Pin to the top", () => this.pin(runs, !isPinned)],
      ["Tags…", () => this.writeTags(runs)],
      ["Stop", told("stop", ({ status }) => ACTIVE.has(status))],
      ["Resume", told("resume", ({ status }) => RESUMABLE.has(status))],
      ["Delete", told("delete", ({ status }) => !ACTIVE.has(status))],
    ]);
  }

  tell(kind, runs, value = null) {
    return this.model.events.tell(kind, runs.map(({ id }) => id), value);
  }

  restore() {
    const last = this.model.undoable().at(-1);
    if (!last) return; // a second click, before the button was gone
    this.model.deletions = this.model.deletions.filter((deletion) => deletion !== last);
    this.model.events.tell("restore", last.ids);
    this.drawing.draw();
  }

  // Edits

  /** Tell the script, and show what the next poll will bring. */
  change(kind, runs, value, fieldsOf) {
    const serial = this.tell(kind, runs, value);
    for (const run of runs) this.model.edits.add(serial, run.id, fieldsOf(run));
    this.model.arrange();
  }

  rename(run) {
    this.drawing.rows.get(run.id)?.rename(
      (name) => this.change("rename", [run], name, () => ({ name })),
      (isByKey) => {
        this.model.arrange();
        if (isByKey) this.drawing.focus(this.indexOf(run.id));
      },
    );
  }

  pin(runs, isPinned) {
    this.change("pin", runs, isPinned, () => ({ is_pinned: isPinned }));
  }

  writeNote(run) {
    const save = (note) => this.change("note", [run], note, () => ({ note }));
    const { name: help, note: value } = run;
    askForText(this.drawing.root, { title: "Note", help, value, limit: MAX_NOTE, save });
  }

  /** Change the tags that all these runs have; each keeps those that are its own. */
  writeTags(runs) {
    const isOne = runs.length === 1;
    const before = runs[0].tags.filter((tag) => runs.every(({ tags }) => tags.includes(tag)));
    const changed = (run, after) => [
      ...new Set([...run.tags.filter((tag) => !before.includes(tag)), ...after]),
    ];
    askForText(this.drawing.root, {
      title: isOne ? `Tags of ${runs[0].name}` : `Tags of ${runs.length} runs`,
      help: isOne ? "One a line." : "One a line. Tags that only some of them have stay theirs.",
      value: before.join("\n"),
      limit: MAX_TAGS * (MAX_TAG + 1),
      fault: (text) => tagsFault(runs.map((run) => changed(run, tagsIn(text)))),
      save: (text) => {
        const after = tagsIn(text);
        this.change("tags", runs, { before, after }, (run) => ({ tags: changed(run, after) }));
      },
    });
  }
}

function tagsIn(text) {
  return [...new Set(text.split("\n").map((tag) => tag.trim()).filter(Boolean))];
}

/** Why runs cannot have these tags, a list a run; nothing where they can. */
function tagsFault(tagsOfRuns) {
  const long = tagsOfRuns.flat().find((tag) => [...tag].length > MAX_TAG);
  if (long) return `“${long.slice(0, 20)}…” is too long: a tag has at most ${MAX_TAG} characters.`;
  const most = Math.max(...tagsOfRuns.map((tags) => tags.length));
  return most > MAX_TAGS ? `A run would have ${most} tags; at most ${MAX_TAGS} are allowed.` : "";
}
