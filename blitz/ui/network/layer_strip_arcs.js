// Ways that lead past cards: which there are, how high each passes, and their drawing.

const SVG = "http://www.w3.org/2000/svg";
const CARD = 124; // pixels, as in the style sheet
const STEP = 146; // from card to card
const LANE = 12;
const ROOM = 14; // above the cards, for the arrow heads
const ASIDE = 8; // arcs leave to the right of a card's middle, and arrive to the left
const BEND = 6;

/** All ways other than from a card to the next one, each with a lane; lane 0 is the lowest. */
function arcsOf(cards) {
  const ways = cards.flatMap(({ sources }, to) =>
    sources.filter((from) => from < to - 1).map((from) => ({ from, to })),
  );
  ways.sort((one, other) => one.to - one.from - (other.to - other.from) || one.from - other.from);
  const lanes = [];
  for (const way of ways) {
    const isFree = (lane) => lane.every(({ from, to }) => to <= way.from || way.to <= from);
    const at = lanes.findIndex(isFree);
    way.lane = at < 0 ? lanes.push([]) - 1 : at;
    lanes[way.lane].push(way);
  }
  return ways;
}

function drawArcs(arcs, numCards) {
  const height = arcs.length && ROOM + LANE * Math.max(...arcs.map(({ lane }) => lane + 1));
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("width", numCards * STEP - (STEP - CARD));
  svg.setAttribute("height", height);
  svg.setAttribute("aria-hidden", "true");
  for (const { from, to, lane } of arcs) {
    const left = from < 0 ? 1 : from * STEP + CARD / 2 + ASIDE;
    const right = to * STEP + CARD / 2 - ASIDE;
    const top = height - ROOM - LANE * lane;
    const path = document.createElementNS(SVG, "path");
    path.setAttribute(
      "d",
      `M${left} ${height}V${top + BEND}q0 ${-BEND} ${BEND} ${-BEND}H${right - BEND}` +
        `q${BEND} 0 ${BEND} ${BEND}V${height - 1}m-4 -5l4 5l4 -5`,
    );
    path.dataset.from = from;
    path.dataset.to = to;
    svg.append(path);
  }
  return svg;
}
