// The texts in and at the boxes: drawn only where they can be read.

const LABEL_SIZE = 12; // of a text at scale 1
const NOTE_SIZE = 10;
const SMALLEST_TEXT = 7; // pixels
const READABLE_SCALE = 0.85; // to which a flight to a vertex zooms in, at least
const PADDING = 9;
const MAX_CACHED = 20_000;

class Labels {
  constructor() {
    this.shortened = new Map();
  }

  /** The text, or as much of its beginning as fits; widths are measured at 10 pixels. */
  fitted(context, font, text, room) {
    const key = `${Math.floor(room)} ${text}`;
    const known = this.shortened.get(key);
    if (known !== undefined) return known;
    if (this.shortened.size > MAX_CACHED) this.shortened.clear();
    context.save();
    context.font = `10px ${font}`;
    let shown = text;
    if (context.measureText(text).width > room) {
      let [fits, tooLong] = [0, text.length];
      while (tooLong - fits > 1) {
        const middle = (fits + tooLong) >> 1;
        if (context.measureText(`${text.slice(0, middle)}…`).width <= room) fits = middle;
        else tooLong = middle;
      }
      shown = fits > 0 ? `${text.slice(0, fits)}…` : "";
    }
    context.restore();
    this.shortened.set(key, shown);
    return shown;
  }

  paint(context, camera, drawing, theme, look, vertices) {
    if (LABEL_SIZE * camera.scale < SMALLEST_TEXT) return;
    context.textAlign = "center";
    context.textBaseline = "middle";
    for (const v of vertices) {
      const vertexClass = look.vertexClass(v);
      context.globalAlpha = vertexClass & FAINT ? 0.35 : 1;
      this.paintOne(context, camera, drawing, theme, v, vertexColors(theme, vertexClass));
    }
    context.globalAlpha = 1;
  }

  paintOne(context, camera, drawing, theme, v, colors) {
    const x = camera.fromX(drawing.x[v]);
    const y = camera.fromY(drawing.y[v]);
    const height = drawing.height[v];
    const note = drawing.text(drawing.note[v]);
    const noteSize = Math.min(NOTE_SIZE, height * 0.28);
    const hasNote = note !== "" && height >= 24 && noteSize * camera.scale >= SMALLEST_TEXT - 1;
    const size = Math.min(LABEL_SIZE, height * (hasNote ? 0.36 : 0.6));
    const room = drawing.width[v] - 2 * PADDING * Math.min(1, height / 30);
    const write = (text, points, place, color, weight) => {
      if (points * camera.scale < SMALLEST_TEXT - 1) return;
      const shown = this.fitted(context, theme.font, text, (room * 10) / points);
      const font = `${weight} ${(points * camera.scale).toFixed(1)}px ${theme.font}`;
      if (context.font !== font) context.font = font;
      context.fillStyle = color;
      context.fillText(shown, x, place);
    };
    const lift = hasNote ? noteSize * 0.62 * camera.scale : 0;
    write(drawing.labelOf(v), size, y - lift, colors.text, 500);
    if (!hasNote) return;
    const isOnColor = colors.text === theme.parameterText;
    write(note, noteSize, y + size * 0.62 * camera.scale, isOnColor ? colors.text : theme.faint, 400);
  }

  /** Small signs on the upper right corner of boxes, and a plus on what can be opened. */
  paintMarks(context, camera, drawing, theme, vertices) {
    const radius = 6.5 * camera.scale;
    if (radius < 3.8) return;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.font = `600 ${(9 * camera.scale).toFixed(1)}px ${theme.font}`;
    for (const v of vertices) {
      let x = camera.fromX(drawing.x[v] + drawing.width[v] / 2) - radius * 1.3;
      const y = camera.fromY(drawing.y[v] - drawing.height[v] / 2);
      for (const { bit, sign } of MARKS) {
        if (!(drawing.mark[v] & bit)) continue;
        const isBad = bit === ERROR || bit === NOT_FINITE;
        this.paintMark(context, theme, { x, y, radius, sign, isBad });
        x -= radius * 2.2;
      }
    }
  }

  paintMark(context, theme, { x, y, radius, sign, isBad }) {
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fillStyle = isBad ? theme.error : theme.background;
    context.strokeStyle = isBad ? theme.error : theme.border;
    context.lineWidth = 1;
    context.fill();
    context.stroke();
    context.fillStyle = isBad ? theme.background : theme.faint;
    context.fillText(sign, x, y + radius * 0.08);
  }
}
