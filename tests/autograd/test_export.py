import base64
import errno
import html
import json
import re
import shutil
import subprocess
import zlib
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
import torch
from torch import Tensor, nn

from blitz.autograd import AutogradGraph, capture, trace
from blitz.autograd.export import open_all, to_dot, to_html, to_json, to_mermaid, to_svg
from blitz.autograd.export.curves import curves, points
from blitz.autograd.export.files import write
from blitz.autograd.export.mermaid import escaped
from blitz.autograd.picture.drawing import Drawing, VertexKind, draw
from blitz.autograd.picture.folding import fold
from blitz.autograd.picture.packing import unpack

SVG = "{http://www.w3.org/2000/svg}"
NAMES = (
    "</script><script>alert(1)</script>",
    'a "quoted" name',
    "back\\slash \\N \\",
    "two\nlines\tand a tab",
    "\x00\x1b[2J\ufffe",
    "half \udc80 a pair",
    "&lt; &amp; <b>",
    "`code` **bold** _it_ 1. list #35;",
    "ﬂ°°35¶ß 中文 ‮turned",
    "]]>",
)


class OddNames(nn.Module):
    """Parameters with names that Python allows."""

    def __init__(self) -> None:
        super().__init__()
        for name in NAMES:
            self.register_parameter(name.replace(".", "·"), nn.Parameter(torch.ones(2)))

    def forward(self, x: Tensor) -> Tensor:
        for parameter in self.parameters():
            x = x * parameter
        return x.sum()


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = x + self.second(self.first(x).relu())
        return result


@pytest.fixture(scope="module")
def odd() -> AutogradGraph:
    return capture(OddNames(), torch.ones(2, requires_grad=True))


@pytest.fixture(scope="module")
def network() -> AutogradGraph:
    """Blocks in blocks: some 130 nodes, of which some are folded at first."""
    torch.manual_seed(0)
    blocks = nn.Sequential(*(Block() for _ in range(12)))
    return capture(blocks, torch.ones(2, 4, requires_grad=True))


def all_open(graph: AutogradGraph) -> Drawing:
    folding = fold(graph)
    return draw(graph, folding=folding, opened=open_all(folding))


# SVG


def test_svg_has_every_vertex_edge_and_frame(network: AutogradGraph) -> None:
    for drawing in (draw(network), draw(network, direction="down"), all_open(network)):
        root = ElementTree.fromstring(to_svg(drawing, title="A network"))
        assert root.findtext(f"{SVG}title") == "A network"
        groups = [each.get("class", "") for each in root.findall(f"{SVG}g")]
        for kind in VertexKind:
            drawn = sum(vertex.kind == kind for vertex in drawing.vertices)
            assert groups.count(kind.name.lower()) == drawn
        assert groups.count("frame") == len(drawing.frames)
        lines = root.findall(f"{SVG}g[@class='edges']/{SVG}path")
        assert len(lines) == 2 * len(drawing.source)  # each with its head


def test_groups_have_a_double_outline(network: AutogradGraph) -> None:
    root = ElementTree.fromstring(to_svg(draw(network)))
    folded = root.findall(f"{SVG}g[@class='group']")
    assert folded
    assert all(len(group.findall(f"{SVG}path")) == 2 for group in folded)


def test_svg_shows_odd_names_as_text(odd: AutogradGraph) -> None:
    text = to_svg(draw(odd), title="<b>\x00\udc80")
    root = ElementTree.fromstring(text)
    shown = {each.text for each in root.iter(f"{SVG}text")}
    assert 'a "quoted" name' in shown
    assert "&lt; &amp; <b>" in shown
    assert "two lines and a tab" in shown
    assert "half � a pair" in shown
    assert root.findtext(f"{SVG}title") == "<b>��"
    assert not list(root.iter(f"{SVG}script"))
    text.encode("utf-8")


def test_svg_shows_everything_within_its_view(network: AutogradGraph) -> None:
    for drawing in (draw(network), all_open(network)):
        root = ElementTree.fromstring(to_svg(drawing))
        left, top, width, height = map(float, (root.get("viewBox") or "").split())
        x, y = drawing.placement.x, drawing.placement.y
        assert left < (x - drawing.width / 2).min()
        assert (x + drawing.width / 2).max() < left + width
        assert top < (y - drawing.height / 2).min()
        assert (y + drawing.height / 2).max() < top + height


def test_svg_follows_the_readers_theme(network: AutogradGraph) -> None:
    assert "@media (prefers-color-scheme: dark)" in to_svg(draw(network))
    assert "http" not in to_svg(draw(network)).replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize("is_down", [False, True])
