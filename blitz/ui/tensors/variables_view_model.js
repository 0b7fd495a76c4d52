// What the variables view knows of tensors: elements and their indices, places in memory, numbers as
// text. Knows nothing about drawing.

const DIGITS = 5;

/** The kept elements of a tensor or a storage, in row-major order. */
class Elements {
  constructor({ kind, shape, kept, number, data }) {
    const bytes = Uint8Array.from(atob(data), (sign) => sign.charCodeAt(0));
    this.kind = kind;
    this.shape = shape;
    this.runs = kept;
    this.kept = kept.map((runs) =>
      runs.flatMap(([from, to]) => Array.from({ length: to - from }, (_, i) => from + i)),
    );
    this.raw = new globalThis[number](bytes.buffer);
    this.isSingle = number === "Float32Array";
    this.count = this.kept.reduce((product, indices) => product * indices.length, 1);
    this.isRound =
      kind === "float" && this.raw.every((x) => !Number.isFinite(x) || Number.isInteger(x));
  }

  /** The number that a cell is coloured by; of a complex one its magnitude. */
  number(cell) {
    if (this.kind !== "complex") return Number(this.raw[cell]);
    return Math.hypot(this.raw[2 * cell], this.raw[2 * cell + 1]);
  }

  /** The index of a kept element along each axis. */
  indexOf(cell) {
    const index = [];
    let rest = cell;
    for (let axis = this.kept.length - 1; axis >= 0; axis -= 1) {
      const indices = this.kept[axis];
      index.unshift(indices[rest % indices.length]);
      rest = Math.floor(rest / indices.length);
    }
    return index;
  }

  short(cell) {
    const { kind, raw } = this;
    if (kind === "bool") return raw[cell] ? "True" : "False";
    if (kind === "complex") return complexText(raw[2 * cell], raw[2 * cell + 1], (x) => short(x, 3));
    if (kind === "int") return shortInteger(raw[cell]);
    return short(raw[cell]) + (this.isRound && Math.abs(raw[cell]) < 1e5 ? "." : "");
  }

  full(cell) {
    const { kind, raw, isSingle } = this;
    const text = (x) => (isSingle ? singleText(x) : signed(x));
    if (kind === "bool") return this.short(cell);
    if (kind === "complex") return complexText(raw[2 * cell], raw[2 * cell + 1], text);
    if (kind === "int") return String(raw[cell]).replace("-", "−");
    return text(raw[cell]) + (Number.isInteger(raw[cell]) && Math.abs(raw[cell]) < 1e21 ? ".0" : "");
  }
}

function signed(x) {
  if (Number.isNaN(x)) return "NaN";
  if (!Number.isFinite(x)) return x > 0 ? "+∞" : "−∞";
  return (Object.is(x, -0) ? "-0" : String(x)).replaceAll("-", "−");
}

/** The shortest text that means this 32-bit number. */
function singleText(x) {
  if (!Number.isFinite(x)) return signed(x);
  for (let digits = 1; digits < 10; digits += 1) {
    const near = Number(x.toPrecision(digits));
    if (Math.fround(near) === x) return signed(near);
  }
  return signed(x);
}

function short(x, digits = DIGITS) {
  if (!Number.isFinite(x) || x === 0) return signed(x);
  const size = Math.abs(x);
  if (size < 1e-4 || size >= 10 ** DIGITS) {
    const [mantissa, exponent] = x.toExponential(digits - 3).split("e");
    return `${signed(Number(mantissa))}e${exponent.replace("+", "").replace("-", "−")}`;
  }
  return signed(Number(x.toPrecision(digits)));
}

function shortInteger(x) {
  const text = String(x);
  return text.length <= 6 ? text.replace("-", "−") : short(Number(x));
}

function complexText(real, imaginary, text) {
  const part = text(imaginary);
  return `${text(real)}${/^[+−]/.test(part) ? "" : "+"}${part}j`;
}

function bracketed(index) {
  return `[${index.join(", ")}]`;
}

/** How a tensor looks at its memory. */
class View {
  constructor({ stride, offset, itemsize, values, storage }) {
    this.elements = new Elements(values);
    this.stride = stride;
    this.itemsize = itemsize;
    this.storage = storage;
    const { shape } = this.elements;
    this.isEmpty = shape.includes(0);
    this.offset = offset;
    // Steps that lead forward, the widest first; along a backward one indices are counted from its end.
    this.start = offset;
    this.axes = [];
    shape.forEach((size, axis) => {
      const step = stride[axis];
      if (step < 0) this.start += (size - 1) * step;
      if (step !== 0 && size > 1) this.axes.push({ axis, size, step: Math.abs(step) });
    });
    this.axes.sort((a, b) => b.step - a.step);
    let reach = 0;
    let divisor = 0;
    for (const each of [...this.axes].reverse()) {
      each.reach = reach; // how far the narrower steps lead
      reach += (each.size - 1) * each.step;
      divisor = commonDivisor(each.step, divisor);
      each.divisor = divisor;
    }
    this.reach = reach;
  }

  placeOf(index) {
    return index.reduce((place, i, axis) => place + i * this.stride[axis], this.offset);
  }

  /** First byte of a kept element, and the byte after it. */
  bytesOf(cell) {
    const from = this.placeOf(this.elements.indexOf(cell)) * this.itemsize;
    return [from, from + this.itemsize];
  }

  /** Kept elements that lie in some of these bytes; several where the view is broadcast. */
  cellsAt([from, to]) {
    if (!this.cellsOf) {
      this.cellsOf = new Map();
      for (let cell = 0; cell < this.elements.count; cell += 1) {
        const place = this.placeOf(this.elements.indexOf(cell));
        if (!this.cellsOf.has(place)) this.cellsOf.set(place, []);
        this.cellsOf.get(place).push(cell);
      }
    }
    return this.placesIn([from, to]).flatMap((place) => this.cellsOf.get(place) ?? []);
  }

  placesIn([from, to]) {
    const first = Math.floor(from / this.itemsize);
    const after = Math.ceil(to / this.itemsize);
    return Array.from({ length: after - first }, (_, i) => first + i);
  }

  /** The index at which these bytes are seen, ":" along broadcast axes; null where they are not. */
  indexAt(bytes) {
    if (this.isEmpty) return null;
    for (const place of this.placesIn(bytes)) {
      const steps = this.stepsTo(place - this.start, 0);
      if (!steps) continue;
      const index = this.elements.shape.map((size) => (size > 1 ? ":" : 0));
      steps.forEach((i, at) => {
        const { axis, size } = this.axes[at];
        index[axis] = this.stride[axis] < 0 ? size - 1 - i : i;
      });
      return index;
    }
    return null;
  }

  /** How many steps along each axis from `at` on lead so far, or null. */
  stepsTo(rest, at) {
    if (at === this.axes.length) return rest === 0 ? [] : null;
    const { size, step, reach, divisor } = this.axes[at];
    if (rest < 0 || rest % divisor !== 0) return null;
    const least = Math.max(0, Math.ceil((rest - reach) / step));
    for (let i = Math.min(size - 1, Math.floor(rest / step)); i >= least; i -= 1) {
      const others = this.stepsTo(rest - i * step, at + 1);
      if (others) return [i, ...others];
    }
    return null;
  }
}

function commonDivisor(a, b) {
  return b === 0 ? a : commonDivisor(b, a % b);
}
