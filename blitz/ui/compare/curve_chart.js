// Curves of chosen runs over each other: asks the server for new points, without script runs.
//
// What a poll answers is described in compare_routes.py.

const LIVE_POLL_MS = 1_000;
const STILL_POLL_MS = 5_000; // an ended run may be resumed, renamed or deleted from elsewhere
const ALL_POINTS = 12_000; // of all curves together
const SETTLE_CHOICES_MS = 250; // of dragging a slider
const ACTIVE_STATUS = new Set(["starting", "queued", "preparing", "running", "paused"]);

const CHART_SKELETON = `
  <form>
    <label>Show <select name="metric"></select></label>
    <label>over <select name="axis"></select></label>
    <label>Smoothing <input type="range" name="smoothing" min="0" max="0.999" step="0.001"
      title="Exponential moving average: the weight of what came before"><output></output></label>
    <label><input type="checkbox" name="is_log">Log scale</label>
    <label class="groups"><input type="checkbox" name="shows_groups">Mean and spread</label>
  </form>
  <div class="plot" role="img"></div>
  <ul aria-label="Runs in the chart"></ul>
  <p class="notice" role="alert" hidden></p>`;

class CurveChart {
  constructor(parent) {
    this.renders = 0;
    this.instance = Math.random().toString(36).slice(2);
    this.serial = 0;
    this.ids = [];
    this.groups = [];
    this.held = new Map();
    this.slots = new Map();
    this.hidden = new Set();
    this.viewCount = 0;
    this.view = null;
    this.root = document.createElement("section");
    this.root.className = "blitz-curves";
    this.root.innerHTML = CHART_SKELETON;
    parent.append(this.root);
    this.form = this.root.querySelector("form");
    this.plot = this.root.querySelector(".plot");
    this.legend = this.root.querySelector("ul");
    const { metric, axis } = this.form.elements;
    for (const [value, { title }] of Object.entries(METRICS)) metric.add(new Option(title, value));
    for (const [value, { title }] of Object.entries(AXES)) axis.add(new Option(title, value));
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("input", () => this.onInput());
    this.plot.addEventListener("pointerdown", () => (this.isHeld = true));
    this.listening = new AbortController();
    for (const name of ["pointerup", "pointercancel"]) {
      const release = () => {
        this.isHeld = false;
        this.draw();
      };
      window.addEventListener(name, release, { signal: this.listening.signal });
    }
    this.resizing = new ResizeObserver(() => this.draw());
    this.resizing.observe(this.plot);
    this.poller = new Poller((signal) => this.ask(signal), (notice) => this.tell(notice));
  }

  // What Streamlit gives

  render({ data, setStateValue }) {
    this.send = (value) => setStateValue("choices", value);
    this.api = data.api;
    this.plotlyUrl = data.plotly_url;
    this.groups = data.groups;
    const given = JSON.stringify(data.choices);
    if (given !== this.given) {
      this.given = given;
      this.setChoices(data.choices);
      this.showChoices();
    }
    this.setIds(data.ids);
    this.form.querySelector(".groups").hidden = !data.groups.length;
    this.draw();
    this.poller.wake();
  }

  setIds(ids) {
    this.ids = ids;
    const chosen = new Set(ids);
    for (const known of [this.held, this.slots, this.hidden]) {
      for (const id of [...known.keys()]) if (!chosen.has(id)) known.delete(id);
    }
    // A run keeps its colour as long as it is chosen.
    const taken = new Set(this.slots.values());
    let slot = 0;
    for (const id of ids) {
      if (this.slots.has(id)) continue;
      while (taken.has(slot)) slot += 1;
      taken.add(slot);
      this.slots.set(id, slot);
    }
    this.drawLegend();
  }

  close() {
    this.poller.close();
    this.listening.abort();
    this.resizing.disconnect();
    clearTimeout(this.telling);
    cancelAnimationFrame(this.frame);
    if (this.plot.dataset.drawn) window.Plotly.purge(this.plot);
    this.root.remove();
  }

  // Choices

