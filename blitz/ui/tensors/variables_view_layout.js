// Where the cells of a picture lie: the last two axes as rows and columns, the two before as blocks;
// one axis alone as lines, as memory is. Pixels and labels only; nothing is drawn here.

const ROOM = {
  cell: 24, // height of a cell that is written in
  least: 34, // and its width at least
  inside: 10, // left and right of the text together
  most: 120, // of a wider cell the text is left out
  label: 14,
  title: 18,
  block: 16, // between blocks
  line: 540, // a single axis goes on in the next line
  widest: 660, // for more than this a picture does without text
  gap: 18, // for elements that are left out
};
const MOST_WRITTEN = 256; // cells that are written in
const SMALL = { least: 4, usual: 11, most: 14 }; // cells without text

/** measure: the width of a text in pixels. Returns cells, labels and gaps within a width. */
function layOut(elements, width, measure) {
  const axes = elements.kept.length;
  if (elements.count === 0) return emptyLayout();
  const texts = writtenWidth(elements, measure);
  if (axes === 1) return layOutLines(elements, { width, measure, texts });
  return layOutBlocks(elements, { width, measure, texts });
}

/** The width that a picture would like to have. */
function naturalWidth(elements, measure) {
  if (elements.count === 0) return 0;
  const [, across, rows, columns] = fourAxes(elements);
  const edge = edgeWidth(elements, rows, measure);
  const total = (size) => {
    const block = axisLayout(columns, size).length + edge;
    return axisLayout(across, block + ROOM.block).length - ROOM.block;
  };
  const written = writtenWidth(elements, measure);
  if (written && elements.kept.length < 2) return Math.min(total(written), ROOM.line);
  if (written && total(written) <= ROOM.widest) return total(written);
  return Math.min(total(SMALL.usual), ROOM.line);
}

/** How wide a cell is that is written in; null where there are too many or they are too long. */
function writtenWidth(elements, measure) {
  if (elements.count > MOST_WRITTEN) return null;
  let longest = "";
  for (let cell = 0; cell < elements.count; cell += 1) {
    const text = elements.short(cell);
    if (text.length > longest.length) longest = text;
  }
  const width = Math.max(ROOM.least, Math.ceil(measure(longest)) + ROOM.inside);
  return width <= ROOM.most ? width : null;
}

function emptyLayout() {
  return { width: 0, height: 0, size: [0, 0], xs: [], ys: [], labels: [], gaps: [] };
}

/** The last four axes; ones of a single index in place of those that are missing. */
function fourAxes(elements) {
  const own = elements.kept.map((kept, axis) => ({
    kept,
    runs: elements.runs[axis],
    size: elements.shape[axis],
  }));
  const missing = { kept: [0], runs: [[0, 1]], size: 1 };
  return [missing, missing, missing, missing, ...own].slice(-4);
}

/** Starts of things of one size along an axis, with gaps where some are left out. */
function axisLayout({ runs, size: count }, size, gap = ROOM.gap) {
  const starts = [];
  const gaps = [];
  let at = 0;
  runs.forEach(([from, to], i) => {
    for (let index = from; index < to; index += 1) {
      starts.push(at);
      at += size;
    }
    const next = runs[i + 1]?.[0] ?? count;
    if (next === to) return;
    gaps.push({ at, length: gap, from: to, to: next });
    at += gap;
  });
  return { starts, gaps, length: at };
}

function edgeWidth(elements, rows, measure) {
  return elements.kept.length < 2 ? 0 : Math.ceil(measure(String(rows.size - 1))) + 6;
}

/** Which of the indices along an edge are written: round ones, and the first after each gap. */
function edgeLabels({ kept }, starts, size, room) {
  const step = [1, 2, 5, 10, 20, 50, 100].find((each) => each * size >= room) ?? 200;
  const labels = [];
  let free = -Infinity;
  kept.forEach((index, i) => {
    const isFirst = i === 0 || kept[i - 1] !== index - 1;
    const centre = starts[i] + size / 2;
    if ((index % step !== 0 && !isFirst) || centre - room / 2 < free) return;
    labels.push([centre, String(index)]);
    free = centre + room / 2;
  });
  return labels;
}

function layOutBlocks(elements, { width, measure, texts }) {
  const [down, across, rows, columns] = fourAxes(elements);
  const edge = edgeWidth(elements, rows, measure);
  const fits = (size) => size && edge + axisLayout(columns, size).length <= width;
  const isWritten = Boolean(fits(texts));
  const numColumns = Math.max(columns.kept.length, 1);
  const gaps = axisLayout(columns, 0).length;
  const most = Math.floor((width - edge - gaps) / numColumns);
  const usual = elements.kept.length > 2 ? SMALL.usual : SMALL.most;
  const small = Math.max(SMALL.least, Math.min(usual, most));
  const size = isWritten ? [texts, ROOM.cell] : [small, small];
  const block = {
    elements,
    rows,
    columns,
    edge,
    size,
    measure,
    isTitled: elements.kept.length > 2,
    x: axisLayout(columns, size[0]),
    y: axisLayout(rows, size[1]),
  };
  block.top = elements.kept.length < 2 ? 0 : ROOM.label + (block.isTitled ? ROOM.title : 0);
  block.width = edge + block.x.length;
  block.height = block.top + block.y.length;
  return placeBlocks(block, down, across, width, isWritten);
}

