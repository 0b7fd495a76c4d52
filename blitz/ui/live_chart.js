// The charts of one training run, live: asks the server for new points and draws them with Plotly.
//
// Streamlit calls the default export when the component appears and again whenever its data or the
// theme changes; no script runs in between. What a poll answers is described in routes.py.

const STORAGE_KEY = "blitz.live_chart";
const POLL_MS = 700; // each drawing takes 65 ms of a core from a run on the same machine
const LOST_POLL_MS = 5_000; // a lost run may be resumed from elsewhere
const MAX_HELD_POINTS = 5_000; // a curve; beyond it the thinned one is fetched anew
const DETAIL_POINTS = 3_000;
const RAW_OPACITY = 0.28;
const END_ROOM = 1.02; // free space after the last point, as a factor

const CHARTS = [
  { name: "loss", title: "Loss", curve: "train_loss", test: "test_loss", format: ".4~g" },
  {
    name: "accuracy",
    title: "Accuracy",
    curve: "train_accuracy",
    test: "test_accuracy",
    format: ".1%",
    ticks: "~%",
  },
  {
    name: "learning_rate",
    title: "Learning rate",
    curve: "learning_rate",
    shape: "vh", // a row tells of the steps that end at it
    format: ".3~g",
  },
  {
    name: "images_per_second",
    title: "Images per second",
    curve: "images_per_second",
    format: ",.0f",
    ticks: "~s",
  },
];
// Okabe and Ito's palette, told apart with every kind of colour vision.
const TRAINING = { light: "#0072b2", dark: "#56b4e9" };
const TEST = { light: "#d55e00", dark: "#e69f00" };

const SKELETON = `
  <header class="blitz-live-header">
    <div class="blitz-live-line">
      <span class="blitz-live-status" role="status"><i></i><b data-value="status">loading</b></span>
      <span class="blitz-live-message" data-value="message"></span>
      <span class="blitz-live-count" data-value="count"></span>
    </div>
    <progress max="1" value="0" aria-label="Steps done"></progress>
    <dl>
      <div><dt>Epoch</dt><dd data-value="epoch">–</dd></div>
      <div><dt title="Time spent training, without pauses and tests">Elapsed</dt>
        <dd data-value="elapsed">–</dd></div>
      <div><dt>Time left</dt><dd data-value="left">–</dd></div>
      <div><dt>Images/s</dt><dd data-value="speed">–</dd></div>
      <div><dt>Memory</dt><dd data-value="memory">–</dd></div>
      <div><dt>Training loss</dt><dd data-value="train_loss">–</dd></div>
      <div><dt>Training accuracy</dt><dd data-value="train_accuracy">–</dd></div>
      <div><dt>Test accuracy</dt><dd data-value="test_accuracy">–</dd></div>
    </dl>
  </header>
  <form class="blitz-live-controls">
    <fieldset>
      <legend>Horizontal axis</legend>
      <label><input type="radio" name="axis" value="step"><span>Step</span></label>
      <label><input type="radio" name="axis" value="epoch"><span>Epoch</span></label>
      <label><input type="radio" name="axis" value="seconds"><span>Seconds</span></label>
      <label><input type="radio" name="axis" value="images"><span>Images</span></label>
    </fieldset>
    <label>Smoothing
      <input type="range" name="smoothing" min="0" max="0.999" step="0.001"
        title="Exponential moving average: the weight of what came before">
      <span aria-hidden="true" data-value="smoothing"></span>
    </label>
    <label><input type="checkbox" name="logLoss">Log loss</label>
    <ul class="blitz-live-legend">
      <li><i data-of="training"></i>training</li>
      <li><i data-of="test"></i>test</li>
    </ul>
  </form>
  <div class="blitz-live-charts"></div>
  <p class="blitz-live-notice" role="alert" hidden></p>`;

// --------------------------------------------------------------------------------------- figures