def test_curves_go_through_the_bends_and_never_past_them(is_down: bool) -> None:
    way = [(0.0, 0.0), (10.0, 0.0), (30.0, 20.0), (60.0, 20.0), (70.0, 50.0)]
    turned = [(y, x) for x, y in way] if is_down else way
    pieces = curves(turned, is_down=is_down)
    assert [end for *_, end in pieces] == turned[1:]
    for start, (first, second, end) in zip(turned, pieces, strict=False):
        for axis in (0, 1):
            low, high = sorted((start[axis], end[axis]))
            assert low <= first[axis] <= high
            assert low <= second[axis] <= high


def test_edges_leave_and_enter_boxes_at_their_sides(network: AutogradGraph) -> None:
    drawing = draw(network)
    for edge in range(len(drawing.source)):
        way = points(drawing, edge)
        tail, head = drawing.target[edge], drawing.source[edge]
        assert way[0][0] == pytest.approx(drawing.placement.x[tail] + drawing.width[tail] / 2)
        assert way[-1][0] == pytest.approx(drawing.placement.x[head] - drawing.width[head] / 2)


# DOT and Mermaid


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_graphviz_reads_our_dot_and_shows_names_as_they_are(
    odd: AutogradGraph, network: AutogradGraph
) -> None:
    for drawing in (draw(odd), draw(network), draw(network, direction="down")):
        read = subprocess.run(
            ["dot", "-Tsvg"], input=to_dot(drawing).encode(), capture_output=True, check=True
        )
        assert not read.stderr
        root = ElementTree.fromstring(read.stdout)
        kinds = [each.get("class") for each in root.iter(f"{SVG}g")]
        assert kinds.count("node") == len(drawing.vertices)
        assert kinds.count("edge") == len(drawing.source)
        assert kinds.count("cluster") == len(drawing.frames)
        shown = {(each.text or "").replace("\xa0", " ") for each in root.iter(f"{SVG}text")}
        assert {v.label for v in drawing.vertices if v.label.isprintable()} <= shown


def test_mermaid_writes_all_punctuation_as_entities() -> None:
    assert escaped("conv1.weight") == "conv1.weight"
    assert escaped('<b>"`_#;') == "#60;b#62;#34;#96;#95;#35;#59;"
    assert escaped("end\nsubgraph") == "end subgraph"
    assert escaped("1×64·é") == "1×64·é"


def test_mermaid_has_every_vertex_edge_and_frame(
    odd: AutogradGraph, network: AutogradGraph
) -> None:
    for drawing in (draw(odd), draw(network), all_open(network)):
        lines = [line.strip() for line in to_mermaid(drawing).splitlines()]
        assert lines[0] == "flowchart LR"
        assert sum(":::" in line for line in lines) == len(drawing.vertices)
        assert sum(" -->" in line for line in lines) == len(drawing.source)
        assert sum(line.startswith("subgraph ") for line in lines) == len(drawing.frames)
        assert lines.count("end") == len(drawing.frames)
        known = r'(subgraph g\d+\["[^"<>`]+"\]|end|flowchart LR|classDef .+|v\d+ -->.*v\d+|'
        known += r'v\d+(\[|\(\[|\{\{|\[\[|>)"[^"<>`]+(<br>[^"<>`]+)?"(\]|\]\)|\}\}|\]\]):::\w+)'
        assert [line for line in lines if not re.fullmatch(known, line)] == []


def test_down_is_down_in_every_format(network: AutogradGraph) -> None:
    assert "rankdir=TB" in network.to_dot(direction="down")
    assert network.to_mermaid(direction="down").startswith("flowchart TD\n")
    assert (
        json.loads(network.to_json(opened=[], direction="down"))["drawing"]["direction"] == "down"
    )


# JSON


def test_json_says_what_the_graph_says(network: AutogradGraph, odd: AutogradGraph) -> None:
    for graph in (network, odd):
        found = json.loads(to_json(graph))
        assert len(found["nodes"]) == len(graph)
        for row, node in zip(found["nodes"], graph.nodes, strict=True):
            assert row["index"] == node.index
            assert (row["name"], row["kind"], row["label"]) == (node.name, node.kind, node.label)
            assert row["variable"] == node.variable
            assert row["module"] == (node.module or None)
            assert row["shape"] == list(node.shapes[0])
            assert row["line"] == (node.source.line if node.source else None)
        ends = ("index", "source", "target", "input_index", "output_index")
        assert [tuple(row[name] for name in ends) for row in found["edges"]] == [
            tuple(getattr(edge, name) for name in ends) for edge in graph.edges
        ]
        assert [(row["node"], row["result"]) for row in found["outputs"]] == list(graph.roots)


def test_json_has_the_groups_and_on_request_the_drawing(network: AutogradGraph) -> None:
    drawing, folding = draw(network), fold(network)
    assert "drawing" not in json.loads(network.to_json())
    found = json.loads(to_json(network, drawing))
    assert [row["start"] for row in found["groups"]] == folding.start.tolist()
    assert [row["label"] for row in found["groups"]] == [
        folding.label(group) for group in range(len(folding))
    ]
    assert [row["x"] for row in found["drawing"]["vertices"]] == drawing.placement.x.tolist()
    assert sum(len(row["route"]) for row in found["drawing"]["edges"]) == len(
        drawing.placement.route
    )


