// Draws a Plotly figure in the page's colours, and tells which point of it was clicked.
//
// Streamlit calls the default export when the component appears and again whenever its data or the
// theme changes; the chart stays, and shows the new figure.

class FigureView {
  constructor(parent) {
    this.renders = 0;
    this.instance = Math.random().toString(36).slice(2);
    this.serial = 0;
    this.plot = document.createElement("div");
    this.plot.setAttribute("role", "img");
    this.plot.style.overflowX = "auto"; // for figures that need more room than there is
    parent.append(this.plot);
    this.resizing = new ResizeObserver(() => this.draw());
    this.resizing.observe(parent);
  }

  render({ data, setStateValue }) {
    this.send = (click) => setStateValue("click", click);
    const { label, plotly_url: url, digest, figure } = JSON.parse(new TextDecoder().decode(data));
    this.plot.setAttribute("aria-label", label);
    // Room for the chart before there is one: what stands below stays where it is.
    this.plot.style.minHeight = `${figure.layout.height ?? 0}px`;
    this.figure = figure;
    this.nextDigest = digest;
    loadPlotly(url).then(
      () => this.draw(),
      (error) => {
        this.plot.textContent = error.message;
      },
    );
  }

  draw() {
    const room = this.plot.clientWidth;
    if (this.isClosed || !window.Plotly || !room) return;
    const { data, layout } = this.figure;
    const width = Math.max(room, layout.meta?.least_width ?? 0);
    const isFirst = !this.plot.dataset.drawn;
    this.digest = this.nextDigest; // of what is on the screen, not of what will be
    window.Plotly.react(this.plot, data, { ...themed(layout, this.plot), width }, CONFIG);
    if (isFirst) {
      this.plot.dataset.drawn = "yes";
      this.plot.on("plotly_click", (event) => this.onClick(event));
    }
  }

  onClick({ points }) {
    const { x, y } = points[0];
    this.serial += 1;
    const { instance, serial, digest } = this;
    this.send({ instance, serial, digest, x, y });
  }

  close() {
    this.isClosed = true;
    this.resizing.disconnect();
    if (this.plot.dataset.drawn) window.Plotly.purge(this.plot);
    this.plot.remove();
  }
}

const CONFIG = { displayModeBar: false };

/** The layout with the page's font, and lines that show on its background. */
function themed(layout, element) {
  const style = getComputedStyle(element);
  const value = (name) => style.getPropertyValue(name).trim();
  const [text, border] = [value("--st-text-color"), value("--st-border-color")];
  const axis = {
    automargin: true, gridcolor: border, linecolor: border, zerolinecolor: border,
  };
  return {
    ...layout,
    template: {},
    font: { family: value("--st-font"), size: 12, color: text, ...layout.font },
    xaxis: { ...axis, ...layout.xaxis },
    yaxis: { ...axis, ...layout.yaxis },
    hoverlabel: {
      bgcolor: value("--st-secondary-background-color"),
      bordercolor: border,
      font: { family: value("--st-font"), size: 12, color: text },
    },
  };
}

const views = new WeakMap();

export default function (component) {
  const { parentElement } = component;
  if (!views.has(parentElement)) views.set(parentElement, new FigureView(parentElement));
  const view = views.get(parentElement);
  view.render(component);
  view.renders += 1;
  const mine = view.renders;
  return () => {
    // Streamlit may drop an earlier call after a later one: only the last call's end is the end.
    if (view.renders !== mine) return;
    view.close();
    views.delete(parentElement);
  };
}
