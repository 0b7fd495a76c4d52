// What is under the pointer, told in a tooltip; and what is selected, told in a card.

const NOTHING_HOVERED = { hovered: -1, hoveredEdge: -1, copies: [] };

class Inspector {
  /** hasDetails: whether what is selected has a card. */
  constructor(parts, display, hasDetails) {
    Object.assign(this, { parts, display, hasDetails });
    this.tooltip = new Tooltip(parts.tooltip);
    this.hovered = NOTHING_HOVERED;
  }

  get drawing() {
    return this.display.drawing;
  }

  /** The pointer is at this place of the view; null: at none. */
  hover(x, y) {
    const { drawing, display } = this;
    const isInside = x !== null && drawing;
    const v = isInside ? vertexAt(drawing, display.camera, x, y) : -1;
    const e = isInside && v < 0 ? edgeAt(drawing, display.camera, x, y) : -1;
    if (v !== this.hovered.hovered || e !== this.hovered.hoveredEdge) {
      const copies = v >= 0 ? drawing.copiesOf(v) : [];
      this.hovered = v >= 0 || e >= 0 ? { hovered: v, hoveredEdge: e, copies } : NOTHING_HOVERED;
      display.repaintOverlay();
    }
    const isButton = isInside && closeButtonAt(display.scene.closeButtons, x, y);
    this.parts.overlay.style.cursor = v >= 0 || e >= 0 || isButton ? "pointer" : "";
    this.showTooltip(v, e, x, y);
  }

  showTooltip(v, e, x, y) {
    const { camera, look } = this.display;
    if (v >= 0) this.tooltip.show(`v${v}`, () => this.vertexCard(v), x, y, camera);
    else if (e >= 0) {
      const key = `e${e} ${look.playback?.step}`;
      this.tooltip.show(key, () => this.edgeCard(e), x, y, camera);
    } else this.tooltip.hide();
  }

  showDetails({ selected, selectedEdge }) {
    const { details } = this.parts;
    details.hidden = !this.hasDetails || (selected < 0 && selectedEdge < 0);
    if (details.hidden) return;
    fillCard(details, selected >= 0 ? this.vertexCard(selected) : this.edgeCard(selectedEdge));
  }

  vertexCard(v) {
    const { drawing } = this;
    const note = [KINDS[drawing.kind[v]], drawing.text(drawing.note[v])].filter(Boolean).join(" · ");
    return { title: drawing.labelOf(v), note, rows: vertexRows(drawing, v) };
  }

  edgeCard(e) {
    const { drawing, look } = this.display;
    return { title: edgeTitle(drawing, e), rows: edgeRows(drawing, look.playback, e) };
  }
}
