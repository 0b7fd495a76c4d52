// A square to draw on with a mouse, a finger or a pen.
//
// What was drawn stays in the browser as strokes, in window.blitzDrawings, also while the square is
// away; the script hears of the pixels, once a stroke has ended.

const VISIBLE_SIDE = 576; // pixels of the canvas that is seen
const START = { paper: "black", width: 0.08 };

const PAD_SKELETON = `<canvas width="${VISIBLE_SIDE}" height="${VISIBLE_SIDE}" tabindex="0" role="img"
    aria-label="Drawing area" aria-keyshortcuts="Escape Backspace"
    title="Draw here; Backspace takes the last stroke back"></canvas>
  <div class="blitz-drawing-tools">
    <button type="button" data-do="undo">Undo</button>
    <button type="button" data-do="clear">Clear</button>
    <label>Pen <input type="range" min="0.02" max="0.16" step="0.01"
      aria-label="Thickness of the pen"></label>
    <label><input type="checkbox"> White paper</label>
    <span role="status"></span>
  </div>`;

class DrawingPad {
  /** kept: what outlives this square: strokes, null where all was cleared, and how to draw. */
  constructor(parent, kept) {
    this.kept = kept;
    this.renders = 0;
    this.root = document.createElement("section");
    this.root.className = "blitz-drawing";
    this.root.innerHTML = PAD_SKELETON;
    parent.append(this.root);
    this.canvas = this.root.querySelector("canvas");
    this.thickness = this.root.querySelector("[type=range]");
    this.whitePaper = this.root.querySelector("[type=checkbox]");
    this.thickness.value = kept.width;
    this.whitePaper.checked = kept.paper === "white";
    this.connect();
    this.draw();
  }

  connect() {
    const { canvas, root } = this;
    canvas.addEventListener("pointerdown", (event) => this.begin(event));
    canvas.addEventListener("pointermove", (event) => this.goOn(event));
    canvas.addEventListener("lostpointercapture", (event) => this.end(event)); // let go, or cancelled
    canvas.addEventListener("keydown", (event) => this.onKey(event));
    root.querySelector("[data-do=undo]").addEventListener("click", () => this.undo());
    root.querySelector("[data-do=clear]").addEventListener("click", () => this.clear());
    this.thickness.addEventListener("input", () => (this.kept.width = Number(this.thickness.value)));
    this.whitePaper.addEventListener("change", () => this.changePaper());
  }

  render({ data, setStateValue }) {
    this.side = data.side;
    this.send = (drawing) => setStateValue("drawing", drawing);
  }

  close() {
    this.root.remove();
  }

  /** The strokes that are seen. */
  get strokes() {
    const { marks } = this.kept;
    return marks.slice(marks.lastIndexOf(null) + 1);
  }

  // What a person does

  begin(event) {
    if (event.button !== 0 || !event.isPrimary) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.pointer = event.pointerId;
    this.stroke = { points: [this.placeOf(event)], width: this.kept.width };
    this.kept.marks.push(this.stroke);
    this.draw();
  }

  goOn(event) {
    if (!this.stroke || event.pointerId !== this.pointer) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) this.stroke.points.push(this.placeOf(each));
    this.draw();
  }

  end(event) {
    if (!this.stroke || event.pointerId !== this.pointer) return;
    this.stroke = null;
    this.tell();
  }

  undo() {
    this.stroke = null;
    if (!this.kept.marks.length) return;
    this.kept.marks.pop();
    this.draw();
    this.tell();
  }

  clear() {
    this.stroke = null;
    if (!this.strokes.length) return;
    this.kept.marks.push(null); // so that undo brings back what was there
    this.draw();
    this.tell();
  }

  changePaper() {
    this.kept.paper = this.whitePaper.checked ? "white" : "black";
    this.draw();
    if (this.strokes.length) this.tell();
  }

  onKey(event) {
    if (!["Escape", "Backspace"].includes(event.key) || event.altKey || event.ctrlKey) return;
    event.preventDefault();
    this.undo();
  }

  /** Where a pointer is, in sides of the square. */
  placeOf({ clientX, clientY }) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    return [(clientX - left) / width, (clientY - top) / height];
  }

  // The way to the script

  tell() {
    const ink = inkOf(this.strokes, this.side);
    this.send({ paper: this.kept.paper, ink: btoa(String.fromCharCode(...ink)) });
  }

  // Drawing

  draw() {
    const { canvas, root, strokes, kept } = this;
    root.dataset.paper = kept.paper;
    const context = canvas.getContext("2d");
    context.strokeStyle = kept.paper === "black" ? "#fff" : "#000";
    drawStrokes(context, strokes);
    const count = strokes.length;
    root.querySelector("[role=status]").textContent =
      count === 0 ? "nothing drawn" : `${count} stroke${count === 1 ? "" : "s"}`;
    root.querySelector("[data-do=undo]").setAttribute("aria-disabled", !kept.marks.length);
    root.querySelector("[data-do=clear]").setAttribute("aria-disabled", !count);
  }
}

function drawStrokes(context, strokes) {
  const side = context.canvas.width;
  context.clearRect(0, 0, side, side);
  context.lineCap = context.lineJoin = "round";
  for (const { points, width } of strokes) {
    const places = points.map((point) => point.map((part) => part * side));
    const [first, last] = [places[0], places.at(-1)];
    context.lineWidth = width * side;
    context.beginPath();
    context.moveTo(...first);
    // Curves from middle to middle, bent towards the points between them, have no corners.
    for (let at = 1; at + 1 < places.length; at += 1) {
      const [[x, y], [nextX, nextY]] = [places[at], places[at + 1]];
      context.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
    }
    context.lineTo(last[0] + 0.01, last[1]); // a line of no length would leave no dot
    context.stroke();
  }
}

/** How much ink is on each pixel of a smaller square, 0 to 255, row by row. */
function inkOf(strokes, side) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  drawStrokes(context, strokes);
  return context.getImageData(0, 0, side, side).data.filter((_, at) => at % 4 === 3);
}

const pads = new WeakMap();

function keptOf({ view, is_known }) {
  window.blitzDrawings ??= new Map();
  // A script that begins anew knows of no strokes.
  if (!is_known || !window.blitzDrawings.has(view)) {
    window.blitzDrawings.set(view, { ...START, marks: [] });
  }
  return window.blitzDrawings.get(view);
}

export default function (component) {
  const { parentElement, data } = component;
  let pad = pads.get(parentElement);
  if (!pad) {
    pad = new DrawingPad(parentElement, keptOf(data));
    pads.set(parentElement, pad);
  }
  pad.render(component);
  pad.renders += 1;
  const mine = pad.renders;
  return () => {
    // Streamlit may drop an earlier call after a later one: only the last call's end is the end.
    if (pad.renders !== mine) return;
    pad.close();
    pads.delete(parentElement);
  };
}