/** Plotly's traces and layout of one chart, from what is held, chosen and seen alone. */
function figure(chart, { curves, events, choices, view, viewCount, theme, width, height }) {
  const hasTest = Boolean(chart.test);
  const color = hasTest ? theme.training : theme.text;
  const smooths = choices.smoothing > 0 && chart.name !== "learning_rate";
  const raw = curves[chart.curve];
  const { title, ticks, format, shortest } = AXES[choices.axis];
  const end = Math.max(shortest, ...Object.values(curves).map(({ x }) => x.at(-1) ?? 0));
  const average = smooths ? smoothed(raw.means, choices.smoothing) : { x: [], y: [] };
  const hover = (name) => `%{y:${chart.format}} ${name}<extra></extra>`;
  const data = [
    {
      ...line(raw, color, smooths ? 1 : 1.5, chart.shape),
      opacity: smooths ? RAW_OPACITY : 1,
      ...(smooths ? { hoverinfo: "skip" } : { hovertemplate: hover(hasTest ? "training" : "") }),
    },
    {
      ...line(average, color, 2),
      hovertemplate: hover(hasTest ? "training, smoothed" : "smoothed"),
    },
    {
      ...line(hasTest ? curves[chart.test] : { x: [], y: [] }, theme.test, 1.5),
      mode: "lines+markers",
      hovertemplate: hover("test"),
    },
    eventLines(events, theme),
  ];
  const isLog = chart.name === "loss" && choices.logLoss;
  const axis = {
    gridcolor: theme.grid,
    linecolor: theme.border,
    zeroline: false,
    automargin: false,
    showticklabels: raw.x.length > 0,
  };
  const layout = {
    width,
    height,
    margin: { l: 52, r: 12, t: 34, b: 44 },
    paper_bgcolor: theme.background,
    plot_bgcolor: theme.background,
    font: { family: theme.font, size: 12, color: theme.text },
    showlegend: false,
    hovermode: "x unified",
    hoverlabel: {
      bgcolor: theme.surface,
      bordercolor: theme.border,
      font: { family: theme.font, size: 12, color: theme.text },
    },
    modebar: {
      bgcolor: "rgba(0,0,0,0)",
      color: theme.faint,
      activecolor: theme.text,
    },
    // What a person set by hand is kept while these stay the same. The view of x is ours, so that
    // all charts share it.
    uirevision: chart.name,
    xaxis: {
      ...axis,
      title: { text: title, standoff: 8, font: { size: 12 } },
      tickformat: ticks,
      unifiedhovertitle: { text: `${title} %{x:${format}}` },
      spikecolor: theme.faint,
      spikethickness: 1,
      spikedash: "solid",
      showgrid: false,
      showline: true,
      ticks: "outside",
      ticklen: 4,
      tickcolor: theme.border,
      nticks: Math.max(3, Math.round(width / 90)),
      uirevision: viewCount,
      range: view ? [...view] : [0, END_ROOM * end],
    },
    yaxis: {
      ...axis,
      type: isLog ? "log" : "linear",
      tickformat: isLog ? "~g" : (chart.ticks ?? ""),
      exponentformat: "power",
      nticks: 6,
      uirevision: isLog ? "log" : "linear",
      // A curve that stays the same would otherwise lie between −1 and 1.
      rangemode: hasTest ? "normal" : "tozero",
      ...(isLog ? { dtick: logTicks(raw.y) } : { autorangeoptions: { minallowed: 0 } }),
    },
    yaxis2: { overlaying: "y", range: [0, 1], fixedrange: true, visible: false },
  };
  if (chart.name === "accuracy") layout.yaxis.autorangeoptions.maxallowed = 1.01;
  return { data, layout };
}

function line({ x, y }, color, width, shape = "linear") {
  return {
    type: "scatter",
    mode: x.length === 1 ? "markers" : "lines", // one point makes no line
    cliponaxis: x.length !== 1,
    x,
    y,
    line: { color, width, shape },
    marker: { size: 6, color },
  };
}

/** A thin vertical line for each thing that happened to the run, with what it was on hover. */
function eventLines(events, theme) {
  return {
    type: "scatter",
    mode: "lines",
    yaxis: "y2",
    x: events.flatMap((event) => [event.x, event.x, null]),
    y: events.flatMap(() => [0, 1, null]),
    text: events.flatMap((event) => [plain(event.text), plain(event.text), ""]),
    line: { color: theme.faint, width: 1, dash: "dot" },
    hovertemplate: "%{text}<extra></extra>",
  };
}

// ---------------------------------------------------------------------------------------- words

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

function shown(value, format) {
  return value === null || value === undefined ? "–" : format(value);
}

function duration(seconds) {
  const total = Math.round(seconds);
  const two = (number) => String(number).padStart(2, "0");
  if (total < 60) return `${total} s`;
  if (total < 3_600) return `${Math.floor(total / 60)} min ${two(total % 60)} s`;
  return `${Math.floor(total / 3_600)} h ${two(Math.floor((total % 3_600) / 60))} min`;
}

function bytes(value) {
  return value < 1e9 ? `${whole.format(value / 1e6)} MB` : `${(value / 1e9).toFixed(1)} GB`;
}

const percent = (value) => `${(100 * value).toFixed(1)}%`;
const number = (value) =>
  value > 0 && value < 1e-3 ? value.toExponential(2) : value.toPrecision(4);

// ------------------------------------------------------------------------------------- the run