# HTML


class Page(HTMLParser):
    """Elements of a page, and the text of its scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.elements and self.elements[-1][0] == "script":
            self.scripts.append(data)


def packed_in(page: Page) -> dict[str, bytes]:
    texts: dict[str, str] = json.loads(page.scripts[0])
    return {name: zlib.decompress(base64.b64decode(text)) for name, text in texts.items()}


def test_a_page_holds_both_drawings_and_loads_nothing(network: AutogradGraph) -> None:
    page = Page(network.to_html())
    assert not [
        (tag, name, value)
        for tag, attributes in page.elements
        for name, value in attributes.items()
        if name in ("src", "href") and value != "data:,"
    ]
    packed = packed_in(page)
    assert list(packed) == ["folded", "whole"]
    for name, drawing in (("folded", draw(network)), ("whole", all_open(network))):
        arrays, _ = unpack(packed[name])
        assert arrays["vertex_x"].tolist() == drawing.placement.x.tolist()


def test_names_cannot_leave_their_place_in_a_page(odd: AutogradGraph) -> None:
    drawing = draw(odd)
    page = Page(to_html(drawing, title=NAMES[0]))
    assert [tag for tag, _ in page.elements].count("script") == 2
    assert "alert(1)" not in "".join(page.scripts)
    _, header = unpack(packed_in(page)["folded"])
    assert header["title"] == NAMES[0]


def test_a_page_without_anything_folded_has_no_switch() -> None:
    y = torch.ones(2, requires_grad=True).sin().sum()
    page = Page(trace(y).to_html())
    assert list(packed_in(page)) == ["folded"]
    assert "fieldset" not in [tag for tag, _ in page.elements]


def test_a_playback_comes_along(network: AutogradGraph) -> None:
    page = Page(to_html(draw(network), playback=b"any bytes"))
    assert packed_in(page)["playback"] == b"any bytes"


def test_a_notebook_shows_the_page_in_a_frame(network: AutogradGraph) -> None:
    shown = network._repr_html_()
    match = re.fullmatch(r'<iframe srcdoc="([^"]*)" sandbox="allow-scripts [^>]*></iframe>', shown)
    assert match
    assert html.unescape(match[1]) == network.to_html()


# Files


def test_every_method_writes_what_it_returns_without_a_path(
    network: AutogradGraph, tmp_path: Path
) -> None:
    methods = {
        "a.html": network.to_html, "a.svg": network.to_svg, "a.dot": network.to_dot,
        "a.mmd": network.to_mermaid, "a.json": network.to_json,
    }  # fmt: skip
    for name, method in methods.items():
        path = tmp_path / name
        assert method(path) == str(path)
        assert path.read_text(encoding="utf-8") == method()
        assert method(str(path), opened="all") == str(path)
        assert path.read_text(encoding="utf-8") == method(opened="all")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(methods)


def test_same_graph_gives_the_same_files(network: AutogradGraph) -> None:
    assert network.to_svg() == network.to_svg()
    assert network.to_html() == network.to_html()


def test_opened_groups_are_drawn(network: AutogradGraph) -> None:
    assert network.to_svg(opened="all") == to_svg(all_open(network))
    assert network.to_svg(opened=[]) == to_svg(draw(network, opened=[]))
    assert network.to_svg() == to_svg(draw(network))


def test_odd_names_can_be_written_in_every_format(odd: AutogradGraph, tmp_path: Path) -> None:
    for name in ("html", "svg", "dot", "mermaid", "json"):
        getattr(odd, f"to_{name}")(tmp_path / name)
        (tmp_path / name).read_text(encoding="utf-8")


def test_a_failed_write_names_the_file_and_leaves_nothing(
    network: AutogradGraph, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError) as missing:
        network.to_svg(tmp_path / "none" / "a.svg")
    assert missing.value.filename == str(tmp_path / "none" / "a.svg")
    with pytest.raises(IsADirectoryError) as folder:
        network.to_svg(tmp_path)
    assert folder.value.errno == errno.EISDIR
    assert list(tmp_path.iterdir()) == []


def test_threads_write_the_same_file_whole(tmp_path: Path) -> None:
    path, texts = tmp_path / "a.svg", [letter * 100_000 for letter in "abcdefgh"]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, [path] * 160, texts * 20))
    assert path.read_text(encoding="utf-8") in texts
    assert [each.name for each in tmp_path.iterdir()] == ["a.svg"]


def test_a_leaf_alone_has_a_picture() -> None:
    x = torch.ones(2, requires_grad=True)
    graph = trace(x, names={"x": x})
    ElementTree.fromstring(graph.to_svg())
    assert "x" in graph.to_dot()
    assert json.loads(graph.to_json())["edges"] == []
    graph.to_html()
    graph.to_mermaid()
