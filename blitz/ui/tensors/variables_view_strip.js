// A storage as a strip: its elements in the order they lie in memory, and for every variable the
// places that it looks at.

const ROW = 17; // pixels of a variable's row
const STRIP_EDGE = 30;
const MOST_LINES = 4; // of more the elements are not written
const MOST_NAMED = 110; // pixels of a name beside its row

class Strip {
  /** onPoint: is told the bytes that a person points at, or null. */
  constructor(onPoint) {
    this.root = document.createElement("details");
    this.root.className = "blitz-variables-strip";
    this.root.innerHTML = `<summary><b></b> <span></span></summary>
      <div class="body"></div><p class="readout"></p><ul></ul>`;
    this.picture = new Picture((cell) => {
      this.readout.setAttribute("aria-live", "polite");
      onPoint(cell === null ? null : this.bytesOf(cell));
    });
    this.root.querySelector(".body").append(this.picture.root);
    this.readout = this.root.querySelector(".readout");
    this.root.addEventListener("toggle", () => this.isStale && this.redraw());
  }

  /** variables: cards by their number. Whether anything of the strip is another one. */
  update(data, cards, isOpen) {
    const views = data.views.map(({ variable }) => cards[variable]);
    const places = views.map(({ data: { title, tensor } }) => {
      return [title, tensor.stride, tensor.offset, tensor.values.shape];
    });
    const text = JSON.stringify([data, places]);
    this.views = views;
    if (text === this.text) return false;
    if (this.text === undefined) this.root.open = isOpen;
    this.text = text;
    this.data = data;
    this.elements = new Elements(data.values);
    this.cellOf = new Map(this.elements.kept[0].map((place, cell) => [place, cell]));
    const names = data.names.join(", ");
    const [title, size] = this.root.querySelector("summary").children;
    title.textContent = names;
    size.textContent = data.size;
    this.picture.describe("strip of memory", `Memory of ${names}: ${data.size}`);
    this.root.querySelector("ul").replaceChildren(
      ...data.views.map(({ caption }, i) => {
        const node = element("li", ` ${caption}`);
        node.prepend(element("code", views[i].data.title));
        return node;
      }),
    );
    return true;
  }

  bytesOf(cell) {
    const from = this.elements.kept[0][cell] * this.data.itemsize;
    return [from, from + this.data.itemsize];
  }

  /** Drawn when it is open. */
  draw(width, tools) {
    this.redraw = () => {
      this.isStale = !this.root.open;
      if (this.isStale || this.elements.count === 0) return;
      this.drawNow(width - STRIP_EDGE, tools);
    };
    this.redraw();
  }

  drawNow(width, { palette, measure }) {
    const { elements, views, data } = this;
    const names = views.map((card) => card.data.title);
    const left = Math.min(MOST_NAMED, Math.max(...names.map(measure), 0)) + 10;
    const written = writtenWidth(elements, measure);
    const texts = written * elements.count <= MOST_LINES * (width - left) ? written : null;
    const room = { width, measure, texts, left, below: views.length * ROW };
    const layout = layOutLines(elements, room);
    layout.height = Math.max(layout.height, 0);
    const rows = (pen) => this.drawRows(pen, layout, { palette, left });
    this.picture.draw(elements, layout, { scale: data.scale, palette, rows });
  }

  /** Below each place a bar in the rows of those that look at it, and at which index they see it. */
  drawRows(pen, layout, { palette, left }) {
    const { elements, views } = this;
    const [width] = layout.size;
    const top = ROOM.cell + 2;
    views.forEach((card, row) => {
      pen.textAlign = "left";
      pen.fillStyle = palette.text;
      for (const y of layout.lines) {
        pen.fillText(card.data.title, 0, y + top + row * ROW + ROW / 2, left - 8);
      }
      pen.textAlign = "center";
      for (let cell = 0; cell < elements.count; cell += 1) {
        const index = card.view.indexAt(this.bytesOf(cell));
        const [x, y] = [layout.xs[cell], layout.ys[cell] + top + row * ROW];
        pen.fillStyle = index ? palette.mark : palette.rest;
        if (index) pen.fillRect(x, y + 1, width - 1, ROW - 3);
        else pen.fillRect(x + width / 2 - 1.5, y + ROW / 2 - 1.5, 2, 2);
        const text = index?.join(",");
        if (!text || pen.measureText(text).width > width - 4) continue;
        pen.fillStyle = palette.text;
        pen.fillText(text, x + width / 2, y + ROW / 2);
      }
    });
  }

  light(storage, bytes) {
    if (!this.elements.count || !this.picture.layout) return;
    if (!bytes || storage !== this.storage) {
      this.picture.light([]);
      this.readout.textContent = "";
      this.readout.removeAttribute("aria-live");
      return;
    }
    const { itemsize } = this.data;
    const places = [];
    for (let place = Math.floor(bytes[0] / itemsize); place * itemsize < bytes[1]; place += 1) {
      places.push(place);
    }
    const cells = places.map((place) => this.cellOf.get(place)).filter((cell) => cell !== undefined);
    const gaps = this.picture.layout.gaps.filter(({ from, to }) =>
      places.some((place) => place >= from && place < to),
    );
    this.picture.light(cells, gaps);
    const seen = this.views.flatMap((card) => {
      const index = card.view.indexAt(bytes);
      return index ? [card.nameAt(index)] : [];
    });
    const where = `place ${places.map((place) => place.toLocaleString("en")).join(", ")}`;
    const extent = `bytes ${bytes[0].toLocaleString("en")} to ${(bytes[1] - 1).toLocaleString("en")}`;
    this.readout.textContent = `${where} (${extent}): ${seen.join(", ") || "nobody looks here"}`;
  }
}
