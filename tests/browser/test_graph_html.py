"""The exported page, opened as a file by a browser that has no network."""

import re
from pathlib import Path

import pytest
import torch
from playwright.sync_api import BrowserContext, Page, expect
from torch import Tensor, nn

from blitz.autograd import AutogradGraph, capture, trace
from blitz.autograd.backward.replay import replay
from blitz.autograd.export import to_html
from blitz.autograd.picture.drawing import draw
from blitz.autograd.picture.scene import pack_playback

NAME = "</script><script>alert(1)</script>"


class Odd(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(*(nn.Linear(4, 4) for _ in range(20)))
        self.register_parameter(NAME + '"\n\udc80', nn.Parameter(torch.ones(4)))

    def forward(self, x: Tensor) -> Tensor:
        last: Tensor = next(iter(self.parameters(recurse=False)))
        result: Tensor = (self.layers(x) * last).sum()
        return result


@pytest.fixture
def graph() -> AutogradGraph:
    torch.manual_seed(0)
    return capture(Odd(), torch.ones(2, 4))


@pytest.fixture
def requests(context: BrowserContext) -> list[str]:
    """What the page asks for; nothing of it is answered but the file itself."""
    context.set_offline(True)
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    return asked


def painted(page: Page, key: str) -> None:
    root = page.locator(".blitz-graph")
    expect(root).to_have_attribute("data-painted-key", key)


def test_the_page_opens_offline_and_shows_both_drawings(
    graph: AutogradGraph, page: Page, requests: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "graph.html"
    graph.to_html(path)
    page.goto(path.as_uri())
    painted(page, "folded")
    folded = page.locator(".blitz-graph-status").inner_text()
    page.get_by_label("Every node").check()
    painted(page, "whole")
    every = page.locator(".blitz-graph-status").inner_text()
    assert boxes(folded) < boxes(every)
    page.get_by_label("Folded").check()
    painted(page, "folded")
    assert page.title() == "Autograd graph"
    assert requests == [path.as_uri()]


def boxes(status: str) -> int:
    found = re.match(r"([\d,]+) box", status)
    assert found, status
    return int(found[1].replace(",", ""))


def test_a_title_with_markup_is_text(
    graph: AutogradGraph, page: Page, requests: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "graph.html"
    path.write_text(to_html(draw(graph), title=NAME), encoding="utf-8")
    page.goto(path.as_uri())
    painted(page, "folded")
    expect(page.get_by_role("heading", level=1)).to_have_text(NAME)
    assert page.title() == NAME


def test_a_playback_can_be_played(page: Page, requests: list[str], tmp_path: Path) -> None:
    x = torch.ones(2, requires_grad=True)
    graph = trace((x.sin() * x).sum())
    drawing = draw(graph)
    playback = pack_playback(drawing, replay(graph))
    path = tmp_path / "graph.html"
    path.write_text(to_html(drawing, playback=playback), encoding="utf-8")
    page.goto(path.as_uri())
    painted(page, "folded")
    expect(page.get_by_role("group", name="Playback of the backward pass")).to_be_visible()


def test_a_notebook_shows_it_within_its_frame(
    graph: AutogradGraph, page: Page, requests: list[str]
) -> None:
    page.set_content(graph._repr_html_())
    root = page.frame_locator("iframe").locator(".blitz-graph")
    expect(root).to_have_attribute("data-painted-key", "folded")
    assert requests == []