class LiveRun {
  constructor(parent) {
    this.root = document.createElement("section");
    this.root.className = "blitz-live";
    this.root.innerHTML = SKELETON;
    parent.append(this.root);
    this.values = Object.fromEntries(
      [...this.root.querySelectorAll("[data-value]")].map((node) => [node.dataset.value, node]),
    );
    this.choices = readChoices();
    this.charts = CHARTS.map((chart) => this.addChart(chart));
    this.listening = new AbortController();
    this.connectControls();
    this.poller = new Poller((signal) => this.ask(signal), (notice) => this.tell(notice));
    this.listen(this.grid, "pointerdown", () => (this.isHeld = true));
    for (const name of ["pointerup", "pointercancel"]) {
      this.listen(window, name, () => {
        this.isHeld = false;
        this.draw();
      });
    }
    this.resizing = new ResizeObserver(() => this.draw());
    this.resizing.observe(this.grid);
    this.renders = 0;
  }

  get grid() {
    return this.root.querySelector(".blitz-live-charts");
  }

  listen(target, name, handler) {
    target.addEventListener(name, handler, { signal: this.listening.signal });
  }

  addChart(chart) {
    const figureNode = document.createElement("figure");
    const caption = document.createElement("figcaption");
    const plot = document.createElement("div");
    caption.textContent = chart.title;
    plot.dataset.chart = chart.name;
    figureNode.append(caption, plot);
    this.grid.append(figureNode);
    return { chart, plot };
  }

  // What Streamlit gives

  render({ data, setTriggerValue }) {
    this.setTriggerValue = setTriggerValue;
    this.api = data.api;
    this.plotlyUrl = data.plotly_url;
    // The status that the page shows; unknown, it becomes the first one seen.
    if (data.status !== this.pageStatus) this.told = undefined;
    this.pageStatus = data.status ?? undefined;
    if (data.run_id !== this.runId) {
      this.runId = data.run_id;
      this.told = undefined;
      this.events = [];
      this.startOver();
    }
    this.draw();
    this.poller.wake();
  }

  close() {
    this.poller.close();
    this.listening.abort();
    this.resizing.disconnect();
    cancelAnimationFrame(this.frame);
    for (const { plot } of this.charts) {
      if (plot.dataset.drawn) window.Plotly.purge(plot);
    }
    this.root.remove();
  }

  // Choices

  connectControls() {
    const form = this.root.querySelector("form");
    const { axis, smoothing, logLoss } = form.elements;
    const show = () => {
      this.values.smoothing.textContent = this.choices.smoothing.toFixed(3);
    };
    // Radio buttons of two instances on a page must not be one group: each has its own form.
    axis.value = this.choices.axis;
    smoothing.value = this.choices.smoothing;
    logLoss.checked = this.choices.logLoss;
    show();
    this.listen(form, "submit", (event) => event.preventDefault());
    this.listen(form, "input", () => {
      const isNewAxis = axis.value !== this.choices.axis;
      this.choices = {
        axis: axis.value,
        smoothing: Number(smoothing.value),
        logLoss: logLoss.checked,
      };
      sessionStorage.setItem(STORAGE_KEY, JSON.stringify(this.choices));
      show();
      if (isNewAxis) this.startOver();
      this.draw();
    });
  }

  setView(view) {
    this.view = view;
    this.viewCount += 1;
    this.wantsDetail = view !== null;
    // Back to the whole: what was fetched for the view is thinned away again.
    this.wantsWhole ||= view === null;
    this.draw();
    this.poller.wake();
  }

  // Points

  startOver() {
    this.curves = null;
    this.lastId = 0;
    this.view = null;
    this.viewCount = (this.viewCount ?? 0) + 1;
    this.wantsDetail = false;
    this.wantsWhole = true;
    this.poller.startOver();
  }

  async ask(signal) {
    const [{ status }] = await Promise.all([this.update(signal), loadPlotly(this.plotlyUrl)]);
    this.draw();
    if (status === "lost") return LOST_POLL_MS;
    return ACTIVE.has(status) ? POLL_MS : null;
  }

  async update(signal) {
    const isWhole = this.wantsWhole;
    const after = isWhole ? 0 : this.lastId;
    const answer = await this.fetchCurves({ x: this.choices.axis, after }, signal);
    if (isWhole) this.wantsWhole = false;
    this.take(answer);
    if (this.wantsDetail) {
      this.wantsDetail = false;
      await this.refine(signal);
    }
    this.draw();
    return answer;
  }

  take(answer) {
    this.lastId = answer.last_id;
    this.events = answer.events;
    const added = Object.entries(answer.curves).map(([name, curve]) => [name, withMeans(curve)]);
    if (answer.is_whole) this.curves = Object.fromEntries(added);
    else for (const [name, curve] of added) append(this.curves[name], curve);
    if (answer.is_whole && this.view) this.wantsDetail = true;
    const limit = MAX_HELD_POINTS * (this.view ? 2 : 1); // a view holds its detail beside the whole
    this.wantsWhole ||= Object.values(this.curves).some(({ x }) => x.length > limit);
    this.showProgress(answer);
    this.triggerOnChange(answer.status);
  }