  onInput() {
    const { metric, axis, smoothing, is_log: isLog, shows_groups: groups } = this.form.elements;
    this.setChoices({
      metric: metric.value,
      axis: axis.value,
      smoothing: Number(smoothing.value),
      is_log: isLog.checked,
      shows_groups: groups.checked,
    });
    this.showChoices();
    clearTimeout(this.telling);
    this.telling = setTimeout(() => {
      this.serial += 1;
      this.send({ instance: this.instance, serial: this.serial, ...this.choices });
    }, SETTLE_CHOICES_MS);
    this.draw();
  }

  setChoices(choices) {
    const before = this.choices;
    this.choices = choices;
    if (before && before.metric === choices.metric && before.axis === choices.axis) return;
    if (before?.axis !== choices.axis) this.setView(null);
    this.held = new Map();
    this.poller.startOver();
  }

  showChoices() {
    const { elements } = this.form;
    for (const name of ["metric", "axis", "smoothing"]) elements[name].value = this.choices[name];
    for (const name of ["is_log", "shows_groups"]) elements[name].checked = this.choices[name];
    elements.smoothing.nextElementSibling.textContent = this.choices.smoothing.toFixed(3);
    elements.is_log.disabled = !METRICS[this.choices.metric].isLogged;
    elements.smoothing.disabled = Boolean(METRICS[this.choices.metric].isExact);
  }

  setView(view) {
    this.view = view;
    this.viewCount += 1;
    this.wantsDetail = view !== null;
    if (view === null) for (const run of this.held.values()) run.wantsWhole ||= run.hasDetail;
  }

  // Points

  get numPoints() {
    return Math.round(Math.min(2_000, Math.max(150, ALL_POINTS / this.ids.length)));
  }

  async ask(signal) {
    if (!this.ids.length) return null;
    const asksAll = !(performance.now() - this.askedAll < STILL_POLL_MS);
    const isDue = (id) => asksAll || this.isIncomplete(id) || this.isLive(id);
    const ids = this.ids.filter(isDue);
    await Promise.all([ids.length ? this.update(ids, signal) : null, loadPlotly(this.plotlyUrl)]);
    if (asksAll) this.askedAll = performance.now();
    if (this.wantsDetail && this.held.size) {
      this.wantsDetail = false;
      await this.refine(signal);
    }
    this.draw();
    return this.ids.some((id) => this.isLive(id)) ? LIVE_POLL_MS : STILL_POLL_MS;
  }

  isIncomplete(id) {
    return !this.held.has(id) || this.held.get(id).wantsWhole;
  }

  isLive(id) {
    return ACTIVE_STATUS.has(this.held.get(id)?.status);
  }

  fetchCurves(ids, parameters, signal) {
    const { metric, axis: x } = this.choices;
    return fetchJson(`${this.api}/curves`, { ids, metric, x, ...parameters }, signal);
  }

  async update(ids, signal) {
    const after = ids.map((id) => (this.isIncomplete(id) ? 0 : this.held.get(id).lastId));
    const parameters = { after, points: this.numPoints };
    const { curves } = await this.fetchCurves(ids, parameters, signal);
    for (const id of ids) {
      if (curves[id]) this.take(id, curves[id]);
      else this.held.delete(id); // it was deleted
    }
    this.drawLegend();
  }

  take(id, { last_id: lastId, is_whole: isWhole, name, status, parent, branch, ...curve }) {
    const added = withMeans(curve);
    const before = this.held.get(id);
    const kept = isWhole || !before ? added : before;
    if (kept !== added) append(kept, added);
    const hasDetail = kept !== added && before.hasDetail;
    const wantsWhole = kept.x.length > 2.5 * this.numPoints && !hasDetail;
    this.held.set(id, { ...kept, lastId, name, status, parent, branch, hasDetail, wantsWhole });
    if (kept === added && this.view) this.wantsDetail = true;
  }

