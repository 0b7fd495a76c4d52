// From one drawing to another of the same graph.

/** How far the nearest thing that both drawings have has moved; null where they share nothing. */
function shiftBetween(before, after, { x, y }) {
  if (!before.bounds || !after.bounds) return null;
  const places = new Map();
  for (let v = after.numVertices - 1; v >= 0; v -= 1) {
    if (after.node[v] >= 0 && after.isDrawn[v]) places.set(after.node[v], v);
  }
  let best = null;
  for (let v = 0; v < before.numVertices; v += 1) {
    const now = places.get(before.node[v]);
    if (now === undefined || !before.isDrawn[v]) continue;
    const distance = Math.hypot(before.x[v] - x, before.y[v] - y);
    if (!best || distance < best.distance) best = { distance, v, now };
  }
  return best && { x: after.x[best.now] - before.x[best.v], y: after.y[best.now] - before.y[best.v] };
}
