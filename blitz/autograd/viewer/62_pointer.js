// Mouse, pen, fingers and wheel on the canvas.

const CLICK_REACH = { mouse: 4, pen: 6, touch: 10 }; // pixels that a click may wander
const DOUBLE_CLICK_MS = 400;
const WHEEL_ZOOM = 0.0016; // of the scale's logarithm, a pixel of the wheel
const LINE_PIXELS = 16;

class Pointer {
  /** host: onClick(x, y, event), onDoubleClick(x, y), onHover(x, y) or onHover(null). */
  constructor(canvas, camera, listen, host) {
    Object.assign(this, { canvas, camera, host });
    this.held = new Map(); // pointers that are down, by their id
    this.lastClick = null;
    listen(canvas, "pointerdown", (event) => this.onDown(event));
    listen(canvas, "pointermove", (event) => this.onMove(event));
    listen(canvas, "pointerup", (event) => this.onUp(event));
    listen(canvas, "pointercancel", (event) => this.forget(event));
    listen(canvas, "pointerleave", () => host.onHover(null));
    listen(canvas, "wheel", (event) => this.onWheel(event), { passive: false });
  }

  place(event) {
    const { left, top } = this.canvas.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  }

  onDown(event) {
    if (event.button !== 0) return;
    const [x, y] = this.place(event);
    this.canvas.setPointerCapture(event.pointerId);
    this.held.set(event.pointerId, { x, y });
    // A second finger makes it a pinch, and no click any more.
    this.isClick = this.held.size === 1;
    this.wandered = 0;
    this.host.onHover(null);
  }

  onMove(event) {
    const [x, y] = this.place(event);
    const from = this.held.get(event.pointerId);
    if (!from) {
      if (event.pointerType !== "touch" && event.buttons === 0) this.host.onHover(x, y);
      return;
    }
    const [dx, dy] = [x - from.x, y - from.y];
    this.wandered += Math.hypot(dx, dy);
    if (this.wandered > (CLICK_REACH[event.pointerType] ?? CLICK_REACH.mouse)) this.isClick = false;
    if (this.isClick) return;
    if (this.held.size === 1) this.camera.panBy(dx, dy);
    else this.pinch(event.pointerId, from, x, y);
    this.held.set(event.pointerId, { x, y });
    this.canvas.dataset.dragging = "yes";
  }

  /** One of two fingers moved: what was between them stays between them. */
  pinch(id, from, x, y) {
    const [, other] = [...this.held].find(([each]) => each !== id);
    const before = Math.hypot(from.x - other.x, from.y - other.y);
    const after = Math.hypot(x - other.x, y - other.y);
    this.camera.panBy((x - from.x) / 2, (y - from.y) / 2);
    if (before > 0) this.camera.zoomAt(after / before, (x + other.x) / 2, (y + other.y) / 2);
  }

  onUp(event) {
    const wasHeld = this.held.has(event.pointerId);
    this.forget(event);
    if (!wasHeld || !this.isClick) return;
    this.isClick = false;
    const [x, y] = this.place(event);
    const last = this.lastClick;
    const isSecond =
      last && event.timeStamp - last.time < DOUBLE_CLICK_MS &&
      Math.hypot(x - last.x, y - last.y) < 2 * CLICK_REACH.touch;
    this.lastClick = isSecond ? null : { time: event.timeStamp, x, y };
    if (isSecond) this.host.onDoubleClick(x, y);
    else this.host.onClick(x, y, event);
  }

  forget(event) {
    this.held.delete(event.pointerId);
    if (!this.held.size) delete this.canvas.dataset.dragging;
  }

  onWheel(event) {
    const [x, y] = this.place(event);
    const pixels = event.deltaY * [1, LINE_PIXELS, this.camera.height][event.deltaMode];
    // A pinch on a touchpad comes as a wheel with the control key, in smaller steps.
    const speed = event.ctrlKey ? 6 * WHEEL_ZOOM : WHEEL_ZOOM;
    const hasZoomed = this.camera.zoomAt(Math.exp(-clamp(pixels, -240, 240) * speed), x, y);
    // Zoomed out as far as it goes, the wheel scrolls the page again.
    if (hasZoomed || event.ctrlKey || pixels < 0) event.preventDefault();
    this.host.onHover(null);
  }
}
