"""Who may import whom."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BARE = [
    ROOT / "blitz" / "devices.py",
    ROOT / "blitz" / "models.py",
    *sorted((ROOT / "blitz" / "datasets").glob("*.py")),
    *(
        ROOT / "blitz" / "training" / f"{name}.py"
        for name in (
            "augmentation", "averaging", "batches", "building", "compiling", "config",
            "evaluation", "events", "graph_queue", "groups", "images", "loop", "optimisers", "plan",
            "replayed", "rounds", "schedules", "state", "step", "team", "together",
            "together_layers", "whitening",
        )
    ),
]  # fmt: skip
AREAS = ("tensors", "autograd", "backprop", "network", "training")


def sources() -> Iterator[Path]:
    yield ROOT / "app.py"
    for folder in ("pages", "blitz", "bench"):
        yield from sorted((ROOT / folder).rglob("*.py"))


def imported_modules(path: Path) -> set[str]:
    """All modules a file imports, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def packages(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imported_modules(path)}


def test_only_app_pages_and_ui_know_streamlit() -> None:
    # And the benchmark that speaks a page's own protocol with the server.
    speaker = ROOT / "bench" / "session_protocol.py"
    for path in sources():
        may = path in (ROOT / "app.py", speaker) or "pages" in path.parts or "ui" in path.parts
        assert may or "streamlit" not in packages(path), path


def test_only_figures_know_plotly() -> None:
    for path in sources():
        assert path.name == "figures.py" or "plotly" not in packages(path), path


def test_areas_do_not_import_each_other() -> None:
    for area in AREAS:
        others = {f"blitz.{other}" for other in AREAS if other != area} | {"blitz.ui"}
        for path in sorted((ROOT / "blitz" / area).rglob("*.py")):
            crossing = {
                name for name in imported_modules(path) if ".".join(name.split(".")[:2]) in others
            }
            assert not crossing, path


def test_shared_nouns_import_no_area() -> None:
    nouns = [
        ROOT / "blitz" / f"{name}.py"
        for name in ("settings", "devices", "models", "model_memory", "look", "turns")
    ]
    for path in [*nouns, *sorted((ROOT / "blitz" / "datasets").glob("*.py"))]:
        second = {name.split(".")[1] for name in imported_modules(path) if name.count(".")}
        assert not second & {*AREAS, "ui"}, path


def test_a_page_never_imports_a_page() -> None:
    for path in sources():
        assert "pages" not in packages(path), path


@pytest.mark.parametrize("path", BARE, ids=lambda path: path.stem)
def test_what_runs_on_a_bare_gpu_machine_needs_torch_and_numpy_alone(path: Path) -> None:
    # filelock comes with torch, PIL with torchvision; scikit-learn only where digits are asked for
    allowed = {"torch", "torchvision", "numpy", "PIL", "filelock", "sklearn", "blitz"}
    standard = __import__("sys").stdlib_module_names
    assert packages(path) - standard <= allowed


def test_bare_modules_import_bare_modules() -> None:
    allowed = {"blitz.settings", "blitz.datasets", "blitz.training"}
    allowed |= {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in BARE
    }
    for path in BARE:
        own = {name for name in imported_modules(path) if name.startswith("blitz")}
        modules = {name if name in allowed else name.rpartition(".")[0] for name in own}
        assert modules <= allowed, path
