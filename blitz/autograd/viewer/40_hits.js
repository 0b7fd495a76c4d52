// What of a drawing is under the pointer.

const EDGE_REACH = 6; // CSS pixels
const MIN_EDGE_SCALE = 0.12; // below, edges lie too close to choose one

/** The vertex at a place of the view, or the nearest one within `reach` pixels; -1 for none. */
function vertexAt(drawing, camera, viewX, viewY, reach = 3) {
  const x = camera.toX(viewX);
  const y = camera.toY(viewY);
  let best = -1;
  let nearest = reach / camera.scale;
  for (let v = 0; v < drawing.numVertices; v += 1) {
    if (!drawing.isDrawn[v]) continue;
    const dx = Math.max(0, Math.abs(drawing.x[v] - x) - drawing.width[v] / 2);
    const dy = Math.max(0, Math.abs(drawing.y[v] - y) - drawing.height[v] / 2);
    const distance = Math.hypot(dx, dy);
    if (distance > nearest) continue;
    best = v; // of boxes that overlap the last one, which is painted last
    nearest = distance;
  }
  return best;
}

/** The edge at a place of the view; -1 for none. */
function edgeAt(drawing, camera, viewX, viewY) {
  if (camera.scale < MIN_EDGE_SCALE) return -1;
  const x = camera.toX(viewX);
  const y = camera.toY(viewY);
  const reach = EDGE_REACH / camera.scale;
  let best = -1;
  let nearest = EDGE_REACH;
  for (let e = 0; e < drawing.numEdges; e += 1) {
    const isNear =
      drawing.edgeX0[e] - reach <= x && drawing.edgeX1[e] + reach >= x &&
      drawing.edgeY0[e] - reach <= y && drawing.edgeY1[e] + reach >= y;
    if (!isNear) continue;
    const distance = distanceToEdge(drawing, camera, e, viewX, viewY);
    if (distance < nearest) [best, nearest] = [e, distance];
  }
  return best;
}

function distanceToEdge(drawing, camera, e, viewX, viewY) {
  const pieces = 8 * (2 + drawing.routeStart[e + 1] - drawing.routeStart[e]);
  let [fromX, fromY] = placeOnEdge(camera, drawing, e, 0);
  let nearest = Infinity;
  for (let i = 1; i <= pieces; i += 1) {
    const [toX, toY] = placeOnEdge(camera, drawing, e, i / pieces);
    nearest = Math.min(nearest, distanceToLine(viewX, viewY, fromX, fromY, toX, toY));
    [fromX, fromY] = [toX, toY];
  }
  return nearest;
}

function distanceToLine(x, y, fromX, fromY, toX, toY) {
  const [dx, dy] = [toX - fromX, toY - fromY];
  const square = dx * dx + dy * dy;
  const share = square ? clamp(((x - fromX) * dx + (y - fromY) * dy) / square, 0, 1) : 0;
  return Math.hypot(x - fromX - share * dx, y - fromY - share * dy);
}

/** The frame whose close button is at a place of the view; null for none. */
function closeButtonAt(buttons, viewX, viewY) {
  // The inner frame's button lies above the outer one's.
  const hit = buttons.findLast(({ x, y, radius }) => Math.hypot(viewX - x, viewY - y) <= radius);
  return hit?.frame ?? null;
}
