// The way from the table of runs to the script.

const SETTLE_MS = 250; // of typing in the filter

/** Tells the script what was done: each event once, in order, however busy the script is. */
class TableEvents {
  constructor() {
    this.instance = Math.random().toString(36).slice(2);
    this.serial = 0;
    this.pending = [];
    this.send = null;
  }

  /** Of a selection, and of a view, only the last one counts. */
  tell(kind, ids, value = null, delay = 0) {
    if (kind === "select" || kind === "view") {
      this.pending = this.pending.filter((event) => event.kind !== kind);
    }
    this.serial += 1;
    this.pending.push({ serial: this.serial, kind, ids, value });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), delay);
  }

  /** After a script run: what it has taken up is done; the rest is told again. */
  onAnswer({ instance, handled }) {
    if (instance !== this.instance) return;
    const left = this.pending.filter(({ serial }) => serial > handled);
    const hasTaken = left.length < this.pending.length;
    this.pending = left;
    if (hasTaken && left.length) this.flush();
  }

  flush() {
    const { instance, pending } = this;
    if (this.send && pending.length) this.send({ instance, events: pending });
  }
}
