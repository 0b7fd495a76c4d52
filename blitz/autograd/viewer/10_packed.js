// What packing.py packed, and numbers as words.

const ARRAY_TYPES = { f4: Float32Array, i4: Int32Array, u1: Uint8Array };

/** The header, and the arrays as views of the bytes. */
function unpack(bytes) {
  let buffer = bytes;
  let start = 0;
  if (ArrayBuffer.isView(bytes)) {
    // A view may begin anywhere in a message; numbers may not.
    const isAligned = bytes.byteOffset % 8 === 0;
    buffer = isAligned ? bytes.buffer : bytes.slice().buffer;
    start = isAligned ? bytes.byteOffset : 0;
  }
  const length = new DataView(buffer).getUint32(start, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, start + 4, length)));
  const arrays = {};
  for (const [name, [type, offset, count]] of Object.entries(header.arrays)) {
    arrays[name] = new ARRAY_TYPES[type](buffer, start + 4 + length + offset, count);
  }
  return { header, arrays };
}

/** The array of this name and length, or one that has `value` everywhere. */
function arrayOr(arrays, name, Type, length, value) {
  const found = arrays[name];
  return found?.length === length ? found : new Type(length).fill(value);
}

const wholeFormat = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

function whole(value) {
  return wholeFormat.format(value);
}

function counted(count, noun) {
  return `${whole(count)} ${noun}${count === 1 ? "" : "s"}`;
}

function number(value) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value < 0 ? "−∞" : "∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text = size < 1e-3 || size >= 1e5 ? value.toExponential(2) : value.toPrecision(4);
  return text.replace("-", "−").replace("e−", "e−");
}

const percent = (value) => `${(100 * value).toFixed(1)}%`;

function clamp(value, low, high) {
  return Math.max(low, Math.min(high, value));
}
