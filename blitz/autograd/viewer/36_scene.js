// Paints what the camera sees of a drawing on a canvas: frames, edges, vertices, texts.

// More parts than this are painted pixel by pixel; while the camera moves, fewer.
const MAX_PARTS = 6_000;
const MAX_MOVING_PARTS = 2_500;
const MAX_LABELS = 2_000;
const EDGES_A_PATH = 200; // the time of a path grows faster than its length
const ARROW_SCALE = 0.5;

class Scene {
  constructor() {
    this.pixels = new Pixels();
    this.labels = new Labels();
    this.closeButtons = []; // places of the last picture: { x, y, radius, frame }
  }

  /** Paint it; says whether a camera at rest would have a finer picture. */
  paint({ context, camera, ratio, drawing, theme, look, isMoving = false }) {
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.globalAlpha = 1;
    context.fillStyle = theme.background;
    context.fillRect(0, 0, camera.width, camera.height);
    this.closeButtons = [];
    if (!drawing) return false;
    const vertices = seenVertices(drawing, camera);
    const edges = seenEdges(drawing, camera);
    const parts = vertices.length + edges.length;
    paintFrames(context, camera, drawing, theme);
    if (parts > (isMoving ? MAX_MOVING_PARTS : MAX_PARTS)) {
      this.pixels.paint(context, { camera, ratio, drawing, theme, look, vertices, edges });
    } else {
      paintEdges(context, camera, drawing, theme, look, edges);
      paintVertices(context, camera, drawing, theme, look, vertices);
    }
    if (vertices.length <= MAX_LABELS) {
      this.labels.paint(context, camera, drawing, theme, look, vertices);
      this.labels.paintMarks(context, camera, drawing, theme, vertices);
    }
    this.closeButtons = paintFrameLabels(context, camera, drawing, theme, this.labels);
    return isMoving && parts > MAX_MOVING_PARTS && parts <= MAX_PARTS;
  }
}

/** The part of the drawing in view, with room for what reaches over its rectangle. */
function seenBounds(camera, margin = 24) {
  return {
    x0: camera.toX(-margin), y0: camera.toY(-margin),
    x1: camera.toX(camera.width + margin), y1: camera.toY(camera.height + margin),
  };
}

// Comparing a hundred thousand rectangles takes half a millisecond: no index is needed.

function seenVertices({ x, y, width, height, isDrawn, numVertices }, camera) {
  const { x0, y0, x1, y1 } = seenBounds(camera);
  const seen = [];
  for (let v = 0; v < numVertices; v += 1) {
    if (!isDrawn[v]) continue;
    if (x[v] + width[v] / 2 < x0 || x[v] - width[v] / 2 > x1) continue;
    if (y[v] + height[v] / 2 < y0 || y[v] - height[v] / 2 > y1) continue;
    seen.push(v);
  }
  return seen;
}

function seenEdges({ edgeX0, edgeX1, edgeY0, edgeY1, numEdges }, camera) {
  const { x0, y0, x1, y1 } = seenBounds(camera);
  const seen = [];
  for (let e = 0; e < numEdges; e += 1) {
    // Where an edge has no place all of these are false.
    if (edgeX1[e] >= x0 && edgeX0[e] <= x1 && edgeY1[e] >= y0 && edgeY0[e] <= y1) seen.push(e);
  }
  return seen;
}

