// The viewer: joins the parts. How it is used is told in 00_viewer_interface.js.

let numViewers = 0; // ids in a page must differ

class GraphViewer {
  constructor(element, host = {}) {
    this.host = host;
    numViewers += 1;
    Object.assign(this, buildSkeleton(element, host.height ?? 560, numViewers));
    this.drawing = null;
    this.playback = null;
    this.copiesOfSelected = [];
    this.listening = new AbortController();
    const listen = (target, name, handler, options = {}) =>
      target.addEventListener(name, handler, { ...options, signal: this.listening.signal });
    this.buildParts(listen);
    this.connectTools(listen);
    listen(matchMedia("(prefers-color-scheme: dark)"), "change", () => this.setTheme());
    this.setTheme();
    this.showState();
  }

  buildParts(listen) {
    const { root, parts } = this;
    this.selection = new Selection({
      onChange: (isByPerson) => this.onSelection(isByPerson),
      say: (text) => this.say(text),
    });
    this.display = new Display(root, parts, listen, () => this.marked);
    this.camera = this.display.camera;
    this.inspector = new Inspector(parts, this.display, Boolean(this.host.details));
    this.display.onMove = () => this.inspector.hover(null);
    this.search = new Search(root, listen, {
      onChange: () => this.onSearch(),
      onVisit: (v) => this.visit(v),
    });
    this.table = new Table(root, listen, {
      onSelect: (v) => this.visit(v),
      onOpen: (v) => this.open(v),
      onClose: (group) => this.close(group),
    });
    this.playbar = new Playbar(root, listen, {
      onStep: () => {
        this.display.repaint();
        this.inspector.showDetails(this.selection);
      },
      onPulse: (share) => {
        this.display.pulse = share;
        this.display.repaintOverlay();
      },
    });
    new Pointer(parts.overlay, this.camera, listen, {
      onClick: (x, y, event) => this.onClick(x, y, event),
      onDoubleClick: (x, y) => this.onDoubleClick(x, y),
      onHover: (x, y) => this.inspector.hover(x, y),
    });
    new Keyboard(parts.overlay, this, listen);
  }

  connectTools(listen) {
    const actions = {
      "zoom-in": () => this.camera.zoom(1.5),
      "zoom-out": () => this.camera.zoom(1 / 1.5),
      fit: () => this.camera.fit(true),
      inputs: () => this.selection.follow("inputs"),
      output: () => this.selection.follow("output"),
      path: () => this.selection.markPath(),
      table: () => this.toggleTable(),
      "png-view": () => this.savePicture(pictureOfView),
      "png-whole": () => this.savePicture(pictureOfWhole),
    };
    for (const [name, action] of Object.entries(actions)) {
      listen(this.root.querySelector(`[data-action=${name}]`), "click", action);
    }
    listen(document, "click", (event) => {
      if (!event.composedPath().includes(this.parts.png)) this.parts.png.open = false;
    });
  }

  destroy() {
    this.listening.abort();
    this.playbar.pause();
    this.display.close();
    clearTimeout(this.search.timer);
    this.root.remove();
  }

  // What is shown

  setDrawing(bytes, { key = "", select = null, keepCamera = false } = {}) {
    if (this.drawing?.key === key) {
      if (select !== null) this.select(select);
      return;
    }
    const arrival = performance.now();
    const before = keepCamera ? this.drawing : null;
    const chosen = before?.node[this.selection.selected] ?? -1;
    this.drawing = new Drawing(bytes, key);
    this.display.show(this.drawing, arrival);
    this.setPlayback(null);
    this.inspector.hover(null);
    this.selection.setDrawing(this.drawing);
    this.frameCamera(before);
    this.search.setDrawing(this.drawing);
    const kept = chosen < 0 ? -1 : this.drawing.node.indexOf(chosen);
    this.selection.select(select ?? kept, false);
    this.onSelection(null);
    this.onSearch();
    this.describe();
  }

  /** What both drawings have stays in its place; without such a thing the view begins anew. */
  frameCamera(before) {
    const shift = before && shiftBetween(before, this.drawing, this.anchor ?? this.camera);
    this.anchor = null;
    if (!shift) {
      this.camera.set(this.camera.first());
      return;
    }
    this.camera.set({ x: this.camera.x + shift.x, y: this.camera.y + shift.y });
    const known = new Set(before.frames.map(({ group }) => group));
    const opened = this.drawing.frames.find(({ group }) => !known.has(group));
    if (opened) this.camera.flyToFrame(opened);
  }

  setPlayback(bytes) {
    const before = this.playback;
    this.playback = bytes && this.drawing ? new Playback(bytes, this.drawing) : null;
    if (before && !before.isFinal && before.numSteps === this.playback?.numSteps) {
      this.playback.step = before.step;
    }
    if (this.display.look) this.display.look.playback = this.playback;
    this.playbar.setPlayback(this.playback);
    this.playbar.showLegend(this.display.theme);
    if (!this.playback) delete this.root.dataset.step;
    this.display.repaint();
  }

  setTheme(colors = {}) {
    for (const [name, color] of Object.entries(colors)) this.root.style.setProperty(name, color);
    this.display.theme = readTheme(this.root);
    this.root.dataset.theme = this.display.theme.shade;
    this.playbar.showLegend(this.display.theme);
    this.display.repaint();
  }

