"""Take the README's pictures from the running product.

    python docs/take_pictures.py PATH_OF_A_CIFAR10_ARCHIVE

Starts a server with a home folder of its own, trains in it, and photographs the pages.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from time import monotonic, sleep

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
IDLE = "[data-test-connection-state=CONNECTED][data-test-script-state=notRunning]"


def main() -> None:
    archive = Path(sys.argv[1]).resolve()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home = tempfile.mkdtemp(prefix="blitz-pictures-")
    environment = os.environ | {"BLITZ_HOME": home, "BLITZ_DATASETS": str(archive.parent)}
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "streamlit", "run", "app.py"),
            *("--server.port", str(port), "--server.headless", "true"),
        ],
        cwd=ROOT,
        env=environment,
    )
    try:
        wait_for_server(f"http://127.0.0.1:{port}/_stcore/health")
        photograph(f"http://127.0.0.1:{port}", environment, archive)
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(home, ignore_errors=True)


def wait_for_server(url: str) -> None:
    deadline = monotonic() + 60
    while monotonic() < deadline:
        try:
            with urllib.request.urlopen(url):
                return
        except OSError:
            sleep(0.2)
    raise TimeoutError(url)


def train(environment: dict[str, str], *arguments: str) -> str:
    """Train, and return the run's id."""
    command = [sys.executable, "-m", "blitz", "train", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, check=True, text=True, stdout=subprocess.PIPE
    )
    run: str = json.loads(done.stdout.splitlines()[-1])["run"]
    return run


def photograph(address: str, environment: dict[str, str], archive: Path) -> None:
    train(environment, "--dataset", "digits", "--epochs", "8", "--lr", "0.02", "--name", "Digits")
    run = train(
        environment,
        *("--dataset", str(archive), "--name", "CIFAR-10, Net", "--epochs", "8"),
        *("--optimizer", "adamw", "--lr", "0.002", "--schedule", "one-cycle"),
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        size = {"width": 1440, "height": 900}
        page = browser.new_page(viewport=size, device_scale_factor=1)
        show(page, address)
        page.screenshot(path=PICTURES / "home.png")
        page.get_by_role("button", name="CIFAR-10").click()
        page.get_by_text("Truth and prediction").wait_for()
        page.wait_for_selector(IDLE)
        page.get_by_role("heading", name="On the test images").evaluate("e => e.scrollIntoView()")
        page.wait_for_timeout(1_000)
        page.screenshot(path=PICTURES / "results.png")
        show(page, f"{address}/train")
        page.screenshot(path=PICTURES / "train.png")
        photograph_tensors(page, address)
        photograph_graphs(page, address)
        photograph_backprop(page, address)
        photograph_network(page, address, run, archive.name)
        photograph_compare(page, address)
        photograph_epochs(page, address, environment)
        browser.close()

        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport=size, color_scheme="dark")
        show(page, f"{address}/train")
        page.locator(".st-key-train_epochs input").fill("60")
        page.locator(".st-key-train_epochs input").press("Enter")
        page.wait_for_selector(IDLE)
        page.get_by_role("button", name="Start").click()
        page.get_by_text("running").first.wait_for()
        page.wait_for_timeout(7_000)
        page.screenshot(path=PICTURES / "run.png")
        page.get_by_role("button", name="Stop").click()
        page.get_by_role("button", name="Resume").wait_for()
        browser.close()


def photograph_network(page: Page, address: str, run: str, archive: str) -> None:
    show(page, f"{address}/network?run={run}&dataset={archive}&image=12&layer=1")
    page.locator(".st-key-network-picture-kernels .js-plotly-plot").wait_for()
    page.set_viewport_size({"width": 1440, "height": 1340})
    page.get_by_text("Answer:").evaluate("e => e.scrollIntoView()")
    page.wait_for_timeout(1_500)
    page.screenshot(path=PICTURES / "network.png")
    page.set_viewport_size({"width": 1440, "height": 900})
    show(page, f"{address}/network?view=step&run={run}&dataset={archive}")
    page.get_by_role("button", name="Whole step").click()
    page.get_by_text("changed by the optimiser").wait_for()
    page.locator(".js-plotly-plot").last.wait_for()
    page.wait_for_timeout(1_500)
    page.screenshot(path=PICTURES / "network-step.png")


