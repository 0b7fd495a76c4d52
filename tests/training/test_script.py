"""The exported script: it runs by itself and learns what the run learned."""

import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from blitz.datasets import load_dataset
from blitz.datasets.builtin import FASHION_MNIST_FOLDERS
from blitz.training import TrainConfig, train
from blitz.training.events import Finished
from blitz.training.presets import PRESETS
from blitz.training.script import training_script
from tests.datasets.helpers import class_files, split_files, write_folder, write_tar, write_zip

RUN_EACH = """
import runpy, sys
for path in sys.argv[1:]:
    runpy.run_path(path, run_name="__main__")
    print("--- end of a script")
"""


def run_scripts(sources: list[str], folder: Path) -> list[str]:
    """What each script prints, in a process of their own that cannot find Blitz."""
    paths = [folder / f"script_{index}.py" for index, _ in enumerate(sources)]
    for path, source in zip(paths, sources, strict=True):
        path.write_text(source, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", "-c", RUN_EACH, *map(str, paths)],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    *outputs, rest = done.stdout.split("--- end of a script\n")
    assert not rest
    return outputs


def run_script(source: str, folder: Path) -> str:
    [output] = run_scripts([source], folder)
    return output


def printed_accuracy(output: str) -> float:
    found = re.search(r"accuracy on \d+ test images: ([\d.]+)%", output)
    assert found, output
    return float(found[1]) / 100


def test_the_digits_script_reaches_what_the_run_reached(tmp_path: Path) -> None:
    config = TrainConfig(
        dataset="digits", model="net", optimizer="adamw", lr=0.003, schedule="one-cycle",
        batch_size=32, epochs=10, device="cpu",
    )  # fmt: skip
    *_, end = train(config)
    assert isinstance(end, Finished)
    assert end.accuracy is not None
    output = run_script(training_script(config, load_dataset("digits")), tmp_path)
    assert printed_accuracy(output) == pytest.approx(end.accuracy, abs=0.03)
    assert (tmp_path / "weights.pth").exists()


def test_the_script_of_the_fast_recipe_learns_by_all_its_tricks(tmp_path: Path) -> None:
    recipe = next(p.config for p in PRESETS if p.config.model == "speed")
    # Fewer images, of which a mirrored one is mostly no digit: smaller batches, and no flips.
    config = replace(
        recipe, dataset="digits", image_size=16, epochs=2, batch_size=64, lr=0.3, device="cpu",
        precision="float32", test_flips=False,
    )  # fmt: skip
    output = run_script(training_script(config, load_dataset("digits", image_size=16)), tmp_path)
    assert printed_accuracy(output) > 0.85


def test_a_last_image_alone_is_left_out_where_the_run_leaves_it_out(tmp_path: Path) -> None:
    config = TrainConfig(
        dataset="digits", model="speed", image_size=16, batch_size=479, epochs=1, device="cpu"
    )
    dataset = load_dataset("digits", image_size=16)
    assert len(dataset.train_labels) % 479 == 1
    script = training_script(config, dataset)
    assert "drop_last" not in training_script(replace(config, batch_size=64), dataset)
    assert 0 <= printed_accuracy(run_script(script, tmp_path)) <= 100


def test_the_script_splits_digits_as_the_run_does(tmp_path: Path) -> None:
    dataset = load_dataset("digits")
    source = training_script(TrainConfig(dataset="digits", epochs=1, device="cpu"), dataset)
    output = run_script(source + "\nprint(len(train_set), len(test_set))\n", tmp_path)
    assert f"{len(dataset.train_labels)} {len(dataset.test_labels)}" in output


def test_the_script_reads_class_folders_and_archives(tmp_path: Path) -> None:
    sources = [
        write_folder(tmp_path / "plain", split_files(8, 4)),
        write_zip(tmp_path / "zipped.zip", class_files(10)),
        write_tar(tmp_path / "rolled.tar", split_files(8, 4)),
    ]
    datasets = [
        load_dataset(source, folder=tmp_path / "blitz", image_size=16) for source in sources
    ]
    scripts = []
    for source, dataset in zip(sources, datasets, strict=True):
        config = TrainConfig(
            dataset=str(source), model="mlp", image_size=16, epochs=1, batch_size=4, device="cpu"
        )
        scripts.append(training_script(config, dataset))
    for dataset, output in zip(datasets, run_scripts(scripts, tmp_path), strict=True):
        assert f"accuracy on {len(dataset.test_labels)} test images" in output
        for name in dataset.classes:
            assert f"accuracy of {name}:" in output


def test_the_fashion_mnist_script_trains_on_torchvisions_files(tmp_path: Path) -> None:
    installed = FASHION_MNIST_FOLDERS[0]
    if not installed.is_dir():
        pytest.skip("Fashion-MNIST's files are not installed")
    # torchvision checks the authors' checksums, which a packaged copy does not have; unpacked
    # files it takes as they are.
    raw = tmp_path / "data" / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for file in installed.glob("*.gz"):
        shutil.copy(file, raw)
        subprocess.run(["gzip", "-d", str(raw / file.name)], check=True)
    preset = next(p for p in PRESETS if p.config.dataset == "fashion-mnist")
    config = TrainConfig.from_dict(preset.config.to_dict() | {"epochs": 1, "device": "cpu"})
    dataset = load_dataset("fashion-mnist", folder=tmp_path / "blitz")
    *_, end = train(config, data_folder=tmp_path / "blitz")
    assert isinstance(end, Finished)
    assert end.accuracy is not None
    output = run_script(training_script(config, dataset), tmp_path)
    assert printed_accuracy(output) == pytest.approx(end.accuracy, abs=0.08)


VARIANTS: list[dict[str, object]] = [
    {"optimizer": "nesterov", "schedule": "step", "loss": "mse"},
    {"optimizer": "rmsprop", "schedule": "cosine", "precision": "bf16"},
    {"optimizer": "adam", "weight_decay": 0.01, "model": "net3x3", "width": 2},
    {"optimizer": "sgd", "momentum": 0.0, "model": "resnet18-frozen", "batch_size": 128},
    {"augment": "flip", "averaging": "ema", "loss": "mse", "label_smoothing": 0.1},
    {"augment": "flip-shift-cutout", "optimizer": "nesterov"},
    {"model": "speed", "norm_bias_lr": 8.0, "schedule": "one-cycle", "image_size": 16},
]


def test_every_choice_makes_a_script_that_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # no weights from the network
    base: dict[str, object] = {"dataset": "digits", "epochs": 1, "lr": 0.001, "device": "cpu"}
    configs = [TrainConfig.from_dict(base | changes) for changes in VARIANTS]
    digits = load_dataset("digits")
    outputs = run_scripts([training_script(config, digits) for config in configs], tmp_path)
    for output in outputs:
        assert 0 <= printed_accuracy(output) <= 1


def test_the_script_is_valid_for_every_preset() -> None:
    dataset = load_dataset("digits")
    for preset in PRESETS:
        source = training_script(preset.config, dataset)
        compile(source, preset.title, "exec")
        assert "blitz" not in source.replace("Blitz", "")
