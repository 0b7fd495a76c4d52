// Curves of chosen runs over each other: asks the server for new points, without script runs.
//
// What a poll answers is described in compare_routes.py.

const LIVE_POLL_MS = 1_000;
const STILL_POLL_MS = 5_000; // an ended run may be resumed, renamed or deleted from elsewhere
const ALL_POINTS = 12_000; // of all curves together
const SETTLE_CHOICES_MS = 250; // of dragging a slider

const CHART_SKELETON = `
  <form>
    <label>Show <select name="metric"></select></label>
    <label>over <select name="axis"></select></label>
    <label>Smoothing <input type="range" name="smoothing" min="0" max="0.999" step="0.001"
      title="Exponential moving average: the weight of what came before"><output></output></label>
    <label><input type="checkbox" name="is_log">Log scale</label>
    <label class="groups" title="Of runs that differ in their seed alone: one line for all, with its
      spread"><input type="checkbox" name="shows_groups">Mean of seeds</label>
  </form>
  <div class="plot" role="group"></div>
  <p class="remark" role="status" hidden></p>
  <ul aria-label="Lines in the chart"></ul>
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
    this.remark = this.root.querySelector(".remark");
    this.legend = new ChartLegend(
      this.root.querySelector("ul"),
      (key) => this.toggle(key),
      (key) => this.pointAt(key),
    );
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
    // What was chosen since is on its way to the script, or the script run under way took it up
    // after these data were made: either way the next data will say so.
    const { instance, serial } = data.handled ?? {};
    if ((instance === this.instance ? serial : 0) >= this.serial) {
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
    for (const known of [this.held, this.slots]) {
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
    this.serial += 1;
    clearTimeout(this.telling);
    this.telling = setTimeout(() => {
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
    const { isLogged, whyExact } = METRICS[this.choices.metric];
    elements.is_log.disabled = !isLogged;
    elements.smoothing.disabled = Boolean(whyExact);
    const told = whyExact ?? this.choices.smoothing.toFixed(3);
    elements.smoothing.nextElementSibling.textContent = told;
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
    return ACTIVE.has(this.held.get(id)?.status);
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
      if (!curves[id]) {
        this.held.delete(id); // the run was deleted
        continue;
      }
      this.held.set(id, heldAfter(this.held.get(id), curves[id], this.numPoints));
      if (this.view && curves[id].is_whole) this.wantsDetail = true;
    }
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
      if (curves[id] && run) this.held.set(id, refined(run, curves[id], from, to));
    }
  }

  // Words

  tell(notice) {
    const node = this.root.querySelector(".notice");
    node.hidden = notice === null;
    if (node.textContent !== (notice ?? "")) node.textContent = notice ?? "";
  }

  toggle(key) {
    if (!this.hidden.delete(key)) this.hidden.add(key);
    this.draw();
  }

  pointAt(key) {
    this.lit = key;
    this.draw();
  }

  describe(entries, above) {
    const { title } = METRICS[this.choices.metric];
    const count = entries.length === 1 ? "1 line" : `${entries.length} lines`;
    this.plot.setAttribute("aria-label", `${title} by ${AXES[this.choices.axis].title}, ${count}`);
    const remark = this.held.size ? remarkOn(entries, above) : "";
    this.remark.hidden = !remark;
    if (this.remark.textContent !== remark) this.remark.textContent = remark;
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
    const all = entriesOf(this);
    this.legend.draw(all, this.hidden, theme.shade);
    const entries = all.filter(({ key }) => !this.hidden.has(key));
    const above = farAbove(entries, this.choices);
    this.describe(entries, above);
    const drawn = { ...this, entries, above, theme, width, height };
    window.Plotly.react(this.plot, tracesOf(drawn), layoutOf(drawn), plotConfig());
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
