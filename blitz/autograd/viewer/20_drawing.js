// A drawing: what is where, and who is joined with whom. Knows nothing of screens.

class Drawing {
  constructor(bytes, key) {
    const { header, arrays } = unpack(bytes);
    this.key = key;
    this.title = header.title ?? "";
    this.texts = header.texts ?? [];
    this.isDown = header.direction === "down";
    this.takeVertices(arrays, header.facts ?? []);
    this.takeEdges(arrays);
    this.takeFrames(arrays);
    this.bounds = this.measure();
    const output = this.kind.indexOf(OUTPUT);
    this.end = output < 0 ? null : { x: this.x[output], y: this.y[output] };
    this.measureEdges();
  }

  takeVertices(arrays, factNames) {
    const n = arrays.vertex_x?.length ?? 0;
    this.numVertices = n;
    this.x = arrays.vertex_x ?? new Float32Array(0);
    this.y = arrayOr(arrays, "vertex_y", Float32Array, n, 0);
    this.width = arrayOr(arrays, "vertex_width", Float32Array, n, 40);
    this.height = arrayOr(arrays, "vertex_height", Float32Array, n, 20);
    this.kind = arrayOr(arrays, "vertex_kind", Uint8Array, n, OPERATION);
    this.label = arrayOr(arrays, "vertex_label", Int32Array, n, -1);
    this.note = arrayOr(arrays, "vertex_note", Int32Array, n, -1);
    this.node = arrayOr(arrays, "vertex_node", Int32Array, n, -1);
    this.mark = arrayOr(arrays, "vertex_mark", Uint8Array, n, 0);
    this.factNames = factNames;
    this.facts = factNames.map((_, i) => arrayOr(arrays, `fact_${i}`, Int32Array, n, -1));
    this.isDrawn = new Uint8Array(n);
    for (let v = 0; v < n; v += 1) {
      const sum = this.x[v] + this.y[v] + this.width[v] + this.height[v];
      this.isDrawn[v] = Number.isFinite(sum) ? 1 : 0;
    }
  }

  takeEdges(arrays) {
    const m = arrays.edge_source?.length ?? 0;
    this.numEdges = m;
    this.source = arrays.edge_source ?? new Int32Array(0);
    this.target = arrayOr(arrays, "edge_target", Int32Array, m, -1);
    this.routeStart = arrayOr(arrays, "edge_route_start", Int32Array, m + 1, 0);
    this.route = arrays.route ?? new Float32Array(0);
    this.count = arrayOr(arrays, "edge_count", Int32Array, m, 1);
  }

  takeFrames(arrays) {
    const length = arrays.frame_x0?.length ?? 0;
    const read = (name, Type) => arrayOr(arrays, `frame_${name}`, Type, length, -1);
    const [x0, y0, x1, y1] = ["x0", "y0", "x1", "y1"].map((name) => read(name, Float32Array));
    const labels = read("label", Int32Array);
    const groups = read("group", Int32Array);
    this.frames = [...x0.keys()]
      .map((i) => ({
        x0: x0[i], y0: y0[i], x1: x1[i], y1: y1[i], label: this.text(labels[i]), group: groups[i],
      }))
      .filter(({ x0: a, y0: b, x1: c, y1: d }) => Number.isFinite(a + b + c + d))
      // The larger is behind.
      .sort((a, b) => (b.x1 - b.x0) * (b.y1 - b.y0) - (a.x1 - a.x0) * (a.y1 - a.y0));
  }

  /** The smallest rectangle around all that is drawn; null where nothing is. */
  measure() {
    let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let v = 0; v < this.numVertices; v += 1) {
      if (!this.isDrawn[v]) continue;
      const halfWidth = this.width[v] / 2;
      const halfHeight = this.height[v] / 2;
      x0 = Math.min(x0, this.x[v] - halfWidth);
      x1 = Math.max(x1, this.x[v] + halfWidth);
      y0 = Math.min(y0, this.y[v] - halfHeight);
      y1 = Math.max(y1, this.y[v] + halfHeight);
    }
    for (const frame of this.frames) {
      [x0, y0] = [Math.min(x0, frame.x0), Math.min(y0, frame.y0)];
      [x1, y1] = [Math.max(x1, frame.x1), Math.max(y1, frame.y1)];
    }
    return x0 <= x1 && y0 <= y1 ? { x0, y0, x1, y1 } : null;
  }

  /** The rectangle of each edge, empty where it cannot be drawn: enough to leave out the unseen. */
  measureEdges() {
    const m = this.numEdges;
    this.edgeX0 = new Float32Array(m);
    this.edgeX1 = new Float32Array(m);
    this.edgeY0 = new Float32Array(m);
    this.edgeY1 = new Float32Array(m);
    for (let e = 0; e < m; e += 1) {
      let [x0, y0, x1, y1] = [NaN, NaN, NaN, NaN];
      if (this.isDrawn[this.source[e]] && this.isDrawn[this.target[e]]) {
        const [ax, ay, bx, by] = [this.startX(e), this.startY(e), this.endX(e), this.endY(e)];
        [x0, x1] = [Math.min(ax, bx), Math.max(ax, bx)];
        [y0, y1] = [Math.min(ay, by), Math.max(ay, by)];
        for (let i = 2 * this.routeStart[e]; i < 2 * this.routeStart[e + 1]; i += 2) {
          x0 = Math.min(x0, this.route[i]);
          x1 = Math.max(x1, this.route[i]);
          y0 = Math.min(y0, this.route[i + 1]);
          y1 = Math.max(y1, this.route[i + 1]);
        }
      }
      this.edgeX0[e] = x0;
      this.edgeX1[e] = x1;
      this.edgeY0[e] = y0;
      this.edgeY1[e] = y1;
    }
  }

  // Where an edge leaves its target's box and enters its source's: along the flow of the data.

  startX(e) {
    const v = this.target[e];
    return this.isDown ? this.x[v] : this.x[v] + this.width[v] / 2;
  }

  startY(e) {
    const v = this.target[e];
    return this.isDown ? this.y[v] + this.height[v] / 2 : this.y[v];
  }

  endX(e) {
    const v = this.source[e];
    return this.isDown ? this.x[v] : this.x[v] - this.width[v] / 2;
  }

  endY(e) {
    const v = this.source[e];
    return this.isDown ? this.y[v] - this.height[v] / 2 : this.y[v];
  }

  /** All points of an edge, x and y in turn, from the target to the source. */
  points(e) {
    const points = [this.startX(e), this.startY(e)];
    for (let i = 2 * this.routeStart[e]; i < 2 * this.routeStart[e + 1]; i += 1) {
      points.push(this.route[i]);
    }
    points.push(this.endX(e), this.endY(e));
    return points;
  }

  text(index) {
    return this.texts[index] ?? "";
  }

  labelOf(v) {
    return this.text(this.label[v]);
  }

  /** Names and texts of the facts that a vertex has. */
  factsOf(v) {
    return this.factNames
      .map((name, i) => ({ name, text: this.text(this.facts[i][v]) }))
      .filter(({ text }) => text !== "");
  }

  /** All vertices that stand for the same node as this one, itself included. */
  copiesOf(v) {
    const node = this.node[v];
    if (node < 0) return [v];
    const copies = [];
    for (let other = 0; other < this.numVertices; other += 1) {
      if (this.node[other] === node && this.isDrawn[other]) copies.push(other);
    }
    return copies.length ? copies : [v];
  }
}
