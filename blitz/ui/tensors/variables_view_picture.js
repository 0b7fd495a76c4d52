// A picture of cells: painted on a canvas, with what is lit as boxes above it, and a way to every
// cell by pointer and by keyboard.

const PEN = { text: 12, label: 10.5 };

class Picture {
  /** onPoint: is told the cell that a person points at, or null. */
  constructor(onPoint) {
    this.onPoint = onPoint;
    this.root = document.createElement("div");
    this.root.className = "blitz-variables-picture";
    this.root.innerHTML = "<div><canvas aria-hidden='true'></canvas><div class='lights'></div></div>";
    this.root.tabIndex = 0;
    this.root.setAttribute("role", "application");
    [this.frame] = this.root.children;
    [this.canvas, this.lights] = this.frame.children;
    this.frame.addEventListener("pointermove", (event) => this.onPointer(event));
    this.frame.addEventListener("pointerdown", (event) => this.onPointer(event));
    this.frame.addEventListener("pointerleave", () => this.point(null));
    this.root.addEventListener("keydown", (event) => this.onKey(event));
    this.root.addEventListener("focus", () => {
      if (this.root.matches(":focus-visible")) this.point(this.last ?? 0);
    });
    this.root.addEventListener("blur", () => this.point(null));
    this.watching = new IntersectionObserver(([{ isIntersecting }]) => {
      this.isNear = isIntersecting;
      this.paintIfNear();
    }, { rootMargin: "400px" });
    this.watching.observe(this.root);
  }

  describe(kind, label) {
    this.root.setAttribute("aria-roledescription", kind);
    this.root.setAttribute("aria-label", label);
  }

  /** Take its place at once, and paint when it comes near what is seen of the page.
   *  rows: draws what comes beside and below the cells. */
  draw(elements, layout, colors) {
    this.layout = layout;
    this.elements = elements;
    if (this.last >= elements.count) this.last = 0;
    this.frame.style.width = this.canvas.style.width = `${layout.width}px`;
    this.frame.style.height = this.canvas.style.height = `${layout.height}px`;
    this.light([]);
    this.pending = colors;
    this.paintIfNear();
  }

  paintIfNear() {
    if (!this.isNear || !this.pending) return;
    this.paint(this.pending);
    this.pending = null;
  }

  paint({ scale, palette, rows }) {
    const { width, height, labels, gaps } = this.layout;
    const density = window.devicePixelRatio || 1;
    this.canvas.width = Math.ceil(width * density);
    this.canvas.height = Math.ceil(height * density);
    const pen = this.canvas.getContext("2d");
    pen.scale(density, density);
    pen.textBaseline = "middle";
    this.drawCells(pen, scale, palette);
    pen.fillStyle = palette.faint;
    for (const each of labels) {
      pen.font = `${each.isTitle ? "600 " : ""}${PEN.label}px ${palette.font}`;
      pen.textAlign = each.align;
      pen.fillText(each.text, each.x, each.y);
    }
    pen.font = `${PEN.label}px ${palette.font}`;
    pen.textAlign = "center";
    for (const each of gaps) drawGap(pen, each);
    rows?.(pen);
  }

  drawCells(pen, scale, palette) {
    const { elements, layout } = this;
    const { xs, ys, isWritten } = layout;
    const [width, height] = layout.size;
    const seam = width < 7 ? 0.5 : 1;
    const isSigned = Math.min(width, height) >= 10;
    const fonts = [`${PEN.text}px ${palette.font}`, `700 ${PEN.text}px ${palette.font}`];
    pen.textAlign = "center";
    pen.lineJoin = "round";
    pen.lineWidth = 4;
    for (let cell = 0; cell < elements.count; cell += 1) {
      const { fill, ink, sign, halo } = palette.paint(elements.number(cell), elements.kind, scale);
      pen.fillStyle = fill;
      pen.fillRect(xs[cell], ys[cell], width - seam, height - seam);
      const text = isWritten ? elements.short(cell) : isSigned && sign;
      if (!text) continue;
      const [x, y] = [xs[cell] + (width - seam) / 2, ys[cell] + (height - seam) / 2 + 0.5];
      pen.font = fonts[sign ? 1 : 0];
      if (sign) {
        pen.strokeStyle = halo;
        pen.strokeText(text, x, y);
      }
      pen.fillStyle = ink;
      pen.fillText(text, x, y);
    }
  }

  /** Boxes around cells, and around gaps in which something lies that is left out. */
  light(cells, gaps = []) {
    const { xs, ys, size } = this.layout;
    if (!cells.length && !gaps.length && !this.lights.firstChild) return;
    const boxes = [
      ...cells.map((cell) => [xs[cell], ys[cell], ...size]),
      ...gaps.map(({ x, y, width, height }) => [x, y, width, height]),
    ];
    this.lights.innerHTML = boxes
      .map(
        ([x, y, width, height]) =>
          `<i style="left:${x - 1}px;top:${y - 1}px;width:${width + 1}px;height:${height + 1}px"></i>`,
      )
      .join("");
  }

  // Pointing

  point(cell) {
    if (cell === null && this.pointed === null) return;
    this.pointed = cell;
    if (cell !== null) this.last = cell;
    if (this.elements?.count) this.onPoint(cell);
  }

  onPointer(event) {
    const box = this.frame.getBoundingClientRect();
    const cell = this.cellAt(event.clientX - box.left, event.clientY - box.top);
    if (cell !== this.pointed) this.point(cell);
  }

  cellAt(x, y) {
    const { xs, ys, size } = this.layout;
    for (let cell = 0; cell < xs.length; cell += 1) {
      const isWithin = x >= xs[cell] && x < xs[cell] + size[0];
      if (isWithin && y >= ys[cell] && y < ys[cell] + size[1]) return cell;
    }
    return null;
  }

  onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || !this.elements?.count) return;
    const target = this.targetOf(event.key);
    if (target === undefined) return;
    event.preventDefault();
    this.point(target);
  }

  /** Where a key leads from the cell that was pointed at last. */
  targetOf(key) {
    const from = this.last ?? 0;
    if (this.pointed === null || this.pointed === undefined) {
      return key.startsWith("Arrow") ? from : undefined;
    }
    const last = this.elements.count - 1;
    if (key === "Escape") return null;
    if (key === "Home") return 0;
    if (key === "End") return last;
    const { xs, ys } = this.layout;
    const way = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[key];
    if (!way) return undefined;
    let [best, least] = [from, Infinity];
    for (let cell = 0; cell <= last; cell += 1) {
      const [right, down] = [xs[cell] - xs[from], ys[cell] - ys[from]];
      const ahead = right * way[0] + down * way[1];
      const aside = Math.abs(right * way[1]) + Math.abs(down * way[0]);
      if (ahead > 0 && aside < 1 && ahead < least) [best, least] = [cell, ahead];
    }
    // At the end of a line the next one begins.
    if (best === from && way[0]) return Math.max(0, Math.min(last, from + way[0]));
    return best;
  }
}

function drawGap(pen, { x, y, width, height, text, isUpright }) {
  const room = isUpright ? height : width;
  const shown = pen.measureText(text).width <= room ? text : "⋯";
  pen.save();
  pen.translate(x + width / 2, y + height / 2);
  if (isUpright) pen.rotate(-Math.PI / 2);
  pen.fillText(shown, 0, 0);
  pen.restore();
}
