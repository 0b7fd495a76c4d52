// The elements of a viewer.

const ICON_PATHS = {
  up: "M4 10l4-4 4 4", down: "M4 6l4 4 4-4",
  plus: "M8 3.5v9M3.5 8h9", minus: "M3.5 8h9",
  fit: "M6 3H3v3M10 3h3v3M6 13H3v-3M10 13h3v-3",
  first: "M4.5 3.5v9M12 4L7 8l5 4z", last: "M11.5 3.5v9M4 4l5 4-5 4z",
  back: "M10.5 4L5.5 8l5 4z", next: "M5.5 4l5 4-5 4z",
  play: "M5 3.2L12.5 8 5 12.8z", pause: "M5.5 3.5v9M10.5 3.5v9",
};

function icon(name) {
  return `<svg viewBox="0 0 16 16" aria-hidden="true" data-name="${name}"><path d="${ICON_PATHS[name]}"/></svg>`;
}

function iconButton(action, name, label) {
  return `<button type="button" data-action="${action}" aria-label="${label}" title="${label}">${icon(name)}</button>`;
}

const INSTRUCTIONS =
  "Arrow keys move along the edges, Enter opens a group, Backspace closes the group around, " +
  "P marks the beginning of a path and then its end, plus and minus zoom, 0 shows all, " +
  "slash goes to the search, Escape clears.";

const SKELETON = `
  <div class="blitz-graph-tools">
    <search>
      <input type="search" data-part="search" placeholder="Search" spellcheck="false"
        autocomplete="off" aria-label="Search in names, notes and facts">
      <output data-part="count"></output>
      ${iconButton("previous-match", "up", "Previous match")}
      ${iconButton("next-match", "down", "Next match")}
    </search>
    <div class="blitz-graph-group" role="group" aria-label="Highlight">
      <button type="button" data-action="inputs" aria-pressed="false"
        title="Highlight everything that the selected one is computed from">Towards inputs</button>
      <button type="button" data-action="output" aria-pressed="false"
        title="Highlight everything that is computed from the selected one">Towards output</button>
      <button type="button" data-action="path" aria-pressed="false"
        title="Highlight the shortest path to what is chosen next (or: click with Shift)">Path</button>
    </div>
    <div class="blitz-graph-group">
      <button type="button" data-action="table" aria-pressed="false">Table</button>
      <details data-part="png">
        <summary>PNG</summary>
        <div>
          <button type="button" data-action="png-view">This view</button>
          <button type="button" data-action="png-whole">Whole graph</button>
        </div>
      </details>
    </div>
  </div>
  <div class="blitz-graph-stage" data-part="stage">
    <canvas data-part="scene"></canvas>
    <canvas data-part="overlay" tabindex="0" role="application" aria-label="Graph"></canvas>
    <canvas data-part="map" hidden aria-hidden="true"></canvas>
    <p data-part="empty" hidden>nothing to draw</p>
    <div class="blitz-graph-zoom">
      ${iconButton("zoom-in", "plus", "Zoom in")}
      ${iconButton("zoom-out", "minus", "Zoom out")}
      ${iconButton("fit", "fit", "Show all")}
    </div>
    <div class="blitz-graph-legend" data-part="legend" hidden>
      <b>Gradient norm</b>
      <span data-part="end"></span><i data-part="scale"></i><span data-part="end"></span>
      <span data-of="zero"><i data-part="zero"></i>zero</span>
      <span data-of="broken"><i data-part="broken"></i>NaN or ∞</span>
    </div>
    <div class="blitz-graph-card" data-part="details" hidden></div>
    <div class="blitz-graph-card blitz-graph-tooltip" data-part="tooltip" hidden></div>
  </div>
  <div class="blitz-graph-playback" data-part="playback" role="group"
    aria-label="Playback of the backward pass" hidden>
    <div class="blitz-graph-group">
      ${iconButton("first", "first", "To the beginning")}
      ${iconButton("back", "back", "One step back")}
      <button type="button" data-action="play" data-icon="play" aria-label="Play"
        title="Play">${icon("play")}${icon("pause")}</button>
      ${iconButton("next", "next", "One step on")}
      ${iconButton("last", "last", "To the end")}
    </div>
    <input type="range" step="1" aria-label="Step of the backward pass">
    <select aria-label="Speed, in steps a second"></select>
    <output data-part="step"></output>
  </div>
  <p class="blitz-graph-status" data-part="status" role="status"></p>
  <div class="blitz-graph-table" data-part="table" hidden>
    <div data-part="opened" role="group" aria-label="Opened groups"></div>
    <div data-part="rows" tabindex="-1">
      <table>
        <caption>All that is drawn, or what the search found</caption>
        <thead><tr></tr></thead>
        <tbody></tbody>
      </table>
    </div>
    <div data-part="pages">
      <button type="button" data-action="previous-page">Previous</button>
      <span role="status"></span>
      <button type="button" data-action="next-page">Next</button>
    </div>
  </div>`;

/** The root element of a viewer with all its parts, and the parts by their names. */
function buildSkeleton(element, height, instanceId) {
  const root = document.createElement("section");
  root.className = "blitz-graph";
  root.setAttribute("aria-label", "Graph explorer");
  root.innerHTML = SKELETON; // nothing of a person's in it
  const help = document.createElement("p");
  help.id = `blitz-graph-help-${instanceId}`;
  help.hidden = true;
  help.textContent = INSTRUCTIONS;
  root.append(help);
  const parts = {};
  for (const part of root.querySelectorAll("[data-part]")) parts[part.dataset.part] = part;
  parts.stage.style.height = `${height}px`;
  parts.overlay.setAttribute("aria-describedby", help.id);
  element.append(root);
  return { root, parts };
}
