// Paints drawings of very many parts pixel by pixel: a tenth of the time that canvas paths take.
//
// Each pixel holds the number of a colour: 0 nothing, then edges by how many of them meet in the
// pixel, edges of other classes, the insides of vertices and their borders.

const MAX_DENSITY = 6;
const EDGE_COLORS = 10;
const FILL_COLORS = 64;
const BORDER_COLORS = 128;

class Pixels {
  constructor() {
    this.canvas = document.createElement("canvas");
    this.numbers = new Uint8Array(0);
  }

  /** Paint the vertices and edges listed; `ratio` device pixels are one of the view. */
  paint(context, { camera, ratio, drawing, theme, look, vertices, edges }) {
    const width = Math.round(camera.width * ratio);
    const height = Math.round(camera.height * ratio);
    this.resize(width, height);
    const scale = camera.scale * ratio;
    const left = width / 2 - camera.x * scale;
    const top = height / 2 - camera.y * scale;
    for (const e of edges) this.edge(drawing, e, look.edgeClass(e), scale, left, top);
    for (const v of vertices) this.vertex(drawing, v, look.vertexClass(v), scale, left, top);
    const colors = colorNumbers(theme);
    for (let i = 0; i < this.numbers.length; i += 1) this.words[i] = colors[this.numbers[i]];
    this.canvas.getContext("2d").putImageData(this.image, 0, 0);
    context.drawImage(this.canvas, 0, 0, camera.width, camera.height);
  }

  resize(width, height) {
    if (this.canvas.width !== width || this.canvas.height !== height || !this.image) {
      this.canvas.width = width;
      this.canvas.height = height;
      this.numbers = new Uint8Array(width * height);
      this.image = new ImageData(width, height);
      this.words = new Uint32Array(this.image.data.buffer);
    }
    this.width = width;
    this.height = height;
    this.numbers.fill(0);
  }

  edge(drawing, e, edgeClass, scale, left, top) {
    const first = 2 * drawing.routeStart[e];
    const end = 2 * drawing.routeStart[e + 1];
    let x = drawing.startX(e) * scale + left;
    let y = drawing.startY(e) * scale + top;
    for (let i = first; i < end; i += 2) {
      const nextX = drawing.route[i] * scale + left;
      const nextY = drawing.route[i + 1] * scale + top;
      this.line(x, y, nextX, nextY, edgeClass);
      [x, y] = [nextX, nextY];
    }
    this.line(x, y, drawing.endX(e) * scale + left, drawing.endY(e) * scale + top, edgeClass);
  }

  line(fromX, fromY, toX, toY, edgeClass) {
    const { width, height, numbers } = this;
    const dx = toX - fromX;
    const dy = toY - fromY;
    // The part of it within the picture (Liang and Barsky, 1984).
    let begin = 0;
    let end = 1;
    if (dx === 0 && (fromX < 0 || fromX >= width)) return;
    if (dy === 0 && (fromY < 0 || fromY >= height)) return;
    if (dx !== 0) {
      const [a, b] = [-fromX / dx, (width - 1 - fromX) / dx];
      begin = Math.max(begin, Math.min(a, b));
      end = Math.min(end, Math.max(a, b));
    }
    if (dy !== 0) {
      const [a, b] = [-fromY / dy, (height - 1 - fromY) / dy];
      begin = Math.max(begin, Math.min(a, b));
      end = Math.min(end, Math.max(a, b));
    }
    if (begin > end) return;
    const steps = Math.ceil(Math.max(Math.abs(dx), Math.abs(dy)) * (end - begin)) || 1;
    const stepX = (dx * (end - begin)) / steps;
    const stepY = (dy * (end - begin)) / steps;
    let x = fromX + dx * begin;
    let y = fromY + dy * begin;
    for (let i = 0; i <= steps; i += 1) {
      const place = (y | 0) * width + (x | 0);
      if (edgeClass !== EDGE_NORMAL) numbers[place] = EDGE_COLORS + edgeClass;
      else if (numbers[place] < MAX_DENSITY) numbers[place] += 1;
      x += stepX;
      y += stepY;
    }
  }

  vertex(drawing, v, vertexClass, scale, left, top) {
    const wide = Math.max(2, drawing.width[v] * scale);
    const high = Math.max(2, drawing.height[v] * scale);
    const x0 = Math.round(drawing.x[v] * scale + left - wide / 2);
    const y0 = Math.round(drawing.y[v] * scale + top - high / 2);
    const x1 = x0 + Math.round(wide);
    const y1 = y0 + Math.round(high);
    const hasBorder = wide >= 5 && high >= 5;
    // A dot has the stronger colour of a box, that of its border.
    this.fill(x0, y0, x1, y1, BORDER_COLORS + vertexClass);
    if (hasBorder) this.fill(x0 + 1, y0 + 1, x1 - 1, y1 - 1, FILL_COLORS + vertexClass);
  }

  fill(x0, y0, x1, y1, number) {
    const from = Math.max(0, x0);
    const to = Math.min(this.width, x1);
    if (from >= to) return;
    for (let y = Math.max(0, y0); y < Math.min(this.height, y1); y += 1) {
      this.numbers.fill(number, y * this.width + from, y * this.width + to);
    }
  }
}

/** The colours of all numbers, each as one word of an image. */
function colorNumbers(theme) {
  const words = new Uint32Array(256);
  const set = (number, color, opacity = 1) => {
    const [red, green, blue] = color.match(/\d+/g).map(Number);
    words[number] = ((Math.round(opacity * 255) << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  };
  for (let i = 1; i <= MAX_DENSITY; i += 1) set(i, theme.edgeStrong, 0.22 + 0.09 * i);
  for (let i = 0; i < SHADE + NORM_SHADES; i += 1) {
    const color = edgeColor(theme, i);
    if (color) set(EDGE_COLORS + i, color, i === EDGE_FAINT ? 0.35 : 1);
  }
  for (let i = 0; i < 64; i += 1) {
    if ((i & 7) > OUTPUT) continue;
    const { fill, border } = vertexColors(theme, i);
    set(FILL_COLORS + i, fill, i & FAINT ? 0.35 : 1);
    set(BORDER_COLORS + i, border, i & FAINT ? 0.35 : 1);
  }
  return words;
}
