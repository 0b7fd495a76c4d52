"""What runs were like after each epoch: their filters, confusions and mistakes, to be scrubbed.

Nothing of it is computed anew: the epochs were kept, with their answers, while the run trained.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from blitz.datasets import ImageDataset
from blitz.training.comparing import run_titles
from blitz.training.looking_back import changed_images, kept_rows, nearest_index
from blitz.training.store import ACTIVE, Checkpoint, Run
from blitz.ui.compare.epoch_answers import choose_group, show_confusion, show_images
from blitz.ui.compare.epoch_keeping import images_at_hand, tell_how, tell_why_none
from blitz.ui.compare.epoch_scrubber import Track, epoch_scrubber, taken_move
from blitz.ui.compare.epoch_states import Look, Strengths, look_at, strengths_of
from blitz.ui.compare.epoch_weights import difference, show_picture
from blitz.ui.compare.fork_panel import CHECKPOINT, PARENT
from blitz.ui.compare.kept_answers import class_names
from blitz.ui.compare.state import EPOCH, KEY, PANEL, SELECTED, write_address
from blitz.ui.services import Services
from blitz.ui.text import plain

MOST_RUNS = 2
SCRUBBER = f"{KEY}scrubber"
PLACE = f"{KEY}scrubber-place"
"""As in epoch_scrubber.css."""
LAYER = f"{KEY}epoch-layer"
CHANGE = f"{KEY}epoch-change"
LIVE_SECONDS = 2.0
PART = 470
"""Width of a picture or matrix, and of a run beside another, in pixels."""

Images = Mapping[str, ImageDataset | None]
"""By run; None where there are none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A run and the epochs of it that were kept."""

    run: Run
    title: str
    folder: Path
    rows: Sequence[Checkpoint]
    strengths: Sequence[Strengths | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sight:
    """A run at one of its epochs."""

    kept: Kept
    row: Checkpoint
    before: Checkpoint | None
    """The epoch that was kept before this one."""
    look: Look | None
    """None where the epoch cannot be read."""
    look_before: Look | None
    first: Look | None
    """At the first epoch that was kept."""

    @property
    def title(self) -> str:
        """What it is, for a person."""
        return f"{self.kept.title}, epoch {self.row.epoch:g}"


def show_epochs(services: Services, runs: Sequence[Run]) -> None:
    """Look back over the first chosen run, and beside it the next one that kept its epochs."""
    if not runs[0].config.keep_epochs:
        tell_how(services, runs[0])
    keeping = [run for run in runs if run.config.keep_epochs][:MOST_RUNS]
    images = {run.id: images_at_hand(services, run) for run in keeping}
    is_live = any(run.status in ACTIVE for run in keeping)
    look_back = st.fragment(_look_back, run_every=LIVE_SECONDS if is_live else None)
    look_back(services, [run.id for run in keeping], images, is_live)


def _look_back(services: Services, ids: Sequence[str], images: Images, is_live: bool) -> None:
    runs = [run for run in map(services.launcher.run, ids) if run is not None]
    if len(runs) < len(ids):
        st.info("A run that was chosen here has been deleted.")
    if is_live and not any(run.status in ACTIVE for run in runs):
        st.rerun()  # without the timer
    kept = [found for run in runs if (found := _kept(services, run, run_titles(runs)))]
    if kept:
        _show(kept, images)
    write_address("epochs")  # the page's own is of its last full run


def _kept(services: Services, run: Run, titles: Mapping[str, str]) -> Kept | None:
    rows = kept_rows(services.store.checkpoints(run.id))
    if not rows:
        tell_why_none(services, run)
        return None
    folder = services.settings.runs_folder / run.id
    return Kept(
        run=run, title=titles[run.id], folder=folder, rows=rows,
        strengths=strengths_of(folder, rows),
    )  # fmt: skip


def _show(kept: Sequence[Kept], images: Images) -> None:
    moved = taken_move(SCRUBBER)
    if moved is not None:  # at the right end it follows the run
        st.session_state[EPOCH] = None if moved.is_last else moved.epoch
    epochs = [row.epoch for row in kept[0].rows]
    chosen = nearest_index(epochs, st.session_state[EPOCH])
    place = st.container(key=PLACE)
    layer, is_change = _choose_layer(kept)
    sights = [_sight(each, epochs[chosen], layer, images[each.run.id]) for each in kept]
    limit = _limit(kept, layer, is_change) if layer else 1.0
    with st.container(horizontal=True, gap="medium"):
        for number, sight in enumerate(sights):
            with st.container(width=PART if len(kept) > 1 else "stretch"):
                _show_network(sight, layer, is_change, limit, number)
    group = choose_group()
    with st.container(horizontal=True, gap="medium"):
        for sight in sights:
            with st.container(width=PART if len(kept) > 1 else "stretch"):
                _show_images(sight, group, images[sight.kept.run.id])
    with place:
        epoch_scrubber(
            epochs, [_track(each, epochs) for each in kept], chosen=chosen, key=SCRUBBER,
            lost=[index for index, found in enumerate(kept[0].strengths) if found is None],
        )  # fmt: skip


def _track(kept: Kept, epochs: Sequence[float]) -> Track:
    """Loss and accuracy at these epochs, where the run has them."""
    rows = {row.epoch: row for row in kept.rows}
    found = [rows.get(epoch) for epoch in epochs]
    return Track(
        title=kept.title,
        loss=tuple(row.loss if row else None for row in found),
        accuracy=tuple(row.accuracy if row else None for row in found),
    )


def _choose_layer(kept: Sequence[Kept]) -> tuple[str | None, bool]:
    """The layer whose weights are shown, and whether as their change since the first epoch."""
    layers = [*dict.fromkeys(name for each in kept for name in _layers(each))]
    if not layers:
        return None, False
    if st.session_state.get(LAYER) not in layers:
        st.session_state[LAYER] = layers[0]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        layer = st.selectbox("Weights of", layers, key=LAYER, persist_state="session", width=240)
        is_change = st.toggle(
            "Change since the first epoch", key=CHANGE, persist_state="session", width="content"
        )
    return layer, is_change


def _layers(kept: Kept) -> Sequence[str]:
    return next((list(found) for found in kept.strengths if found is not None), [])


def _sight(kept: Kept, epoch: float, layer: str | None, images: ImageDataset | None) -> Sight:
    """A run at its epoch that is nearest to the one wanted."""
    shape = tuple(images.test_images.shape[1:]) if images else ()
    index = nearest_index([row.epoch for row in kept.rows], epoch)
    before = kept.rows[index - 1] if index else None
    return Sight(
        kept=kept,
        row=kept.rows[index],
        before=before,
        look=look_at(kept.folder, kept.rows[index], layer, shape),
        look_before=look_at(kept.folder, before, layer, shape) if before else None,
        first=look_at(kept.folder, kept.rows[0], layer, shape),
    )


def _limit(kept: Sequence[Kept], layer: str, is_change: bool) -> float:
    """The largest magnitude of all epochs, so that weights can be seen to grow."""
    strengths = [found for each in kept for found in each.strengths if found is not None]
    known = [found[layer] for found in strengths if layer in found]
    return max((each.change if is_change else each.weight for each in known), default=0.0) or 1.0


def _show_network(
    sight: Sight, layer: str | None, is_change: bool, limit: float, number: int
) -> None:
    """Weights and confusions of a run. number: its place on the page."""
    kept, look = sight.kept, sight.look
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"##### {plain(sight.title)}", width="content")
        is_wanted = st.button(
            "Fork from here", icon=":material/fork_right:", key=f"{KEY}epoch-fork-{number}",
            on_click=_fork, args=(kept.run.id, sight.row.id),
        )  # fmt: skip
    if is_wanted:
        st.rerun()
    if look is None:
        st.warning(
            f"Epoch {sight.row.epoch:g} cannot be shown: its file is missing or damaged. "
            "The others are not touched by that."
        )
        return
    with st.container(horizontal=True, gap="medium"):
        if layer is not None:
            with st.container(width=PART):
                _show_weights(sight, layer, is_change, limit, number)
        if look.confusion is not None:
            with st.container(width=PART):
                st.caption("Truth and prediction; click a cell for its images.")
                show_confusion(
                    class_names(kept.run, len(look.confusion)), look.confusion,
                    key=f"{KEY}epoch-confusion-{number}",
                    label=f"confusion matrix of {sight.title}",
                )  # fmt: skip


def _show_images(sight: Sight, group: str, images: ImageDataset | None) -> None:
    answers = sight.look.answers if sight.look else None
    if answers is None:
        return
    before = sight.look_before.answers if sight.look_before else None
    show_images(
        images,
        class_names(sight.kept.run, answers.probabilities.shape[1]),
        answers,
        group=group,
        title=sight.title,
        changed=changed_images(before, answers) if before else None,
        since=f"{sight.before.epoch:g}" if sight.before else "",
    )


def _show_weights(sight: Sight, layer: str, is_change: bool, limit: float, number: int) -> None:
    """A layer's weights, or how far they have come; limit: the strongest colour's magnitude."""
    picture, what = sight.look.picture if sight.look else None, layer
    if picture is None:
        st.caption(f"This network has no {plain(layer)}.")
        return
    if is_change:
        first = sight.first
        if first is None or first.picture is None:
            st.caption("The first epoch cannot be read: there is nothing to take the change from.")
            return
        picture, what = difference(picture, first.picture), f"Change of {layer}"
    st.caption(f"{plain(what)}: blue below 0, orange above; one scale for all epochs.")
    show_picture(
        picture, limit=limit, key=f"{KEY}epoch-weights-{number}", label=f"{what} of {sight.title}"
    )


def _fork(run_id: str, checkpoint_id: int) -> None:
    """Open the panel that forks, with this run first and these weights chosen."""
    others = [other for other in st.session_state[SELECTED] if other != run_id]
    st.session_state[SELECTED] = (run_id, *others)
    st.session_state[PARENT] = run_id
    st.session_state[CHECKPOINT] = checkpoint_id
    st.session_state[PANEL] = "Fork"
