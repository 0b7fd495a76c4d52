// Paints, above the scene, what changes often: selection, hover, matches, copies, moving pulses.

const MAX_RINGS = 3_000;

class Overlay {
  paint({ context, camera, ratio, drawing, theme, look, marked, time }) {
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, camera.width, camera.height);
    if (!drawing) return;
    const picture = { context, camera, drawing, theme };
    if (look.matches) this.paintMatches(picture, look.matches);
    this.paintCopies(picture, marked);
    if (marked.hoveredEdge >= 0) this.paintEdge(picture, marked.hoveredEdge, theme.edgeStrong, 2.2);
    if (marked.selectedEdge >= 0) this.paintEdge(picture, marked.selectedEdge, theme.primary, 3);
    if (look.playback) this.paintStep(picture, look.playback, time);
    if (marked.hovered >= 0) this.paintRing(picture, marked.hovered, theme.faint, 1.5, 2);
    if (marked.match >= 0) this.paintRing(picture, marked.match, theme.match, 3, 3);
    if (marked.pathStart >= 0) this.paintRing(picture, marked.pathStart, theme.primary, 2, 5, [4, 3]);
    if (marked.selected >= 0) this.paintRing(picture, marked.selected, theme.primary, 2.5, 3);
  }

  paintRing({ context, camera, drawing }, v, color, width, distance, dashes = []) {
    if (!drawing.isDrawn[v]) return;
    // What is a dot in the scene gets a ring that can be seen.
    const size = Math.min(drawing.width[v], drawing.height[v]) * camera.scale;
    context.beginPath();
    if (size >= 5) traceDrawn(context, camera, drawing, v, distance);
    else context.arc(camera.fromX(drawing.x[v]), camera.fromY(drawing.y[v]), 6, 0, 2 * Math.PI);
    context.setLineDash(dashes);
    context.strokeStyle = color;
    context.lineWidth = width;
    context.stroke();
    context.setLineDash([]);
  }

  paintEdge({ context, camera, drawing }, e, color, width) {
    if (!(edgeIsDrawn(drawing, e))) return;
    context.strokeStyle = context.fillStyle = color;
    context.lineWidth = width;
    context.beginPath();
    traceEdge(context, camera, drawing, e);
    context.stroke();
    if (camera.scale < ARROW_SCALE) return;
    context.beginPath();
    traceArrow(context, camera, drawing, e, 6 + width);
    context.fill();
  }

  paintMatches(picture, matches) {
    const { camera, drawing, theme } = picture;
    const seen = seenVertices(drawing, camera).filter((v) => matches[v]);
    for (const v of seen.slice(0, MAX_RINGS)) this.paintRing(picture, v, theme.match, 1.5, 2);
  }

  /** Thin dashed lines from a leaf that is drawn several times to its other copies. */
  paintCopies(picture, { copies }) {
    const { context, camera, drawing, theme } = picture;
    if (copies.length < 2) return;
    const [first, ...others] = copies;
    context.strokeStyle = theme.parameter;
    context.lineWidth = 1;
    context.setLineDash([4, 4]);
    context.beginPath();
    for (const v of others.slice(0, MAX_RINGS)) {
      context.moveTo(camera.fromX(drawing.x[first]), camera.fromY(drawing.y[first]));
      context.lineTo(camera.fromX(drawing.x[v]), camera.fromY(drawing.y[v]));
    }
    context.stroke();
    context.setLineDash([]);
    for (const v of others.slice(0, MAX_RINGS)) this.paintRing(picture, v, theme.parameter, 1.5, 3);
  }

  /** What runs in a playback's step, and pulses on the edges whose gradient just comes. */
  paintStep(picture, playback, time) {
    const { context, theme } = picture;
    for (const v of playback.runningVertices().slice(0, MAX_RINGS)) {
      this.paintRing(picture, v, theme.primary, 2, clamp(5 * picture.camera.scale, 1, 4));
    }
    for (const e of playback.currentEdges().slice(0, MAX_RINGS)) {
      if (!edgeIsDrawn(picture.drawing, e)) continue;
      // Against the flow of the data: from the edge's end to its beginning.
      const [x, y] = placeOnEdge(picture.camera, picture.drawing, e, 1 - time);
      context.beginPath();
      context.arc(x, y, clamp(7 * picture.camera.scale, 3, 5.5), 0, 2 * Math.PI);
      context.fillStyle = edgeColor(theme, playback.edgeClass(e));
      context.strokeStyle = theme.background;
      context.lineWidth = 1.5;
      context.fill();
      context.stroke();
    }
  }
}

function edgeIsDrawn(drawing, e) {
  return Number.isFinite(drawing.edgeX0[e]);
}
