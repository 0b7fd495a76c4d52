"""A drawing as one HTML file with the viewer in it, which opens without a server or a network."""

import base64
import json
import zlib
from html import escape

from blitz.autograd.export.texts import counts, printable
from blitz.autograd.picture.drawing import Drawing
from blitz.autograd.picture.scene import pack_drawing
from blitz.autograd.viewer import viewer_script, viewer_styles

# Even where a viewer's mistake or a name tried to, nothing can be loaded or sent.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
)
STYLE = """
:root { color-scheme: light dark; }
body { margin: 0; padding: 0.75rem 1rem; font: 0.9rem system-ui, sans-serif;
  background: #ffffff; color: #1f2328; }
@media (prefers-color-scheme: dark) { body { background: #14171c; color: #e6e8eb; } }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.25rem 1rem;
  margin-bottom: 0.5rem; }
h1 { font-size: 1.1rem; margin: 0; overflow-wrap: anywhere; }
header p { margin: 0; opacity: 0.75; }
#shown { margin-left: auto; }
#shown label { margin-left: 0.75rem; }
.blitz-graph [data-part=stage] { height: max(16rem, calc(100vh - 11rem)) !important; }
"""
SCRIPT = """
const packed = JSON.parse(document.getElementById("packed").textContent);
const viewer = new GraphViewer(document.getElementById("graph"), {
  details: true,
  // Groups cannot be opened one by one: nothing is here to lay them out.
  onOpen: () => choose("whole"),
  onClose: () => choose("folded"),
});

async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

let shown = "";
async function show(name) {
  shown = name;
  const drawing = await unpacked(packed[name]);
  const playback = packed.playback && name === "folded" ? await unpacked(packed.playback) : null;
  if (shown !== name) return; // another was chosen meanwhile
  viewer.setDrawing(drawing, { key: name });
  viewer.setPlayback(playback);
}

function choose(name) {
  document.querySelector(`#shown [value=${name}]`)?.click();
}

document.getElementById("shown")?.addEventListener("change", (event) => show(event.target.value));
show("folded").catch((error) => {
  document.getElementById("graph").textContent = `This browser cannot show the graph: ${error}`;
});
"""
SWITCH = """<fieldset id="shown" style="border: 0; padding: 0" aria-label="What is drawn">
<label><input type="radio" name="shown" value="folded" autocomplete="off" checked> Folded</label>
<label><input type="radio" name="shown" value="whole" autocomplete="off"> Every node</label>
</fieldset>"""
NOTEBOOK_HEIGHT = 640


def to_html(
    drawing: Drawing,
    *,
    playback: bytes | None = None,
    whole: Drawing | None = None,
    title: str = "Autograd graph",
) -> str:
    """A page with the viewer, for any browser since 2023.

    playback: of the backward pass on `drawing`, from `scene.pack_playback`. whole: the same graph
    with every node drawn, which a switch then shows.
    """
    packed = {"folded": _packed(pack_drawing(drawing, title=title))}
    if playback is not None:
        packed["playback"] = _packed(playback)
    if whole is not None:
        packed["whole"] = _packed(pack_drawing(whole, title=title))
    heading = escape(printable(title))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{heading}</title>
<style>{viewer_styles()}{STYLE}</style>
</head>
<body>
<header><h1>{heading}</h1><p>{counts(drawing)}</p>{SWITCH if whole else ""}</header>
<main id="graph"></main>
<noscript>The graph is drawn by a script, which this browser does not run.</noscript>
<script type="application/json" id="packed">{json.dumps(packed)}</script>
<script>{viewer_script()}{SCRIPT}</script>
</body>
</html>
"""


def _packed(data: bytes) -> str:
    """Compressed and in letters that mean nothing to HTML, whatever names the bytes hold."""
    return base64.b64encode(zlib.compress(data, 6)).decode("ascii")


def in_a_notebook(page: str) -> str:
    """A frame with the page in it, which keeps scripts and styles of both apart."""
    return (
        f'<iframe srcdoc="{escape(page)}" sandbox="allow-scripts allow-downloads" '
        f'title="Autograd graph" '
        f'style="width: 100%; height: {NOTEBOOK_HEIGHT}px; border: 0"></iframe>'
    )
