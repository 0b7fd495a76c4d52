// The graph viewer in a Streamlit page. Comes after the viewer's own scripts, in one module.
//
// The drawing comes as bytes, and again only when it is another one; the small things that change
// with every script run come through graph_view_control.js. Both meet in window.blitzGraphViews.

const STALE_MS = 3_000; // without an answer: whatever was to answer is busy or gone

const SELECTIONS = new Set(["select", "select-edge"]);

/** Events on their way to the script: each arrives, in order, and once. */
class EventQueue {
  constructor() {
    this.instance = Math.random().toString(36).slice(2);
    this.serial = 0;
    this.events = [];
    this.numSent = 0;
    this.send = null;
  }

  add(kind, drawing_key, index) {
    // Of selections that wait only the last one matters: holding an arrow key piles up none.
    const last = this.events.at(-1);
    const waits = this.events.length > this.numSent;
    if (waits && SELECTIONS.has(kind) && SELECTIONS.has(last.kind)) this.events.pop();
    this.serial += 1;
    this.events.push({ serial: this.serial, kind, drawing_key, index });
    if (this.numSent === 0 || performance.now() - this.sentAt > STALE_MS) this.flush();
  }

  /** All that no script run has taken up yet: one may have been lost with a run that was broken off. */
  flush() {
    if (!this.events.length || !this.send) return;
    this.numSent = this.events.length;
    this.sentAt = performance.now();
    this.send({ instance: this.instance, events: this.events });
  }

  onHandled(instance, serial) {
    if (instance !== this.instance || !this.numSent || !(this.events[0].serial <= serial)) return;
    this.events = this.events.filter((event) => event.serial > serial);
    this.numSent = 0;
    this.flush();
  }
}

class GraphView {
  constructor(parent, meeting) {
    this.meeting = meeting;
    this.parent = parent;
    this.renders = 0;
    this.playbackKey = null;
    this.hasOpened = false; // the next drawing is another view of the same graph
  }

  render({ data, setTriggerValue }) {
    const { header, arrays } = unpack(data);
    const { queue } = this.meeting;
    queue.send = (value) => setTriggerValue("event", value);
    this.viewer ??= this.createViewer(header.height, queue);
    this.viewer.setTheme();
    this.viewer.setDrawing(arrays.drawing, {
      key: header.drawing_key,
      keepCamera: this.hasOpened,
      ...this.selectFor(header.drawing_key),
    });
    if (this.drawingKey !== header.drawing_key) {
      this.drawingKey = header.drawing_key;
      this.playbackKey = null;
      this.hasOpened = false;
    }
    if (this.playbackKey !== header.playback_key) {
      this.playbackKey = header.playback_key;
      this.viewer.setPlayback(arrays.playback?.length ? arrays.playback : null);
    }
  }

  createViewer(height, queue) {
    const regroup = (kind, key, index) => {
      this.hasOpened = true;
      queue.add(kind, key, index);
    };
    return new GraphViewer(this.parent, {
      height,
      onSelect: ({ key, vertex }) => queue.add("select", key, vertex),
      onSelectEdge: ({ key, edge }) => queue.add("select-edge", key, edge),
      onOpen: ({ key, vertex }) => regroup("open", key, vertex),
      onClose: ({ key, group }) => regroup("close", key, group),
    });
  }

  /** What the script wants selected in this drawing, unless that was done before. */
  selectFor(drawingKey) {
    const { control } = this.meeting;
    const isNew = control && control.select_serial !== this.meeting.selectDone;
    if (!isNew || control.drawing_key !== drawingKey || control.select === null) return {};
    this.meeting.selectDone = control.select_serial;
    return { select: control.select };
  }

  onControl() {
    const { control, queue } = this.meeting;
    queue.onHandled(control.instance, control.handled);
    if (!this.viewer || control.drawing_key !== this.drawingKey) return;
    const { select } = this.selectFor(this.drawingKey);
    if (select !== undefined) this.viewer.select(select);
  }
}

const views = new WeakMap();

function meetingOf(name) {
  window.blitzGraphViews ??= new Map();
  if (!window.blitzGraphViews.has(name)) window.blitzGraphViews.set(name, { control: null });
  const meeting = window.blitzGraphViews.get(name);
  meeting.queue ??= new EventQueue();
  return meeting;
}

export default function (component) {
  const { parentElement, data } = component;
  const meeting = meetingOf(unpack(data).header.view);
  if (!views.has(parentElement)) views.set(parentElement, new GraphView(parentElement, meeting));
  const view = views.get(parentElement);
  meeting.onControl = () => view.onControl();
  view.render(component);
  view.renders += 1;
  const mine = view.renders;
  return () => {
    // Streamlit may drop an earlier call after a later one: only the last call's end is the end.
    if (view.renders !== mine) return;
    view.viewer.destroy();
    views.delete(parentElement);
    meeting.onControl = null;
  };
}