  /** Fetch what is in view, and half a view more on each side, with more of its points. */
  async refine(signal) {
    const margin = (this.view[1] - this.view[0]) / 2;
    const [from, to] = [this.view[0] - margin, this.view[1] + margin];
    const ids = [...this.held.keys()];
    const parameters = { from, to, points: this.numPoints };
    const { curves } = await this.fetchCurves(ids, parameters, signal);
    for (const id of ids) {
      const run = this.held.get(id);
      if (!curves[id] || !run) continue;
      const detail = withMeans(curves[id]);
      const columns = splice({ x: run.x, y: run.y }, detail, from, to);
      const means = splice(run.means, detail.means, from, to);
      this.held.set(id, { ...run, ...columns, means, hasDetail: true });
    }
  }

  // Words

  tell(notice) {
    const node = this.root.querySelector(".notice");
    node.hidden = notice === null;
    if (node.textContent !== (notice ?? "")) node.textContent = notice ?? "";
  }

  drawLegend() {
    const shown = this.ids.filter((id) => this.held.has(id));
    const looks = shown.map((id) => [id, this.held.get(id).name, this.slots.get(id)]);
    const text = JSON.stringify([looks, [...this.hidden], this.shade]);
    if (text === this.legendText) return;
    this.legendText = text;
    this.legend.replaceChildren(...shown.map((id) => this.legendEntry(id)));
    this.plot.setAttribute(
      "aria-label",
      `${METRICS[this.choices.metric].title} of ${shown.length} runs`,
    );
  }

  legendEntry(id) {
    const entry = document.createElement("li");
    const button = document.createElement("button");
    const { color, dash } = lookOf(this.slots.get(id), this.shade ?? "light");
    const swatch = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    swatch.setAttribute("viewBox", "0 0 28 6");
    const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
    line.setAttribute("d", "M0 3H28");
    line.setAttribute("stroke", color);
    line.setAttribute("stroke-dasharray", SWATCH_DASHES[DASHES.indexOf(dash)]);
    swatch.append(line);
    const name = document.createElement("span");
    name.textContent = this.held.get(id).name;
    Object.assign(button, { type: "button", title: this.held.get(id).name });
    button.setAttribute("aria-pressed", !this.hidden.has(id));
    button.append(swatch, name);
    button.addEventListener("click", () => {
      if (!this.hidden.delete(id)) this.hidden.add(id);
      button.setAttribute("aria-pressed", !this.hidden.has(id));
      this.draw();
    });
    for (const [event, lit] of [["pointerenter", id], ["pointerleave", null], ["focus", id],
      ["blur", null]]) {
      button.addEventListener(event, () => {
        this.lit = lit;
        this.draw();
      });
    }
    entry.append(button);
    return entry;
  }

  // Drawing

  /** Draw with the next frame, unless somebody is dragging in the chart. */
  draw() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.drawNow());
  }

  drawNow() {
    const { clientWidth: width, clientHeight: height } = this.plot;
    if (this.poller.isClosed || this.isHeld || !window.Plotly || !width) return;
    const theme = readTheme(this.root);
    this.shade = theme.shade;
    this.drawLegend();
    const all = { ...this, theme, width, height };
    window.Plotly.react(this.plot, tracesOf(all), layoutOf(all), plotConfig());
    if (this.plot.dataset.drawn) return;
    this.plot.dataset.drawn = "yes";
    this.plot.on("plotly_relayout", (change) => this.followZoom(change));
  }

  followZoom(change) {
    const [from, to] = [change["xaxis.range[0]"], change["xaxis.range[1]"]];
    if (Number.isFinite(from) && Number.isFinite(to)) this.setView([from, to]);
    else if (change["xaxis.autorange"]) this.setView(null);
    else return;
    this.draw();
    this.poller.wake();
  }
}

const SWATCH_DASHES = ["none", "6 4", "2 3", "6 3 2 3", "10 4", "10 3 2 3", "2 6"];
const curveCharts = new WeakMap();

export default function (component) {
  const { parentElement } = component;
  if (!curveCharts.has(parentElement)) curveCharts.set(parentElement, new CurveChart(parentElement));
  const chart = curveCharts.get(parentElement);
  chart.render(component);
  chart.renders += 1;
  const mine = chart.renders;
  return () => {
    // Streamlit may drop an earlier call after a later one: only the last call's end is the end.
    if (chart.renders !== mine) return;
    chart.close();
    curveCharts.delete(parentElement);
  };
}