/** Blocks in lines: as many beside one another as there is room for. */
function placeBlocks(block, down, across, width, isWritten) {
  const layout = { size: block.size, isWritten, xs: [], ys: [], labels: [], gaps: [], width: 0 };
  const afterAcross = gapsAfter(across);
  const afterDown = gapsAfter(down);
  let y = 0;
  down.kept.forEach((outer, i) => {
    let x = 0;
    across.kept.forEach((inner, j) => {
      if (x > 0 && x + block.width > width) {
        x = 0;
        y += block.height + ROOM.block;
      }
      addBlock(layout, block, x, y, [outer, inner]);
      x += block.width;
      layout.width = Math.max(layout.width, x);
      x += ROOM.block;
      if (!afterAcross[j]) return;
      layout.gaps.push(gap(x - ROOM.block, y, ROOM.gap, block.height, afterAcross[j], true));
      x += ROOM.gap;
      layout.width = Math.max(layout.width, x);
    });
    y += block.height + ROOM.block;
    if (!afterDown[i]) return;
    layout.gaps.push(gap(0, y - ROOM.block, layout.width, ROOM.gap, afterDown[i]));
    y += ROOM.gap;
  });
  layout.height = y - ROOM.block;
  return layout;
}

/** How many are left out after each of the kept ones. */
function gapsAfter({ kept, size }) {
  return kept.map((index, i) => (kept[i + 1] ?? size) - index - 1);
}

function gap(x, y, width, height, count, isUpright = false) {
  return { x, y, width, height, text: `${count.toLocaleString("en")} left out`, isUpright };
}

function addBlock(layout, block, x, y, leading) {
  const { elements, rows, columns, edge, size, measure, top } = block;
  const left = x + edge;
  const upper = y + top;
  for (const down of block.y.starts) {
    for (const right of block.x.starts) {
      layout.xs.push(left + right);
      layout.ys.push(upper + down);
    }
  }
  // Written beside the first cells alone: gaps along both axes cross behind them.
  const [high, wide] = [block.y, block.x].map(({ gaps: [first], length }) => first?.at ?? length);
  for (const { at, length, from, to } of block.x.gaps) {
    layout.gaps.push(gap(left + at, upper, length, high, to - from, true));
  }
  for (const { at, length, from, to } of block.y.gaps) {
    layout.gaps.push(gap(left, upper + at, wide, length, to - from));
  }
  if (elements.kept.length < 2) return;
  if (block.isTitled) {
    const before = elements.kept.slice(0, -4).map(() => 0);
    const index = [...before, ...leading.slice(4 - Math.min(elements.kept.length, 4)), ":", ":"];
    layout.labels.push({ x: left, y: y + 8, text: bracketed(index), align: "left", isTitle: true });
  }
  const room = measure(String(columns.size - 1)) + 6;
  for (const [at, text] of edgeLabels(columns, block.x.starts, size[0], room)) {
    layout.labels.push({ x: left + at, y: upper - 6, text, align: "center" });
  }
  for (const [at, text] of edgeLabels(rows, block.y.starts, size[1], 12)) {
    layout.labels.push({ x: left - 5, y: upper + at, text, align: "right" });
  }
}

/** One axis as lines, with the index above; beside and below each line there may be room for more. */
function layOutLines(elements, { width, measure, texts, left = 0, below = 0 }) {
  const [kept] = elements.kept;
  const [runs] = elements.runs;
  const [total] = elements.shape;
  const isWritten = Boolean(texts && left + texts <= width);
  const size = isWritten ? [texts, ROOM.cell] : [SMALL.most, ROOM.cell];
  const layout = { size, isWritten, xs: [], ys: [], labels: [], gaps: [], lines: [], width: 0 };
  const height = ROOM.label + ROOM.cell + below;
  const room = measure(String(total - 1)) + 6;
  let [x, line, free] = [left, -1, 0];
  const ensure = (needed) => {
    if (line >= 0 && x + needed <= width) return;
    [x, free] = [left, left - room];
    line += 1;
    layout.lines.push(line * (height + 6) + ROOM.label);
  };
  const advance = (length) => {
    x += length;
    layout.width = Math.max(layout.width, x);
  };
  const step = [1, 2, 5, 10, 20, 50].find((each) => each * size[0] >= room) ?? 100;
  let previous = -1;
  for (const index of kept) {
    ensure(size[0]);
    const isFirst = index !== previous + 1 || x === left;
    const y = layout.lines[line];
    const centre = x + size[0] / 2;
    if ((isFirst || index % step === 0) && centre - room / 2 >= free - 1) {
      const text = { text: String(index), align: "center" };
      layout.labels.push({ ...text, x: Math.max(centre, measure(text.text) / 2), y: y - 6 });
      free = centre + room / 2;
    }
    layout.xs.push(x);
    layout.ys.push(y);
    advance(size[0]);
    previous = index;
    const after = runs.find(([, to]) => to === index + 1);
    const next = after && (runs[runs.indexOf(after) + 1]?.[0] ?? total);
    if (!after || next === index + 1) continue;
    const found = gap(0, 0, 0, ROOM.cell, next - index - 1);
    found.width = measure(found.text) + 16;
    ensure(found.width);
    layout.gaps.push({ ...found, x, y: layout.lines[line], from: index + 1, to: next });
    advance(found.width);
  }
  layout.height = (line + 1) * (height + 6) - 6;
  for (const label of layout.labels) {
    label.x = Math.min(label.x, layout.width - measure(label.text) / 2);
  }
  return layout;
}
