// The keys of the canvas.

const PAN_PIXELS = 80;

class Keyboard {
  constructor(canvas, viewer, listen) {
    this.viewer = viewer;
    listen(canvas, "keydown", (event) => this.onKey(event));
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { viewer } = this;
    const arrow = /^Arrow(Left|Right|Up|Down)$/.exec(event.key)?.[1];
    const actions = {
      Enter: () => viewer.open(viewer.selection.selected),
      Backspace: () => viewer.closeAround(viewer.selection.selected),
      Escape: () => viewer.selection.clear(),
      "+": () => viewer.camera.zoom(1.4),
      "=": () => viewer.camera.zoom(1.4),
      "-": () => viewer.camera.zoom(1 / 1.4),
      0: () => viewer.camera.fit(true),
      f: () => viewer.camera.fit(true),
      p: () => viewer.selection.markPath(),
      "/": () => viewer.parts.search.focus(),
    };
    const action = arrow ? () => this.move(arrow, event.shiftKey) : actions[event.key];
    if (!action) return;
    event.preventDefault();
    event.stopPropagation(); // the page's own short cuts
    action();
  }

  move(arrow, isPan) {
    const { drawing, camera, selection } = this.viewer;
    if (!drawing) return;
    const [dx, dy] = { Left: [1, 0], Right: [-1, 0], Up: [0, 1], Down: [0, -1] }[arrow];
    if (isPan) {
      camera.panBy(dx * PAN_PIXELS, dy * PAN_PIXELS);
      return;
    }
    const v = this.next(drawing, selection, dx, dy);
    if (v < 0) return;
    selection.select(v);
    camera.flyToVertex(drawing, v);
  }

  next(drawing, { selected, neighbours }, dx, dy) {
    if (selected < 0) return this.viewer.middleVertex();
    const alongFlow = drawing.isDown ? dy : dx;
    if (alongFlow) return neighbours.ahead(selected, alongFlow < 0);
    return neighbours.sibling(selected, drawing.isDown ? -dx : -dy);
  }
}
