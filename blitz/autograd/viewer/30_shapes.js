// The outlines of vertices and edges, added to a canvas path in pixels of the view.

/** Each kind has a shape of its own, so that no one needs to see the colours. */
function traceVertex(context, kind, x, y, width, height) {
  const radius = Math.min(width, height) / 2;
  if (kind === PARAMETER) context.roundRect(x, y, width, height, radius);
  else if (kind === INPUT) traceSides(context, x, y, width, height, radius * 0.6, true);
  else if (kind === OUTPUT) traceSides(context, x, y, width, height, radius * 0.7, false);
  else context.roundRect(x, y, width, height, radius * 0.34);
}

/** A box with pointed sides: both (a hexagon) or the right one (a flag). */
function traceSides(context, x, y, width, height, point, isBoth) {
  const middle = y + height / 2;
  const left = isBoth ? x + point : x;
  context.moveTo(left, y);
  context.lineTo(x + width - point, y);
  context.lineTo(x + width, middle);
  context.lineTo(x + width - point, y + height);
  context.lineTo(left, y + height);
  if (isBoth) context.lineTo(x, middle);
  context.closePath();
}

/** The outline of vertex v of a drawing, `grown` pixels larger on each side. */
function traceDrawn(context, camera, drawing, v, grown = 0) {
  const width = drawing.width[v] * camera.scale + 2 * grown;
  const height = drawing.height[v] * camera.scale + 2 * grown;
  const x = camera.fromX(drawing.x[v]) - width / 2;
  const y = camera.fromY(drawing.y[v]) - height / 2;
  traceVertex(context, drawing.kind[v], x, y, width, height);
}

/** The points of an edge in pixels of the view. */
function viewPoints(camera, drawing, e) {
  const points = drawing.points(e);
  for (let i = 0; i < points.length; i += 2) {
    points[i] = camera.fromX(points[i]);
    points[i + 1] = camera.fromY(points[i + 1]);
  }
  return points;
}

function traceEdge(context, camera, drawing, e) {
  const points = viewPoints(camera, drawing, e);
  context.moveTo(points[0], points[1]);
  for (const [x1, y1, x2, y2, x, y] of curves(points, drawing.isDown)) {
    context.bezierCurveTo(x1, y1, x2, y2, x, y);
  }
}

/**
 * Bézier curves through points, as [control, control, end] each. They leave the first and reach the
 * last point along the flow, and never swing past a point: cubic Hermite curves with the slopes of
 * Fritsch and Butland (1984), the harmonic mean of the neighbours. Where the way goes back against
 * the flow there is no slope, and the handles alone make the bend.
 */
function curves(points, isDown) {
  const last = points.length / 2 - 1;
  const along = isDown ? 1 : 0;
  const at = (i, axis) => points[2 * i + axis];
  const slopes = [0];
  for (let i = 1; i < last; i += 1) {
    const before = steepness(at(i, along) - at(i - 1, along), at(i, 1 - along) - at(i - 1, 1 - along));
    const after = steepness(at(i + 1, along) - at(i, along), at(i + 1, 1 - along) - at(i, 1 - along));
    slopes.push(before * after > 0 ? (2 * before * after) / (before + after) : 0);
  }
  slopes.push(0);
  const pieces = [];
  for (let i = 0; i < last; i += 1) {
    const run = at(i + 1, along) - at(i, along);
    // Shorter handles than a third of a way that goes back would make a spike.
    const handle = run > 0 ? run * (last === 1 ? 0.5 : 0.4) : Math.min(40, 8 - run);
    const first = [at(i, along) + handle, at(i, 1 - along) + slopes[i] * handle];
    const second = [at(i + 1, along) - handle, at(i + 1, 1 - along) - slopes[i + 1] * handle];
    const end = [at(i + 1, along), at(i + 1, 1 - along)];
    const pairs = [first, second, end];
    pieces.push(pairs.flatMap(([a, b]) => (isDown ? [b, a] : [a, b])));
  }
  return pieces;
}

function steepness(run, rise) {
  return run > 0 ? rise / run : 0;
}

/** The place at a share of an edge's way, from its target to its source. */
function placeOnEdge(camera, drawing, e, share) {
  const points = viewPoints(camera, drawing, e);
  const pieces = curves(points, drawing.isDown);
  const whole = share * pieces.length;
  const i = Math.min(pieces.length - 1, Math.floor(whole));
  const t = whole - i;
  const [x1, y1, x2, y2, x3, y3] = pieces[i];
  const from = i === 0 ? [points[0], points[1]] : pieces[i - 1].slice(4);
  const blend = (a, b, c, d) =>
    a * (1 - t) ** 3 + 3 * b * t * (1 - t) ** 2 + 3 * c * t ** 2 * (1 - t) + d * t ** 3;
  return [blend(from[0], x1, x2, x3), blend(from[1], y1, y2, y3)];
}

/** An arrow head whose tip is at the end of an edge. */
function traceArrow(context, camera, drawing, e, size) {
  const x = camera.fromX(drawing.endX(e));
  const y = camera.fromY(drawing.endY(e));
  context.moveTo(x, y);
  if (drawing.isDown) {
    context.lineTo(x - size * 0.5, y - size);
    context.lineTo(x + size * 0.5, y - size);
  } else {
    context.lineTo(x - size, y - size * 0.5);
    context.lineTo(x - size, y + size * 0.5);
  }
  context.closePath();
}