def photograph_compare(page: Page, address: str) -> None:
    show(page, f"{address}/compare?panel=Sweep")
    page.get_by_role("button", name="Start the sweep").click()
    done = page.locator(".blitz-runs tr[data-id] [data-column=status]").filter(has_text="finished")
    done.nth(5).wait_for(timeout=120_000)
    page.get_by_text("Best so far").wait_for()
    page.wait_for_timeout(4_000)
    page.get_by_text("Sweep shown").evaluate("e => e.scrollIntoView()")
    page.wait_for_timeout(500)
    page.screenshot(path=PICTURES / "compare-sweep.png")
    page.get_by_test_id("stMain").get_by_text("Curves", exact=True).click()
    page.locator(".scatterlayer .trace").first.wait_for()
    page.wait_for_timeout(2_000)
    page.screenshot(path=PICTURES / "compare.png")


def photograph_epochs(page: Page, address: str, environment: dict[str, str]) -> None:
    runs = [
        train(
            environment,
            *("--dataset", "digits", "--epochs", "12", "--lr", lr, "--keep-epochs"),
            *("--name", f"Digits, learning rate {lr}"),
        )
        for lr in ("0.02", "0.05")
    ]
    page.set_viewport_size({"width": 1440, "height": 1100})
    show(page, f"{address}/compare?runs={','.join(runs)}&panel=Epochs&epoch=4")
    page.get_by_text("Truth and prediction").first.wait_for()
    page.get_by_text("Weights of").evaluate("e => e.scrollIntoView()")
    page.wait_for_timeout(2_500)
    page.screenshot(path=PICTURES / "compare-epochs.png")
    page.set_viewport_size({"width": 1440, "height": 900})


def photograph_tensors(page: Page, address: str) -> None:
    show(page, f"{address}/tensors")
    page.locator("textarea").fill(
        "x = torch.arange(12.).reshape(3, 4)\ny = x.T\nz = x[1:, ::2]\nz[0, 0] = -40\n"
        "w = x / (x - 5)\n"
    )
    page.get_by_text("min −40").first.wait_for()
    page.wait_for_selector(IDLE)
    page.wait_for_timeout(1_000)
    page.screenshot(path=PICTURES / "tensors.png")
    page.get_by_role("button", name="cat and stack").click()
    page.get_by_test_id("stMain").get_by_text("Operations", exact=True).click()
    page.get_by_text("stack makes a new axis").wait_for()
    page.wait_for_timeout(1_000)
    page.screenshot(path=PICTURES / "tensors-stack.png")


def photograph_graphs(page: Page, address: str) -> None:
    show(page, f"{address}/autograd?example=resnet18")
    page.get_by_role("button", name="Open more").click()
    search(page, "Add")
    page.screenshot(path=PICTURES / "autograd.png")
    show(page, f"{address}/autograd?example=lstm")
    steps = page.locator(".st-key-graph_lstm_steps input")
    steps.fill("1000")
    steps.press("Enter")
    page.get_by_role("button", name="Run backward").click()
    search(page, "1,000")
    step = page.get_by_role("spinbutton", name="Step", exact=True)
    step.fill("998")
    step.press("Enter")
    page.wait_for_selector(IDLE)
    page.get_by_role("button", name="Open this step").click()
    search(page, "Tanh")
    page.screenshot(path=PICTURES / "autograd-node.png")


def photograph_backprop(page: Page, address: str) -> None:
    show(page, f"{address}/backprop")
    page.get_by_role("listitem").filter(has_text="∂E/∂w1").click()
    page.wait_for_timeout(1_500)
    page.screenshot(path=PICTURES / "backprop.png")
    show(page, f"{address}/backprop?example=xor&panel=Loss+surface&shown=400&x=w5&y=w6")
    page.get_by_role("radiogroup", name="Panel").evaluate("e => e.scrollIntoView()")
    page.wait_for_timeout(1_500)
    page.screenshot(path=PICTURES / "backprop-surface.png")


def search(page: Page, text: str) -> None:
    """Look for a box of the graph, and go to the first found."""
    page.wait_for_selector(IDLE)
    page.wait_for_timeout(1_000)
    box = page.locator(".blitz-graph").get_by_role("searchbox")
    box.fill(text)
    box.press("Enter")
    page.wait_for_timeout(1_500)
    page.wait_for_selector(IDLE)


def show(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector(IDLE)
    page.wait_for_timeout(1_500)


if __name__ == "__main__":
    main()
