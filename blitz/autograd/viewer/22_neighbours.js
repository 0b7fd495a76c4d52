// Walks along the edges of a drawing: neighbours, everything before or after, shortest paths.

/** The edges at each vertex: `end` is "source" or "target", the end at which it is listed. */
function edgesByEnd(drawing, end) {
  const ends = drawing[end];
  const start = new Int32Array(drawing.numVertices + 1);
  for (const v of ends) if (v >= 0 && v < drawing.numVertices) start[v + 1] += 1;
  for (let v = 0; v < drawing.numVertices; v += 1) start[v + 1] += start[v];
  const next = start.slice();
  const edges = new Int32Array(start[drawing.numVertices]);
  for (let e = 0; e < ends.length; e += 1) {
    const v = ends[e];
    if (v < 0 || v >= drawing.numVertices) continue;
    edges[next[v]] = e;
    next[v] += 1;
  }
  return { start, edges };
}

class Neighbours {
  constructor(drawing) {
    this.drawing = drawing;
    // Made when first asked for: a first picture does without them.
    this.lists = {};
  }

  list(end) {
    this.lists[end] ??= edgesByEnd(this.drawing, end);
    return this.lists[end];
  }

  /** The edges that begin (end "target", in the data's direction) or end (end "source") at v. */
  edgesAt(v, end) {
    const { start, edges } = this.list(end);
    return edges.subarray(start[v], start[v + 1]);
  }

  /**
   * Breadth first from some vertices, towards the output or the inputs; `cameBy` has for each
   * vertex the edge that led to it, -1 at the beginning, -2 where the walk did not come.
   */
  walk(from, towardsOutput) {
    const { source, target, numVertices } = this.drawing;
    const listedAt = towardsOutput ? "target" : "source";
    const farEnds = towardsOutput ? source : target;
    const cameBy = new Int32Array(numVertices).fill(-2);
    const queue = [...from];
    for (const v of queue) cameBy[v] = -1;
    for (let i = 0; i < queue.length; i += 1) {
      for (const e of this.edgesAt(queue[i], listedAt)) {
        const v = farEnds[e];
        if (cameBy[v] !== -2 || v < 0 || v >= numVertices) continue;
        cameBy[v] = e;
        queue.push(v);
      }
    }
    return { cameBy, reached: queue };
  }

  /** Everything on the way from v to the output, or to the inputs, as what is highlighted. */
  everything(v, towardsOutput) {
    const { drawing } = this;
    const { reached } = this.walk(drawing.copiesOf(v), towardsOutput);
    const vertices = new Uint8Array(drawing.numVertices);
    const edges = new Uint8Array(drawing.numEdges);
    for (const one of reached) {
      vertices[one] = 1;
      for (const e of this.edgesAt(one, towardsOutput ? "target" : "source")) edges[e] = 1;
    }
    return { vertices, edges, size: reached.length };
  }

  /** A shortest path between two vertices along the data's direction; null where there is none. */
  path(from, to) {
    return this.oneWayPath(from, to) ?? this.oneWayPath(to, from);
  }

  oneWayPath(from, to) {
    const { drawing } = this;
    const { cameBy } = this.walk(drawing.copiesOf(from), true);
    const end = [to, ...drawing.copiesOf(to)].find((v) => cameBy[v] !== -2);
    if (end === undefined) return null;
    const vertices = new Uint8Array(drawing.numVertices);
    const edges = new Uint8Array(drawing.numEdges);
    let length = 0;
    let v = end;
    vertices[v] = 1;
    while (cameBy[v] >= 0) {
      edges[cameBy[v]] = 1;
      v = drawing.target[cameBy[v]];
      vertices[v] = 1;
      length += 1;
    }
    return { vertices, edges, size: length + 1, length };
  }

  /** The neighbour along the flow that lies most nearly ahead; -1 where there is none. */
  ahead(v, towardsOutput) {
    const { source, target, isDown, x, y, isDrawn } = this.drawing;
    const across = isDown ? x : y;
    let best = -1;
    for (const e of this.edgesAt(v, towardsOutput ? "target" : "source")) {
      const other = towardsOutput ? source[e] : target[e];
      if (!isDrawn[other]) continue;
      const isNearer = Math.abs(across[other] - across[v]) < Math.abs(across[best] - across[v]);
      if (best < 0 || isNearer) best = other;
    }
    return best;
  }

  /** The next vertex of the same layer, in the direction of `sign` across the flow; or -1. */
  sibling(v, sign) {
    const { isDown, x, y, width, height, isDrawn, numVertices } = this.drawing;
    const [along, across, size] = isDown ? [y, x, height] : [x, y, width];
    let best = -1;
    for (let other = 0; other < numVertices; other += 1) {
      if (other === v || !isDrawn[other]) continue;
      const reach = (size[v] + size[other]) / 4; // its middle lies within half of the other
      if (Math.abs(along[other] - along[v]) > reach) continue;
      const distance = sign * (across[other] - across[v]);
      if (distance > 0 && (best < 0 || distance < sign * (across[best] - across[v]))) best = other;
    }
    return best;
  }
}