  select(v) {
    if (v >= (this.drawing?.numVertices ?? 0)) return;
    this.selection.select(v, false);
    if (v >= 0) this.camera.flyToVertex(this.drawing, v);
  }

  get marked() {
    const { selected, selectedEdge, pathStart } = this.selection;
    const match = this.search.visited;
    const { hovered } = this.inspector;
    const copies = hovered.copies.length > 1 ? hovered.copies : this.copiesOfSelected;
    return { ...hovered, copies, selected, selectedEdge, pathStart, match };
  }

  // What a person does

  visit(v) {
    this.selection.select(v);
    this.camera.flyToVertex(this.drawing, v);
  }

  open(v) {
    if (v < 0 || this.drawing?.kind[v] !== GROUP) return;
    this.anchor = { x: this.drawing.x[v], y: this.drawing.y[v] };
    this.host.onOpen?.({ key: this.drawing.key, vertex: v });
  }

  close(group) {
    const frame = this.drawing.frames.find((each) => each.group === group);
    this.anchor = { x: (frame.x0 + frame.x1) / 2, y: (frame.y0 + frame.y1) / 2 };
    this.host.onClose?.({ key: this.drawing.key, group });
  }

  /** Close the innermost frame around a vertex. */
  closeAround(v) {
    if (v < 0) return;
    const { frames, x, y } = this.drawing;
    const frame = frames.findLast(
      ({ x0, y0, x1, y1 }) => x0 <= x[v] && x[v] <= x1 && y0 <= y[v] && y[v] <= y1,
    );
    if (frame) this.close(frame.group);
  }

  onClick(x, y, event) {
    this.parts.overlay.focus({ preventScroll: true });
    const { drawing, camera, selection } = this;
    if (!drawing) return;
    const frame = closeButtonAt(this.display.scene.closeButtons, x, y);
    if (frame) {
      this.close(frame.group);
      return;
    }
    const v = vertexAt(drawing, camera, x, y, event.pointerType === "touch" ? 10 : 3);
    const e = v < 0 ? edgeAt(drawing, camera, x, y) : -1;
    if (v >= 0 && event.shiftKey) selection.pathTo(v);
    else if (e >= 0) selection.selectEdge(e);
    else selection.select(v);
  }

  onDoubleClick(x, y) {
    if (!this.drawing) return;
    const v = vertexAt(this.drawing, this.camera, x, y);
    if (v >= 0) this.open(v);
    else this.camera.zoomAt(1.6, x, y);
  }

  async savePicture(paint) {
    this.parts.png.open = false;
    if (!this.drawing?.bounds) return;
    const { painting, overlay } = this.display;
    await download(paint(painting, overlay, this.camera), this.drawing.title || "graph");
  }

  // What changed

  /** isByPerson: true or false where another thing is selected, null where it is the same. */
  onSelection(isByPerson) {
    const { drawing, selection, display, host } = this;
    if (!drawing) return;
    const { selected, selectedEdge, highlight } = selection;
    this.copiesOfSelected = selected >= 0 ? drawing.copiesOf(selected) : [];
    display.look.highlight = highlight;
    display.repaint();
    this.table.select(selected);
    this.showState();
    this.inspector.showDetails(selection);
    if (!isByPerson) return;
    if (selectedEdge >= 0) host.onSelectEdge?.({ key: drawing.key, edge: selectedEdge });
    else host.onSelect?.({ key: drawing.key, vertex: selected, node: drawing.node[selected] ?? -1 });
  }

  onSearch() {
    this.display.look.matches = this.search.matches;
    this.root.dataset.matches = this.search.query ? this.search.found.length : "";
    if (this.table.isShown) this.fillTable();
    this.display.repaintOverlay();
  }

  toggleTable() {
    this.parts.table.hidden = !this.parts.table.hidden;
    if (this.table.isShown && this.drawing) this.fillTable();
    this.showState();
  }

  fillTable() {
    const { drawing, search, selection } = this;
    const all = () => [...drawing.isDrawn.keys()].filter((v) => drawing.isDrawn[v]);
    this.table.show(drawing, search.query ? search.found : all(), selection.selected);
  }

  showState() {
    const { selected, selectedEdge, direction, pathStart, highlight } = this.selection;
    const press = (name, isOn) =>
      this.root.querySelector(`[data-action=${name}]`).setAttribute("aria-pressed", isOn);
    press("inputs", direction === "inputs");
    press("output", direction === "output");
    press("path", pathStart >= 0);
    press("table", this.table?.isShown ?? false);
    this.root.dataset.selected = selected;
    this.root.dataset.selectedEdge = selectedEdge;
    this.root.dataset.highlighted = highlight?.size ?? "";
  }

  describe() {
    const { drawing } = this;
    const boxes = drawing.numVertices === 1 ? "box" : "boxes";
    this.sizeText = `${whole(drawing.numVertices)} ${boxes}, ${counted(drawing.numEdges, "edge")}`;
    this.parts.overlay.setAttribute("aria-label", `${drawing.title || "Graph"}: ${this.sizeText}`);
    if (this.selection.selected < 0) this.say("");
  }

  /** Show a line below the graph, which a screen reader reads out; what there is, where it is empty. */
  say(text) {
    this.parts.status.textContent = text || this.sizeText || "";
  }

  /** Where a walk with the keys begins: at what is nearest to the middle of the view. */
  middleVertex() {
    const { camera } = this;
    return vertexAt(this.drawing, camera, camera.width / 2, camera.height / 2, Infinity);
  }
}
