// Joined with the script of each component that draws with Plotly.

/** Load plotly.js once a page; all components on it share it. */
function loadPlotly(url) {
  window.blitzPlotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = resolve;
    script.onerror = () => {
      script.remove();
      window.blitzPlotly = undefined;
      reject(new Error("the chart cannot be loaded"));
    };
    document.head.append(script);
  });
  return window.blitzPlotly;
}
