// The graph viewer: draws a graph of operations and leaves on a canvas, for exploring.
//
//   const viewer = new GraphViewer(element, host);   // element: an empty block element
//   viewer.setDrawing(bytes, { key, select, keepCamera });
//   viewer.setPlayback(bytes);                       // or null
//   viewer.setTheme({ "--st-text-color": "#111" });  // or setTheme() to read the styles again
//   viewer.select(vertex);                           // from outside: calls no callback
//   viewer.destroy();
//
// `bytes` is an ArrayBuffer or a Uint8Array as packing.py makes it. `host` has, all optional:
//   height                                 of the canvas in CSS pixels (560)
//   details: true                          shows the facts of what is selected in a card
//   onSelect({ key, vertex, node })        vertex and node are -1 when a selection is cleared
//   onSelectEdge({ key, edge })
//   onOpen({ key, vertex })                a group is to be opened
//   onClose({ key, group })                a frame is to be closed
//   `key` is that of the drawing which the person was looking at.
// Options of setDrawing: select, a vertex to begin with; keepCamera, when the drawing is another
// view of the same graph: what both have stays where it is on the screen. The same key again
// changes nothing but the selection.
//
// The bytes are not copied: leave them as they are. What is clicked twice within 400 ms is opened.
//
// A drawing of n vertices and m edges; x and y in units that are pixels at scale 1. At that scale a
// label has 12 pixels, a note 10 (shown in boxes at least 24 high), and 9 are kept free at each
// side; a frame's name takes the uppermost 24 within it.
//   vertex_x, vertex_y, vertex_width, vertex_height   f4 [n], centres; not drawn where one is NaN
//   vertex_kind    u1 [n]   index into KINDS
//   vertex_label   i4 [n]   index into the header's "texts"; so are vertex_note (-1: none) and
//   fact_0 …       i4 [n]   as many as the header's "facts" has names
//   vertex_node    i4 [n]   node of the graph; the same for several drawn copies; -1 for groups
//   vertex_mark    u1 [n]   bits, see MARKS
//   edge_source, edge_target   i4 [m]   the source is nearer the output; data flow target → source
//   edge_route_start i4 [m + 1], route f4 [2k]   bends x, y, from the target's side to the source's
//   edge_count     i4 [m]   edges of the graph that this one stands for
//   frame_x0, frame_y0, frame_x1, frame_y1 f4, frame_label i4, frame_group i4   opened groups
// Its header: texts, facts, title, direction ("right" or "down": where the data flow to).
//
// A playback of the backward pass, for a drawing of the same n and m:
//   vertex_start, vertex_end   f4 [n]   steps (from 0) at which it runs first and last; NaN: never
//   edge_time                  f4 [m]   step after which the gradient along it is there; NaN: never
//   edge_norm, edge_min, edge_max, edge_mean, edge_zeros   f4 [m]; edge_shape i4 [m]
//   edge_flags                 u1 [m]   1 has NaN, 2 has an infinity
//   step_text                  i4 [num_steps]
// Its header: texts, num_steps.
//
// The root element tells its state by data attributes: data-painted-key, data-selected,
// data-selected-edge, data-scale, data-center, data-step, data-matches,
// data-highlighted, data-playing, data-theme, data-first-paint-ms (from the arrival of the bytes).

const OPERATION = 0;
const PARAMETER = 1;
const INPUT = 2;
const GROUP = 3;
const OUTPUT = 4;
const KINDS = ["operation", "parameter", "input", "group", "output"];

const VIEW = 1;
const IN_PLACE = 2;
const ERROR = 4;
const NOT_FINITE = 8;
const NO_GRADIENT = 16;
const MARKS = [
  { bit: ERROR, sign: "!", meaning: "the error is here" },
  { bit: NOT_FINITE, sign: "∞", meaning: "has values that are not finite" },
  { bit: IN_PLACE, sign: "i", meaning: "in-place operation" },
  { bit: VIEW, sign: "v", meaning: "view of another tensor" },
  { bit: NO_GRADIENT, sign: "–", meaning: "has an input that needs no gradient" },
];
