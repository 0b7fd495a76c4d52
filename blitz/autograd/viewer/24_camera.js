// The camera: which part of the drawing is seen, and its flights.

const FIT_MARGIN = 28; // CSS pixels
const FIT_MARGIN_ABOVE = 44; // and below: there the legend is
const MAX_FIT_SCALE = 1.25;
const MAX_SCALE = 6;
const FLIGHT_MS = 350;

const SMALLEST_FIRST_SCALE = 0.6; // below it labels are left out
const FIRST_SCALE = 0.8;

/** The middle of a view that sees an end, and nothing beyond the drawing where it is larger. */
function besideEnd(end, low, high, half) {
  if (high - low <= 2 * half) return (low + high) / 2;
  return clamp(end, low + half, high - half);
}

class Camera {
  constructor(onChange) {
    this.onChange = onChange;
    this.x = 0; // what of the drawing is in the middle of the view
    this.y = 0;
    this.scale = 1;
    this.width = 1; // of the view in CSS pixels
    this.height = 1;
    this.bounds = null;
    this.end = null; // the output, where the way back begins
    this.flight = 0;
  }

  get minScale() {
    return Math.min(this.fitted().scale / 1.5, 0.25);
  }

  get state() {
    return { x: this.x, y: this.y, scale: this.scale };
  }

  set(state) {
    cancelAnimationFrame(this.flight);
    this.flight = 0;
    Object.assign(this, state);
    this.onChange();
  }

  resize(width, height) {
    // What was fitted stays fitted, and what nobody has moved stays as it began.
    const [wasFirst, wasFitted] = [this.isAt(this.first()), this.isAt(this.fitted())];
    this.width = width;
    this.height = height;
    if (wasFirst) Object.assign(this, this.first());
    else if (wasFitted) Object.assign(this, this.fitted());
  }

  /** Where the camera begins: it sees everything, or, too small to be read, the output's end. */
  first() {
    const whole = this.fitted();
    if (whole.scale >= SMALLEST_FIRST_SCALE || !this.end) return whole;
    const { x0, y0, x1, y1 } = this.bounds;
    return {
      x: besideEnd(this.end.x, x0, x1, (this.width / 2 - FIT_MARGIN) / FIRST_SCALE),
      y: besideEnd(this.end.y, y0, y1, (this.height / 2 - FIT_MARGIN_ABOVE) / FIRST_SCALE),
      scale: FIRST_SCALE,
    };
  }

  /** Where the camera sees the whole drawing. */
  fitted() {
    return this.fittedTo(this.bounds ?? { x0: 0, y0: 0, x1: 1, y1: 1 });
  }

  fittedTo({ x0, y0, x1, y1 }) {
    const across = (this.width - 2 * FIT_MARGIN) / Math.max(1e-6, x1 - x0);
    const down = (this.height - 2 * FIT_MARGIN_ABOVE) / Math.max(1e-6, y1 - y0);
    const scale = Math.max(1e-6, Math.min(across, down, MAX_FIT_SCALE));
    return { x: (x0 + x1) / 2, y: (y0 + y1) / 2, scale };
  }

  isAt({ x, y, scale }) {
    const isNear = (a, b) => Math.abs(a - b) * this.scale < 0.5;
    return isNear(x, this.x) && isNear(y, this.y) && Math.abs(scale / this.scale - 1) < 1e-3;
  }

  fit(isAnimated = false) {
    if (isAnimated) this.flyTo(this.fitted());
    else this.set(this.fitted());
  }

  panBy(dx, dy) {
    this.set({ x: this.x - dx / this.scale, y: this.y - dy / this.scale });
  }

  /** Zoom; what is at this place of the view stays there. Says whether anything changed. */
  zoomAt(factor, viewX, viewY) {
    const scale = clamp(this.scale * factor, this.minScale, MAX_SCALE);
    if (Math.abs(scale / this.scale - 1) < 1e-6) return false;
    const [x, y] = [this.toX(viewX), this.toY(viewY)];
    this.set({
      scale,
      x: x - (viewX - this.width / 2) / scale,
      y: y - (viewY - this.height / 2) / scale,
    });
    return true;
  }

  zoom(factor) {
    const scale = clamp(this.scale * factor, this.minScale, MAX_SCALE);
    this.flyTo({ x: this.x, y: this.y, scale }, 150);
  }

  /** Move there smoothly, or at once for who asked for less motion. */
  flyTo(state, duration = FLIGHT_MS) {
    cancelAnimationFrame(this.flight);
    if (wantsLessMotion()) {
      this.set(state);
      return;
    }
    const from = this.state;
    const ratio = state.scale / from.scale;
    let begin;
    const move = (now) => {
      begin ??= now;
      const time = clamp((now - begin) / duration, 0, 1);
      const eased = time * time * (3 - 2 * time);
      const scale = from.scale * ratio ** eased;
      // The middle moves as fast as the scale lets it look.
      const share = Math.abs(ratio - 1) < 1e-3 ? eased : (1 - ratio ** -eased) / (1 - 1 / ratio);
      this.x = from.x + (state.x - from.x) * share;
      this.y = from.y + (state.y - from.y) * share;
      this.scale = time < 1 ? scale : state.scale;
      this.flight = time < 1 ? requestAnimationFrame(move) : 0;
      this.onChange();
    };
    this.flight = requestAnimationFrame(move);
  }

  /** Show a vertex: at a scale at which it can be read, and in the middle unless it is near it. */
  flyToVertex(drawing, v) {
    const [viewX, viewY] = [this.fromX(drawing.x[v]), this.fromY(drawing.y[v])];
    const scale = clamp(this.scale, READABLE_SCALE, MAX_SCALE);
    const isInside = (place, size) => place > 0.12 * size && place < 0.88 * size;
    const isSeen = isInside(viewX, this.width) && isInside(viewY, this.height);
    if (isSeen && scale === this.scale) return;
    this.flyTo({ x: drawing.x[v], y: drawing.y[v], scale });
  }

  /** Show a frame whole, unless it is; never from nearer than now. */
  flyToFrame({ x0, y0, x1, y1 }) {
    const isSeen =
      this.fromX(x0) >= 0 && this.fromX(x1) <= this.width &&
      this.fromY(y0) >= 0 && this.fromY(y1) <= this.height;
    if (isSeen) return;
    const goal = this.fittedTo({ x0, y0, x1, y1 });
    this.flyTo({ ...goal, scale: Math.min(goal.scale, this.scale) });
  }

  toX(viewX) {
    return this.x + (viewX - this.width / 2) / this.scale;
  }

  toY(viewY) {
    return this.y + (viewY - this.height / 2) / this.scale;
  }

  fromX(x) {
    return (x - this.x) * this.scale + this.width / 2;
  }

  fromY(y) {
    return (y - this.y) * this.scale + this.height / 2;
  }
}

function wantsLessMotion() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