/** The items by their class, in ascending order of the classes. */
function byClass(items, classOf) {
  const groups = new Map();
  for (const item of items) {
    const key = classOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return [...groups].sort(([a], [b]) => a - b);
}

function paintEdges(context, camera, drawing, theme, look, edges) {
  const thickness = (e) => Math.min(7, Math.floor(Math.log2(Math.max(1, drawing.count[e]))));
  const groups = byClass(edges, (e) => look.edgeClass(e) * 8 + thickness(e));
  // The faint ones first: nothing is hidden by them.
  groups.sort(([a], [b]) => (b >> 3 === EDGE_FAINT) - (a >> 3 === EDGE_FAINT));
  for (const [key, members] of groups) {
    const edgeClass = key >> 3;
    const width = edgeWidth(edgeClass, 2 ** (key & 7));
    context.globalAlpha = edgeClass === EDGE_FAINT ? 0.3 : 1;
    context.strokeStyle = context.fillStyle = edgeColor(theme, edgeClass);
    context.lineWidth = Math.max(0.7, width * Math.min(1, camera.scale));
    for (let i = 0; i < members.length; i += EDGES_A_PATH) {
      context.beginPath();
      for (const e of members.slice(i, i + EDGES_A_PATH)) traceEdge(context, camera, drawing, e);
      context.stroke();
    }
    if (camera.scale < ARROW_SCALE) continue;
    context.beginPath();
    const size = (5 + width) * Math.min(1.3, camera.scale);
    for (const e of members) traceArrow(context, camera, drawing, e, size);
    context.fill();
  }
  context.globalAlpha = 1;
}

function paintVertices(context, camera, drawing, theme, look, vertices) {
  for (const [vertexClass, members] of byClass(vertices, (v) => look.vertexClass(v))) {
    const { fill, border } = vertexColors(theme, vertexClass);
    const kind = vertexClass & 7;
    const isFaint = Boolean(vertexClass & FAINT);
    const width = kind === GROUP || kind === OUTPUT || vertexClass & BROKEN ? 1.8 : 1.2;
    context.lineWidth = Math.max(0.8, width * Math.min(1.2, camera.scale));
    context.strokeStyle = border;
    if (kind === GROUP) paintStacks(context, camera, drawing, theme, members, isFaint);
    context.beginPath();
    for (const v of members) traceOrDot(context, camera, drawing, v);
    context.fillStyle = theme.background; // so that no edge shows through what is faint
    if (isFaint) context.fill();
    context.globalAlpha = isFaint ? 0.35 : 1;
    context.fillStyle = isDot(camera, drawing, members[0]) ? border : fill;
    context.fill();
    context.stroke();
    context.globalAlpha = 1;
  }
}

const isDot = (camera, drawing, v) => drawing.height[v] * camera.scale < 3;

function traceOrDot(context, camera, drawing, v) {
  if (!isDot(camera, drawing, v)) {
    traceDrawn(context, camera, drawing, v);
    return;
  }
  const width = Math.max(2, drawing.width[v] * camera.scale);
  context.rect(camera.fromX(drawing.x[v]) - width / 2, camera.fromY(drawing.y[v]) - 1, width, 2);
}

/** Two more cards behind each group: there is more in it. */
function paintStacks(context, camera, drawing, theme, members, isFaint) {
  context.globalAlpha = isFaint ? 0.35 : 1;
  context.fillStyle = theme.background;
  for (const step of [2, 1]) {
    const shift = 3.2 * step * camera.scale;
    context.beginPath();
    for (const v of members) {
      const width = drawing.width[v] * camera.scale;
      const height = drawing.height[v] * camera.scale;
      const x = camera.fromX(drawing.x[v]) - width / 2;
      const y = camera.fromY(drawing.y[v]) - height / 2;
      traceVertex(context, GROUP, x + shift, y + shift, width, height);
    }
    context.fill();
    context.stroke();
  }
  context.globalAlpha = 1;
}

function paintFrames(context, camera, drawing, theme) {
  context.lineWidth = 1;
  for (const frame of drawing.frames) {
    const x = camera.fromX(frame.x0);
    const y = camera.fromY(frame.y0);
    const width = (frame.x1 - frame.x0) * camera.scale;
    const height = (frame.y1 - frame.y0) * camera.scale;
    if (x > camera.width || y > camera.height || x + width < 0 || y + height < 0) continue;
    context.beginPath();
    context.roundRect(x, y, width, height, Math.min(10 * camera.scale, width / 2, height / 2));
    context.fillStyle = theme.frame;
    context.strokeStyle = theme.frameBorder;
    context.fill();
    context.stroke();
  }
}

/** Names of the frames, each with a button to close it; returns where the buttons are. */
function paintFrameLabels(context, camera, drawing, theme, labels) {
  const size = clamp(LABEL_SIZE * camera.scale, 10.5, 13);
  const buttons = [];
  const taken = []; // names that do not fit beside another one's are left out
  context.textAlign = "left";
  context.textBaseline = "middle";
  for (const frame of drawing.frames) {
    const x = camera.fromX(frame.x0) + 6;
    const y = camera.fromY(frame.y0) + size * 0.95;
    const right = camera.fromX(frame.x1);
    const isLow = (frame.y1 - frame.y0) * camera.scale < 3 * size;
    if (right - x < 60 || isLow || x > camera.width || right < 0 || y < 0 || y > camera.height) {
      continue;
    }
    const isTaken = taken.some(
      (other) => Math.abs(other.y - y) < size * 1.3 && other.x1 > x && other.x0 < right,
    );
    if (isTaken) continue;
    const left = Math.max(x, 4); // stays in view while its frame does
    const radius = size * 0.55;
    const room = ((right - left - 2.5 * size) * 10) / size;
    const text = labels.fitted(context, theme.font, frame.label, room);
    context.font = `600 ${size.toFixed(1)}px ${theme.font}`;
    context.fillStyle = theme.faint;
    context.fillText(text, left + 2.2 * radius + 4, y);
    paintCross(context, theme, left + radius, y, radius);
    const end = left + 2.2 * radius + 4 + context.measureText(text).width;
    taken.push({ x0: left, x1: end, y });
    buttons.push({ x: left + radius, y, radius: Math.max(9, radius + 3), frame });
  }
  return buttons;
}

function paintCross(context, theme, x, y, radius) {
  const arm = radius * 0.42;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = theme.background;
  context.strokeStyle = theme.border;
  context.lineWidth = 1;
  context.fill();
  context.stroke();
  context.beginPath();
  context.moveTo(x - arm, y - arm);
  context.lineTo(x + arm, y + arm);
  context.moveTo(x + arm, y - arm);
  context.lineTo(x - arm, y + arm);
  context.strokeStyle = theme.faint;
  context.lineWidth = 1.3;
  context.stroke();
}
