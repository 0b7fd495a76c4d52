// What a person has chosen: a vertex or an edge, a direction to follow, a path; and says it.

const NOTHING = { selected: -1, selectedEdge: -1, pathStart: -1 };

class Selection {
  /** onChange(isByPerson): what is selected or highlighted is another; say(text): to be read out. */
  constructor({ onChange, say }) {
    this.onChange = onChange;
    this.say = say;
    this.setDrawing(null);
  }

  setDrawing(drawing) {
    this.drawing = drawing;
    this.neighbours = drawing && new Neighbours(drawing);
    this.direction = null; // "inputs" or "output": what is highlighted with the selected vertex
    this.highlight = null;
    Object.assign(this, NOTHING);
  }

  /** Select a vertex; -1 for none. */
  select(v, isByPerson = true) {
    if (this.pathStart >= 0 && v >= 0 && v !== this.pathStart) {
      this.choose(v, isByPerson);
      this.showPath(this.pathStart, v);
      this.pathStart = -1;
      this.onChange(null);
      return;
    }
    if (v === this.selected && this.selectedEdge < 0 && !this.isPath) return;
    this.choose(v, isByPerson);
    this.say(v < 0 ? "" : this.words(v));
  }

  choose(v, isByPerson) {
    const isNew = v !== this.selected || this.selectedEdge >= 0;
    this.selected = v;
    this.selectedEdge = -1;
    this.trace();
    this.onChange(isNew ? isByPerson : null);
  }

  selectEdge(e) {
    if (e === this.selectedEdge) return;
    Object.assign(this, NOTHING, { selectedEdge: e });
    this.trace();
    this.say(`Edge ${edgeTitle(this.drawing, e)}`);
    this.onChange(true);
  }

  /** Escape: first what is highlighted, then what is selected. */
  clear() {
    if (this.highlight || this.pathStart >= 0) {
      this.direction = null;
      this.pathStart = -1;
      this.trace();
      this.say("");
      this.onChange(null);
    } else if (this.selected >= 0 || this.selectedEdge >= 0) {
      Object.assign(this, NOTHING);
      this.say("");
      this.onChange(true);
    }
  }

  follow(direction) {
    if (this.selected < 0) {
      this.say("Select something first");
      return;
    }
    this.direction = this.direction === direction ? null : direction;
    this.trace();
    const way = direction === "output" ? "towards the output" : "towards the inputs";
    const words = () => `${whole(this.highlight.size - 1)} ${way} of ${this.name(this.selected)}`;
    this.say(this.direction ? words() : "");
    this.onChange(null);
  }

  /** Highlight what the direction says of what is selected. */
  trace() {
    this.isPath = false;
    this.highlight =
      this.direction && this.selected >= 0
        ? this.neighbours.everything(this.selected, this.direction === "output")
        : null;
  }

  /** The selected vertex is to be the beginning of a path; or no more, if it is. */
  markPath() {
    if (this.selected < 0 && this.pathStart < 0) {
      this.say("Select the beginning of the path first");
      return;
    }
    this.pathStart = this.pathStart >= 0 ? -1 : this.selected;
    if (this.pathStart >= 0) this.say(`Path from ${this.name(this.pathStart)}: choose its end`);
    else this.say("");
    this.onChange(null);
  }

  pathTo(v) {
    if (this.selected < 0 || this.selected === v) {
      this.select(v);
      return;
    }
    this.pathStart = this.selected;
    this.select(v);
  }

  showPath(from, to) {
    const path = this.neighbours.path(from, to);
    this.direction = null;
    this.isPath = path !== null;
    this.highlight = path;
    const names = `${this.name(from)} and ${this.name(to)}`;
    if (path) this.say(`Shortest path between ${names}: ${counted(path.length, "edge")}`);
    else this.say(`There is no path between ${names}`);
  }

  name(v) {
    return this.drawing.labelOf(v) || "(no name)";
  }

  words(v) {
    const { drawing, neighbours } = this;
    const facts = drawing.factsOf(v).map(({ name, text }) => `${name} ${text}`);
    const joins = [
      counted(neighbours.edgesAt(v, "source").length, "edge") + " towards the inputs",
      counted(neighbours.edgesAt(v, "target").length, "edge") + " towards the output",
    ];
    const kind = KINDS[drawing.kind[v]] ?? "";
    return [`${this.name(v)} (${kind})`, drawing.text(drawing.note[v]), ...facts, ...joins]
      .filter(Boolean)
      .join(" · ");
  }
}
