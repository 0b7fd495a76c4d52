"""The README's table of what was measured, made from the figures in bench/results/.

    python -m bench.table [--check]

Run it after a benchmark's figures were written there (`-o bench/results/NAME.json`). With --check
nothing is written, and the exit status says whether the table is up to date.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
RESULTS = ROOT / "bench" / "results"
BEGIN = "<!-- made by python -m bench.table -->"
END = "<!-- until here -->"


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A benchmark's figures and how to measure them again."""

    file: str
    command: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A line of the table: words, and figures by their names in the JSON."""

    what: str
    measured: str
    source: Source


TRAINING = Source(
    file="training-2-cores", command="bench.training --dataset ARCHIVE` (without one: `cifar10`)"
)
PAGES = Source(file="pages-2-cores", command="bench.pages`")
BACKPROP = Source(file="backprop-2-cores", command="bench.backprop`")
TENSORS = Source(file="tensors-2-cores", command="bench.tensors`")
NETWORK = Source(file="network-2-cores", command="bench.network`")
SWEEP = Source(file="sweep-2-cores", command="bench.sweep`")
COMPARE = Source(file="compare-2-cores", command="bench.compare`")

GRAPHS = Source(file="graphs-2-cores", command="bench.graphs`")
PRESETS = Source(file="presets-2-cores", command="bench.presets --dataset ARCHIVE`")
SESSIONS = Source(file="sessions-2-cores", command="bench.sessions`")

ROWS = (
    Row(
        what="training against the tutorial's own loop, CIFAR-10 from JPEG files, Net, batch 4",
        measured="{ratio_batch_4:.2f}× ({images_per_second_batch_4:,.0f} images/s)",
        source=TRAINING,
    ),
    Row(
        what="the same, batch 64",
        measured="{ratio_batch_64:.2f}× ({images_per_second_batch_64:,.0f} images/s)",
        source=TRAINING,
    ),
    Row(
        what="time of a step over that of its PyTorch operations alone, batch 4 and 64",
        measured="{floor_ratio_batch_4:.2f}× and {floor_ratio_batch_64:.2f}×",
        source=TRAINING,
    ),
    Row(
        what="16 runs of Net at batch 4 trained together, over one after another",
        measured="{together_ratio:.2f}×",
        source=SWEEP,
    ),
    Row(
        what="first page after the server is up; the next page",
        measured="{first_page_s:.1f} s; {next_page_s:.2f} s",
        source=PAGES,
    ),
    Row(
        what="a widget's change until the page is done, 95th percentile",
        measured="{rerun_p95_ms:.0f} ms",
        source=PAGES,
    ),
    Row(
        what="Start until the first point of the curve",
        measured="{start_to_first_point_s:.1f} s",
        source=PAGES,
    ),
    Row(
        what="a recorded point until it is on screen, median and slowest",
        measured="{new_point_s:.2f} s and {new_point_max_s:.2f} s",
        source=PAGES,
    ),
    Row(
        what="a run beside its open page, over the bare loop: "
        "the browser draws on the same two cores",
        measured="{beside_page_ratio:.2f}",
        source=PAGES,
    ),
    Row(
        what="a table of 1,000 runs of 10,000 rows; 50 of them compared, until all is drawn",
        measured="{table_1000_runs_s:.2f} s; {compare_50_runs_s:.2f} s",
        source=COMPARE,
    ),
    Row(
        what="memory of the server after an hour's polls of them; growth in the second half",
        measured="{memory_mb:.0f} MB; {memory_growth_mb:.1f} MB",
        source=COMPARE,
    ),
    Row(
        what="a class of 40, each changing something every 5 s: rerun, 95th percentile; "
        "the server's share of a core",
        measured="{p95_ms_40:.0f} ms; {cpu_40:.0%}",
        source=SESSIONS,
    ),
    Row(
        what="40 watching one run: the server's share of a core",
        measured="{watching_cpu_40:.0%}",
        source=SESSIONS,
    ),
    Row(
        what="a graph from the output to all its positions: ResNet-18, 132 nodes; "
        "torchviz; torchview",
        measured="{resnet18:.3f} s; {torchviz_resnet18:.2f} s; {torchview_resnet18:.2f} s",
        source=GRAPHS,
    ),
    Row(
        what="ResNet-152, 983 nodes; torchviz; torchview",
        measured="{resnet152:.2f} s; {torchviz_resnet152:.2f} s; {torchview_resnet152:.2f} s",
        source=GRAPHS,
    ),
    Row(
        what="ViT-B/16, 666 nodes; torchviz; torchview",
        measured="{vit_b_16:.2f} s; {torchviz_vit_b_16:.2f} s; {torchview_vit_b_16:.2f} s",
        source=GRAPHS,
    ),
    Row(
        what="DenseNet-201, 1,316 nodes; torchviz; torchview",
        measured="{densenet201:.2f} s; {torchviz_densenet201_note}; {torchview_densenet201_note}",
        source=GRAPHS,
    ),
    Row(
        what="an LSTM over 1,000 steps, 13,009 nodes; torchviz; torchview, which shows 5 boxes",
        measured="{lstm1000:.2f} s; {torchviz_lstm1000_note}; {torchview_lstm1000:.2f} s",
        source=GRAPHS,
    ),
    Row(
        what="a chain of 10,000 operations; torchviz; dot alone",
        measured="{chain10k:.2f} s; {torchviz_chain10k_note}; {dot_chain10k:.1f} s",
        source=GRAPHS,
    ),
    Row(
        what="a chain of 100,000; 100,000 operations of two operands; a chain of 1,000,000",
        measured="{chain100k:.1f} s; {wide100k:.1f} s; {chain1m:.1f} s",
        source=GRAPHS,
    ),
    Row(
        what="one update of the 2-2-2 network explained in 51 steps; of five layers of eight units",
        measured="{explain_2_2_2_ms:.2f} ms; {explain_5x8_ms:.1f} ms",
        source=BACKPROP,
    ),
    Row(
        what="10,000 updates of the 2-2-2 network; the same by autograd and `optim.SGD`",
        measured="{updates_10000_s:.2f} s; {autograd_10000_s:.2f} s",
        source=BACKPROP,
    ),
    Row(
        what="a changed number until it is on screen, in those two networks",
        measured="{changed_number_ms:.0f} ms; {changed_number_5x8_ms:.0f} ms",
        source=BACKPROP,
    ),
    Row(
        what="a small program of the tensor playground, through its worker, median and 95th "
        "percentile",
        measured="{small_program_p50_ms:.0f} ms; {small_program_p95_ms:.0f} ms",
        source=TENSORS,
    ),
    Row(
        what="a tensor of 10⁸ elements described (float32; int64), and what is sent of it at most",
        measured="{describe_rand_s:.2f} s; {describe_long_s:.2f} s; {sent_kb:.0f} kB",
        source=TENSORS,
    ),
    Row(
        what="the last key in the editor until its result is on screen, "
        "of which it waits for 350 ms",
        measured="{typed_ms:.0f} ms",
        source=TENSORS,
    ),
    Row(
        what="a 3×224×224 image through ResNet-18, all 70 steps with their pictures: "
        "a click on Next until they are on screen; what is sent",
        measured="{next_image_s:.2f} s; {sent_mb:.2f} MB",
        source=NETWORK,
    ),
    Row(
        what="the same from an address, with everything that the page loads",
        measured="{open_s:.1f} s",
        source=NETWORK,
    ),
    Row(
        what="preset “Digits in seconds”: test accuracy, after seconds of training",
        measured="{digits_accuracy:.1%}, {digits_seconds:.1f} s",
        source=PRESETS,
    ),
    Row(
        what="preset “Fashion-MNIST as in the lecture”",
        measured="{fashion_accuracy:.1%}, {fashion_seconds:.1f} s",
        source=PRESETS,
    ),
    Row(
        what="preset “CIFAR-10 as in the 60 Minute Blitz”, from JPEG files",
        measured="{cifar10_accuracy:.1%}, {cifar10_seconds:.0f} s",
        source=PRESETS,
    ),
)


def markdown(figures: Mapping[str, Mapping[str, Any]]) -> str:
    """The table; `figures` are those of each file by its name."""
    lines = ["| what | measured | command |", "| --- | --- | --- |"]
    before: Source | None = None
    for row in ROWS:
        command = "the same" if row.source == before else f"`python -m {row.source.command}"
        measured = row.measured.format(**figures[row.source.file])
        lines.append(f"| {row.what} | {measured} | {command} |")
        before = row.source
    return "\n".join(lines)


def with_table(readme: str, table: str) -> str:
    """The README with this table between its marks."""
    start, found, rest = readme.partition(BEGIN)
    _, is_closed, end = rest.partition(END)
    if not (found and is_closed):
        raise ValueError(f"README.md: expected {BEGIN} and {END}")
    return f"{start}{BEGIN}\n{table}\n{END}{end}"


def read_figures() -> dict[str, dict[str, Any]]:
    """What lies in bench/results/, by the names of the files."""
    return {path.stem: json.loads(path.read_text("utf-8")) for path in RESULTS.glob("*.json")}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="change nothing")
    arguments = parser.parse_args()
    before = README.read_text(encoding="utf-8")
    after = with_table(before, markdown(read_figures()))
    if arguments.check:
        return int(before != after)
    README.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
