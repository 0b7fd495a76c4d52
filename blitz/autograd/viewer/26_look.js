// How the parts of a drawing look just now: what is highlighted, and how far a playback has come.

// Classes of edges; from SHADE on, one for each shade of the norms' scale.
const EDGE_NORMAL = 0;
const EDGE_FAINT = 1;
const EDGE_STRONG = 2;
const EDGE_ZERO = 3;
const EDGE_BROKEN = 4; // a gradient with NaN or an infinity
const SHADE = 8;

// Classes of vertices: the kind, and these bits.
const FAINT = 8;
const DONE = 16;
const BROKEN = 32;

class Look {
  constructor(drawing) {
    this.drawing = drawing;
    this.highlight = null; // { vertices, edges } as in Neighbours
    this.matches = null; // 1 for each vertex that a search found
    this.playback = null;
  }

  edgeClass(e) {
    if (this.highlight && !this.highlight.edges[e]) return EDGE_FAINT;
    if (this.playback) return this.playback.edgeClass(e);
    return this.highlight ? EDGE_STRONG : EDGE_NORMAL;
  }

  vertexClass(v) {
    let kind = Math.min(this.drawing.kind[v], OUTPUT);
    if (this.drawing.mark[v] & ERROR) kind |= BROKEN;
    const isIdle = this.drawing.kind[v] !== OUTPUT && this.playback?.neverRuns(v);
    if (this.highlight ? !this.highlight.vertices[v] : isIdle) kind |= FAINT;
    if (this.playback?.isDone(v)) kind |= DONE;
    return kind;
  }
}

function edgeColor(theme, edgeClass) {
  if (edgeClass >= SHADE) return theme.norms[edgeClass - SHADE];
  return [theme.edge, theme.border, theme.edgeStrong, theme.zero, theme.error][edgeClass];
}

/** Line width at scale 1. */
function edgeWidth(edgeClass, count) {
  if (edgeClass >= SHADE) return 1.5 + (3.5 * (edgeClass - SHADE)) / (NORM_SHADES - 1);
  if (edgeClass === EDGE_BROKEN) return 3;
  return (edgeClass === EDGE_STRONG ? 1.8 : 1.3) + Math.min(2, Math.log2(Math.max(1, count)) / 2);
}

/** Fill, border and text of a class of vertices. */
function vertexColors(theme, vertexClass) {
  const kind = vertexClass & 7;
  const colors = {
    [OPERATION]: { fill: theme.operation, border: theme.border, text: theme.text },
    [PARAMETER]: { fill: theme.parameter, border: theme.parameter, text: theme.parameterText },
    [INPUT]: { fill: theme.inputFill, border: theme.input, text: theme.text },
    [GROUP]: { fill: theme.group, border: theme.groupBorder, text: theme.text },
    [OUTPUT]: { fill: theme.background, border: theme.text, text: theme.text },
  }[kind];
  if (vertexClass & BROKEN) {
    Object.assign(colors, { fill: theme.errorFill, border: theme.error, text: theme.text });
  } else if (vertexClass & DONE) {
    colors.border = theme.primary;
    if (kind !== PARAMETER) colors.fill = theme.done;
  }
  return colors;
}
