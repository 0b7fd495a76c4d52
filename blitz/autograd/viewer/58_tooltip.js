// What is known of a vertex or an edge as rows of names and texts, in a tooltip or a card.

function vertexRows(drawing, v) {
  const marks = MARKS.filter(({ bit }) => drawing.mark[v] & bit).map(({ meaning }) => meaning);
  const copies = drawing.copiesOf(v).length;
  return [
    ...drawing.factsOf(v),
    ...(marks.length ? [{ name: "Note", text: marks.join(", ") }] : []),
    ...(copies > 1 ? [{ name: "Shared", text: `drawn ${whole(copies)} times, one node` }] : []),
  ];
}

function edgeRows(drawing, playback, e) {
  const count = drawing.count[e];
  return [
    ...(count > 1 ? [{ name: "Stands for", text: counted(count, "edge") }] : []),
    ...(playback?.factsOf(e) ?? []),
  ];
}

function edgeTitle(drawing, e) {
  return `${drawing.labelOf(drawing.target[e])} → ${drawing.labelOf(drawing.source[e])}`;
}

/** Fill an element with a title, a smaller line and rows; texts stay texts. */
function fillCard(element, { title, note, rows }) {
  const heading = document.createElement("strong");
  heading.textContent = title;
  const line = document.createElement("span");
  line.textContent = note ?? "";
  const list = document.createElement("dl");
  for (const { name, text } of rows) {
    const [term, description] = [document.createElement("dt"), document.createElement("dd")];
    term.textContent = name;
    description.textContent = text;
    list.append(term, description);
  }
  element.replaceChildren(heading, ...(note ? [line] : []), ...(rows.length ? [list] : []));
}

class Tooltip {
  constructor(element) {
    this.element = element;
    this.shown = "";
  }

  hide() {
    this.element.hidden = true;
    this.shown = "";
  }

  /** Show a card beside a place of the view, where there is room for it. */
  show(key, makeCard, x, y, camera) {
    if (this.shown !== key) {
      fillCard(this.element, makeCard());
      this.shown = key;
    }
    this.element.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = this.element;
    const left = x + 16 + width > camera.width ? x - 12 - width : x + 16;
    const top = y + 16 + height > camera.height ? y - 12 - height : y + 16;
    this.element.style.left = `${clamp(left, 4, Math.max(4, camera.width - width - 4))}px`;
    this.element.style.top = `${clamp(top, 4, Math.max(4, camera.height - height - 4))}px`;
  }
}
