// A program as text: its tokens, and places in it. Knows nothing of the page.

const KEYWORDS = new Set(
  ("and as assert async await break class continue def del elif else except finally for from " +
    "global if import in is lambda nonlocal not or pass raise return try while with yield " +
    "True False None").split(" "),
);
const MODULES = new Set(["torch", "np", "F"]);

// The order matters: a letter before a quote belongs to the string. What is not closed goes to the
// end of its line, or of the text where three quotes open it.
const TOKEN = new RegExp(
  [
    /(?<comment>#[^\n]*)/,
    /(?<string>[rbufRBUF]{0,2}(?:"""[^]*?(?:"""|$)|'''[^]*?(?:'''|$)|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?))/,
    /(?<number>0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?[jJ]?)/,
    /(?<name>[\p{L}_][\p{L}\p{N}_]*)/,
  ]
    .map((part) => part.source)
    .join("|"),
  "gu",
);

/** The tokens that have a colour, in order: start, end, kind. */
function tokens(text) {
  const found = [];
  for (const match of text.matchAll(TOKEN)) {
    const [start, end] = [match.index, match.index + match[0].length];
    const kind = match.groups.name ? nameKind(text, start, match[0]) : kindOf(match.groups);
    if (kind) found.push({ start, end, kind });
  }
  return found;
}

function kindOf(groups) {
  return Object.keys(groups).find((kind) => groups[kind] !== undefined);
}

function nameKind(text, start, name) {
  if (KEYWORDS.has(name)) return "keyword";
  return MODULES.has(name) && text[start - 1] !== "." ? "module" : null;
}

/** Start and end of a span, whose lines and columns begin at 1 and count characters as Python does. */
function rangeOf(text, span) {
  const start = placeOf(text, span.line, span.column);
  return { start, end: Math.max(start, placeOf(text, span.end_line, span.end_column)) };
}

function placeOf(text, line, column) {
  const lines = text.split("\n");
  const row = Math.min(line, lines.length) - 1;
  const before = lines.slice(0, row).reduce((sum, each) => sum + each.length + 1, 0);
  // A character beyond the basic plane is one to Python and two here.
  return before + [...lines[row]].slice(0, column - 1).join("").length;
}

/** Where a range of the text before is in the text after; null where the change touches it. */
function movedRange(range, before, after) {
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  if (before === after || range.end <= head) return range;
  if (range.start < before.length - tail) return null;
  const shift = after.length - before.length;
  return { start: range.start + shift, end: range.end + shift };
}

/** The text in pieces that are each of one kind and in the same marks: for the coloured copy. */
function pieces(text, marks) {
  const all = [...tokens(text), ...marks];
  const cuts = new Set([0, text.length, ...all.flatMap(({ start, end }) => [start, end])]);
  const places = [...cuts].sort((one, other) => one - other);
  const empty = marks.filter(({ start, end }) => start === end);
  return places.map((start, at) => {
    const end = places[at + 1] ?? text.length;
    const here = all.filter((range) => range.start <= start && end <= range.end && start < end);
    return {
      text: text.slice(start, end),
      kinds: here.map(({ kind }) => kind),
      behind: empty.filter((mark) => mark.start === start).map(({ kind }) => kind),
    };
  });
}

/** A mark without a width takes the character after it, where there is one in its line. */
function widened(text, { start, end }) {
  return start === end && start < text.length && text[start] !== "\n"
    ? { start, end: start + [...text.slice(start, start + 2)][0].length }
    : { start, end };
}
