// A recorded backward pass: which step it is at, and how the parts look at it.
//
// Steps are numbered from 0; `step` is -1 before the first and numSteps when all is done.

class Playback {
  constructor(bytes, drawing) {
    const { header, arrays } = unpack(bytes);
    const { numVertices: n, numEdges: m } = drawing;
    this.texts = header.texts ?? [];
    this.numSteps = header.num_steps ?? 0;
    this.stepText = arrayOr(arrays, "step_text", Int32Array, this.numSteps, -1);
    this.start = arrayOr(arrays, "vertex_start", Float32Array, n, NaN);
    this.end = arrayOr(arrays, "vertex_end", Float32Array, n, NaN);
    this.time = arrayOr(arrays, "edge_time", Float32Array, m, NaN);
    this.norm = arrayOr(arrays, "edge_norm", Float32Array, m, NaN);
    this.low = arrayOr(arrays, "edge_min", Float32Array, m, NaN);
    this.high = arrayOr(arrays, "edge_max", Float32Array, m, NaN);
    this.mean = arrayOr(arrays, "edge_mean", Float32Array, m, NaN);
    this.zeros = arrayOr(arrays, "edge_zeros", Float32Array, m, NaN);
    this.flags = arrayOr(arrays, "edge_flags", Uint8Array, m, 0);
    this.shape = arrayOr(arrays, "edge_shape", Int32Array, m, -1);
    this.step = this.numSteps;
    this.decades = this.measure();
    this.finalClass = Uint8Array.from(this.norm, (_, e) => this.classByNorm(e));
  }

  /** The whole powers of ten around all norms above zero: the ends of the scale. */
  measure() {
    let [low, high] = [Infinity, -Infinity];
    for (const norm of this.norm) {
      if (!(norm > 0) || norm === Infinity) continue;
      low = Math.min(low, norm);
      high = Math.max(high, norm);
    }
    if (low > high) return null;
    // In float32 a power of ten lies a little beside itself.
    const from = Math.floor(Math.log10(low) + 1e-6);
    return { from, to: Math.max(from + 1, Math.ceil(Math.log10(high) - 1e-6)) };
  }

  classByNorm(e) {
    const norm = this.norm[e];
    if (Number.isNaN(this.time[e])) return EDGE_FAINT;
    if (this.flags[e] || !Number.isFinite(norm)) return EDGE_BROKEN;
    if (norm === 0) return EDGE_ZERO;
    const { from, to } = this.decades;
    const share = (Math.log10(norm) - from) / (to - from);
    return SHADE + clamp(Math.round(share * (NORM_SHADES - 1)), 0, NORM_SHADES - 1);
  }

  get isFinal() {
    return this.step >= this.numSteps;
  }

  edgeClass(e) {
    if (this.isFinal) return this.finalClass[e];
    return this.time[e] <= this.step ? this.finalClass[e] : EDGE_NORMAL;
  }

  /** All ran in the end: then nothing is tinted. */
  isDone(v) {
    return !this.isFinal && this.end[v] < this.step;
  }

  neverRuns(v) {
    return Number.isNaN(this.start[v]);
  }

  runningVertices() {
    if (this.isFinal || this.step < 0) return [];
    const running = [];
    for (let v = 0; v < this.start.length; v += 1) {
      if (this.start[v] <= this.step && this.step <= this.end[v]) running.push(v);
    }
    return running;
  }

  currentEdges() {
    if (this.isFinal || this.step < 0) return [];
    const current = [];
    for (let e = 0; e < this.time.length; e += 1) if (this.time[e] === this.step) current.push(e);
    return current;
  }

  get line() {
    if (this.step < 0) return "before the backward pass";
    if (this.isFinal) return `backward pass done: ${counted(this.numSteps, "step")}`;
    return this.texts[this.stepText[this.step]] ?? `step ${this.step + 1} of ${this.numSteps}`;
  }

  /** Names and texts of what is known of the gradient along an edge. */
  factsOf(e) {
    if (!this.isFinal && !(this.time[e] <= this.step)) return [];
    if (Number.isNaN(this.time[e])) return [{ name: "Gradient", text: "none" }];
    const flags = [[1, "NaN"], [2, "infinity"]].filter(([bit]) => this.flags[e] & bit);
    const range = [this.low, this.mean, this.high].map((all) => number(all[e]));
    return [
      { name: "Gradient norm", text: number(this.norm[e]) },
      { name: "Shape", text: this.texts[this.shape[e]] ?? "" },
      { name: "Least, mean, greatest", text: range.join(", ") },
      { name: "Zeros", text: Number.isNaN(this.zeros[e]) ? "" : percent(this.zeros[e]) },
      { name: "Contains", text: flags.map(([, name]) => name).join(", ") },
    ].filter(({ text }) => text !== "");
  }
}
