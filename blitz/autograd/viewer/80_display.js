// The canvases: paints with the next frame what has changed since the last one.

const REST_MS = 140; // without movement, until the picture is painted in full

class Display {
  /** marked(): what the overlay shows. */
  constructor(root, parts, listen, marked) {
    Object.assign(this, { root, parts, marked });
    this.camera = new Camera(() => this.onCamera());
    this.scene = new Scene();
    this.overlay = new Overlay();
    this.minimap = new Minimap(parts.map, this.camera, listen);
    this.drawing = null;
    this.look = null;
    this.theme = null;
    this.onMove = () => {}; // what is under the pointer is another now
    this.pulse = 0.5; // how far the pulses of a playback have come
    this.isSceneDue = this.isMapDue = false;
    this.resizing = new ResizeObserver(() => this.resize());
    this.resizing.observe(parts.stage);
  }

  close() {
    this.resizing.disconnect();
    cancelAnimationFrame(this.frame);
    cancelAnimationFrame(this.camera.flight);
    clearTimeout(this.restTimer);
    this.isClosed = true;
  }

  get ratio() {
    return Math.min(3, window.devicePixelRatio || 1);
  }

  get painting() {
    const { drawing, theme, look, pulse } = this;
    return { drawing, theme, look, time: pulse, marked: this.marked() };
  }

  /** arrival: when its bytes came. */
  show(drawing, arrival) {
    this.drawing = drawing;
    this.look = new Look(drawing);
    this.camera.bounds = drawing.bounds;
    this.camera.end = drawing.end;
    this.arrival = arrival;
    this.parts.empty.hidden = drawing.bounds !== null;
    this.repaint();
  }

  /** All of it, with the next frame. */
  repaint() {
    this.isSceneDue = this.isMapDue = true;
    this.schedule();
  }

  repaintOverlay() {
    this.schedule();
  }

  onCamera() {
    this.isMoving = true;
    this.onMove();
    this.isSceneDue = true;
    clearTimeout(this.restTimer);
    this.restTimer = setTimeout(() => this.rest(), REST_MS);
    this.schedule();
  }

  rest() {
    this.isMoving = false;
    if (!this.isRough) return;
    this.isSceneDue = true;
    this.schedule();
  }

  schedule() {
    if (this.isClosed) return;
    this.frame ??= requestAnimationFrame(() => this.paint());
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.parts.stage;
    if (!width || !height) return; // in a tab that is not shown
    this.camera.resize(width, height);
    for (const canvas of [this.parts.scene, this.parts.overlay]) {
      canvas.width = Math.round(width * this.ratio);
      canvas.height = Math.round(height * this.ratio);
    }
    this.isSceneDue = true;
    // At once: a canvas that has another size is empty.
    cancelAnimationFrame(this.frame);
    this.paint();
  }

  paint() {
    this.frame = null;
    const { camera, painting, ratio } = this;
    if (!this.theme) return;
    const isNewDrawing = this.root.dataset.paintedKey !== this.drawing?.key;
    if (this.isSceneDue) {
      const context = this.parts.scene.getContext("2d", { alpha: false });
      this.isRough = this.scene.paint({ ...painting, context, camera, ratio, isMoving: this.isMoving });
      this.isSceneDue = false;
    }
    if (this.isMapDue) {
      this.minimap.paintWhole({ ...painting, ratio });
      this.isMapDue = false;
    }
    this.minimap.paint({ ...painting, ratio });
    const context = this.parts.overlay.getContext("2d");
    this.overlay.paint({ ...painting, context, camera, ratio });
    this.root.dataset.scale = camera.scale.toPrecision(6);
    this.root.dataset.center = `${camera.x.toFixed(2)},${camera.y.toFixed(2)}`;
    if (this.drawing && isNewDrawing) this.tellFirstPaint();
  }

  tellFirstPaint() {
    this.root.dataset.paintedKey = this.drawing.key;
    // The frame is on the screen before the next one begins.
    requestAnimationFrame(() => {
      this.root.dataset.firstPaintMs = Math.round(performance.now() - this.arrival);
    });
  }
}
