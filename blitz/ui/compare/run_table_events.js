// The way from the table of runs to the script, and what is shown until the way back is done.

const SETTLE_MS = 250; // of typing in the filter
const STALE_MS = 500; // what the server answers was read at most this long ago, see feed.py

/** Tells the script what was done: each event once, in order, however busy the script is. */
class TableEvents {
  constructor() {
    this.instance = Math.random().toString(36).slice(2);
    this.serial = 0;
    this.pending = [];
    this.send = null;
  }

  /** Answers with the event's serial number. Of a selection, and of a view, only the last counts. */
  tell(kind, ids, value = null, delay = 0) {
    if (kind === "select" || kind === "view") {
      this.pending = this.pending.filter((event) => event.kind !== kind);
    }
    this.serial += 1;
    this.pending.push({ serial: this.serial, kind, ids, value });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), delay);
    return this.serial;
  }

  /** After a script run: up to which event it acted; the rest is told again. */
  onAnswer({ instance, handled }) {
    if (instance !== this.instance) return 0;
    const left = this.pending.filter(({ serial }) => serial > handled);
    const hasTaken = left.length < this.pending.length;
    this.pending = left;
    if (hasTaken && left.length) this.flush();
    return handled;
  }

  flush() {
    const { instance, pending } = this;
    if (this.send && pending.length) this.send({ instance, events: pending });
  }
}

/** What was written about runs: shown at once, and until a poll tells what became of it. */
class Edits {
  constructor() {
    this.list = [];
  }

  add(serial, id, fields) {
    this.list.push({ serial, id, fields, answeredAt: Infinity });
  }

  /** The script has done, or refused, what was told up to this serial number. */
  onAnswer(handled) {
    const now = performance.now();
    for (const edit of this.list) {
      if (edit.serial <= handled) edit.answeredAt = Math.min(edit.answeredAt, now);
    }
  }

  /** What was asked at this time is answered. Answers whether that let go of an edit. */
  settle(askedAt) {
    const before = this.list.length;
    this.list = this.list.filter(({ answeredAt }) => askedAt < answeredAt + STALE_MS);
    return this.list.length < before;
  }

  /** The runs, by id, with what was written about them. */
  over(runs) {
    if (!this.list.length) return runs;
    const edited = new Map(runs);
    for (const { id, fields } of this.list) {
      if (edited.has(id)) edited.set(id, withSearchText({ ...edited.get(id), ...fields }));
    }
    return edited;
  }
}
