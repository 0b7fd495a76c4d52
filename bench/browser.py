"""A real Chromium for the benchmarks that measure what a person sees."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bench.server import DEADLINE_SECONDS

if TYPE_CHECKING:  # a requirement of development alone
    from playwright.sync_api import Browser, Page


@contextmanager
def running_browser() -> Iterator["Browser"]:
    """A browser without a window."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium")
    if path is None:
        sys.exit("there is no chromium on the PATH")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])


@contextmanager
def new_page(browser: "Browser") -> Iterator["Page"]:
    """A page of a browser that has nothing kept from earlier ones."""
    with browser.new_context(viewport={"width": 1440, "height": 1000}) as context:
        context.set_default_timeout(1000 * DEADLINE_SECONDS)
        yield context.new_page()