  /** Fetch what is in view, and half a view more on each side, with more of its points. */
  async refine(signal) {
    const margin = (this.view[1] - this.view[0]) / 2;
    const [from, to] = [this.view[0] - margin, this.view[1] + margin];
    const parameters = { x: this.choices.axis, from, to, points: DETAIL_POINTS };
    const answer = await this.fetchCurves(parameters, signal);
    for (const [name, curve] of Object.entries(answer.curves)) {
      const held = this.curves[name];
      const detail = withMeans(curve);
      this.curves[name] = {
        ...splice(held, detail, from, to),
        means: splice(held.means, detail.means, from, to),
      };
    }
  }

  fetchCurves(parameters, signal) {
    const path = `${this.api}/runs/${encodeURIComponent(this.runId)}/curves`;
    return fetchJson(path, parameters, signal);
  }

  // Words

  tell(notice) {
    const node = this.root.querySelector(".blitz-live-notice");
    node.hidden = notice === null;
    node.textContent = notice ?? "";
  }

  showProgress({ status, message, progress }) {
    const { step, total_steps: total } = progress;
    const texts = {
      status,
      message,
      count: total ? `step ${whole.format(step)} of ${whole.format(total)}` : "",
      epoch: `${progress.epoch.toFixed(progress.epoch < 10 ? 2 : 1)} of ${progress.epochs}`,
      elapsed: duration(progress.seconds),
      left: ACTIVE.has(status) ? shown(progress.seconds_left, duration) : "–",
      speed: shown(progress.images_per_second, whole.format),
      memory: shown(progress.memory_bytes, bytes),
      train_loss: shown(progress.train_loss, number),
      train_accuracy: shown(progress.train_accuracy, percent),
      test_accuracy: shown(progress.test_accuracy, percent),
    };
    for (const [name, text] of Object.entries(texts)) {
      // Set only when it changed: a screen reader speaks the status each time it is set.
      if (this.values[name].textContent !== text) this.values[name].textContent = text;
    }
    this.root.dataset.status = status;
    const bar = this.root.querySelector("progress");
    bar.value = total ? step / total : 0;
  }

  /** Tell the page once about each status other than the one it shows. */
  triggerOnChange(status) {
    this.pageStatus ??= status;
    if (status === (this.told ?? this.pageStatus)) return;
    this.told = status;
    this.setTriggerValue("status", status);
  }

  // Drawing

  /** Draw with the next frame, unless somebody is dragging in a chart. */
  draw() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.drawNow());
  }

  drawNow() {
    if (this.poller.isClosed || this.isHeld || !this.curves || !window.Plotly) return;
    const theme = readTheme(this.root);
    Object.assign(theme, { training: TRAINING[theme.shade], test: TEST[theme.shade] });
    this.root.style.setProperty("--blitz-training", theme.training);
    this.root.style.setProperty("--blitz-test", theme.test);
    for (const { chart, plot } of this.charts) {
      const { clientWidth: width, clientHeight: height } = plot;
      if (!width) continue; // in a tab that is not shown
      const { data, layout } = figure(chart, { ...this, theme, width, height });
      const isFirst = !plot.dataset.drawn;
      window.Plotly.react(plot, data, layout, plotConfig());
      if (isFirst) {
        plot.dataset.drawn = "yes";
        plot.on("plotly_relayout", (change) => this.followZoom(change));
      }
    }
  }

  followZoom(change) {
    const [from, to] = [change["xaxis.range[0]"], change["xaxis.range[1]"]];
    if (Number.isFinite(from) && Number.isFinite(to)) this.setView([from, to]);
    else if (change["xaxis.autorange"]) this.setView(null);
  }
}

function readChoices() {
  const standard = { axis: "step", smoothing: 0.6, logLoss: false };
  try {
    return { ...standard, ...JSON.parse(sessionStorage.getItem(STORAGE_KEY)) };
  } catch (error) {
    if (error instanceof SyntaxError) return standard;
    throw error;
  }
}

const liveRuns = new WeakMap();

export default function (component) {
  const { parentElement } = component;
  if (!liveRuns.has(parentElement)) liveRuns.set(parentElement, new LiveRun(parentElement));
  const run = liveRuns.get(parentElement);
  run.render(component);
  run.renders += 1;
  const mine = run.renders;
  return () => {
    // Streamlit may drop an earlier call after a later one: only the last call's end is the end.
    if (run.renders !== mine) return;
    run.close();
    liveRuns.delete(parentElement);
  };
}
