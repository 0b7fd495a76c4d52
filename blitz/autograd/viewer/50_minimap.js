// The small map in the corner: the whole drawing, and a frame around what the camera sees.

const MAP_SIZE = { width: 168, height: 104 };
const MAP_MARGIN = 6;
const MAP_MIN_VERTICES = 12;

class Minimap {
  constructor(canvas, camera, listen) {
    this.canvas = canvas;
    this.camera = camera; // of the large view
    this.own = new Camera(() => {});
    this.isHeld = false;
    listen(canvas, "pointerdown", (event) => {
      this.isHeld = true;
      canvas.setPointerCapture(event.pointerId);
      this.lookAt(event);
    });
    listen(canvas, "pointermove", (event) => this.isHeld && this.lookAt(event));
    for (const name of ["pointerup", "pointercancel"]) {
      listen(canvas, name, () => (this.isHeld = false));
    }
  }

  lookAt(event) {
    const { left, top } = this.canvas.getBoundingClientRect();
    const { x0, y0, x1, y1 } = this.own.bounds;
    this.camera.set({
      x: clamp(this.own.toX(event.clientX - left), x0, x1),
      y: clamp(this.own.toY(event.clientY - top), y0, y1),
    });
  }

  /** Paint the whole anew; `look` and theme as in Scene. */
  paintWhole({ drawing, theme, look, ratio }) {
    this.canvas.hidden = !drawing || drawing.numVertices < MAP_MIN_VERTICES;
    this.whole = null;
    if (this.canvas.hidden) return;
    const { x0, y0, x1, y1 } = drawing.bounds;
    const { width, height } = MAP_SIZE;
    const fit = Math.min(
      (width - 2 * MAP_MARGIN) / Math.max(1e-6, x1 - x0),
      (height - 2 * MAP_MARGIN) / Math.max(1e-6, y1 - y0),
    );
    Object.assign(this.own, { width, height, x: (x0 + x1) / 2, y: (y0 + y1) / 2, scale: fit });
    this.own.bounds = drawing.bounds;
    this.canvas.width = width * ratio;
    this.canvas.height = height * ratio;
    this.whole = document.createElement("canvas");
    this.whole.width = this.canvas.width;
    this.whole.height = this.canvas.height;
    this.pixels ??= new Pixels();
    const context = this.whole.getContext("2d");
    context.scale(ratio, ratio);
    this.pixels.paint(context, {
      camera: this.own, ratio, drawing, theme, look,
      vertices: seenVertices(drawing, this.own), edges: seenEdges(drawing, this.own),
    });
  }

  paint({ theme, ratio }) {
    if (!this.whole) return;
    // What is seen whole needs no map.
    const { camera, own } = this;
    const { x0, y0, x1, y1 } = own.bounds;
    const isAllSeen =
      camera.fromX(x0) >= 0 && camera.fromX(x1) <= camera.width &&
      camera.fromY(y0) >= 0 && camera.fromY(y1) <= camera.height;
    this.canvas.classList.toggle("blitz-graph-unneeded", isAllSeen && !this.isHeld);
    const context = this.canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.drawImage(this.whole, 0, 0);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const left = clamp(own.fromX(camera.toX(0)), 0, own.width);
    const top = clamp(own.fromY(camera.toY(0)), 0, own.height);
    const right = clamp(own.fromX(camera.toX(camera.width)), 0, own.width);
    const bottom = clamp(own.fromY(camera.toY(camera.height)), 0, own.height);
    context.strokeStyle = theme.primary;
    context.lineWidth = 1.5;
    // Never so small that it cannot be seen.
    const [width, height] = [Math.max(4, right - left), Math.max(4, bottom - top)];
    context.strokeRect(Math.min(left, own.width - 5), Math.min(top, own.height - 5), width, height);
  }
}
