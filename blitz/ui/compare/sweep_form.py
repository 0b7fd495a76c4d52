"""The form in which a person puts a sweep together, what it would make, and its start."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

import streamlit as st

from blitz.models import MODELS
from blitz.training.comparing import run_titles
from blitz.training.config import TrainConfig
from blitz.training.presets import PRESETS
from blitz.training.store import ACTIVE, MAX_NAME, Run
from blitz.training.sweeps import (
    MAX_RUNS,
    SWEEP_PRESETS,
    SweepPreset,
    field_title,
    run_name,
)
from blitz.ui.compare.state import KEY, MOST_SELECTED, SELECTED
from blitz.ui.compare.sweep_values import (
    CHOICES,
    FIELDS,
    Given,
    Method,
    Wish,
    make_configs,
    suggested,
    together_text,
)
from blitz.ui.services import Services
from blitz.ui.text import plain
from blitz.ui.visitor import visitor

SWEEP = f"{KEY}sweep-"
BASE, EPOCHS, PRESET, OVER = f"{SWEEP}base", f"{SWEEP}epochs", f"{SWEEP}preset", f"{SWEEP}over"
EPOCHS_OF = f"{SWEEP}epochs-of"
TOKEN, STARTED = f"{SWEEP}token", f"{SWEEP}started"
TITLE = "sweep"
MAX_TITLE = 60
MAX_TEXT = 2_000
FIELD = 132  # three beside each other
NAMES_SHOWN = 3

Errors = dict[str, Callable[[str], Any]]
"""For each field, what shows a message below it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Plan:
    """A sweep that can be started."""

    configs: tuple[TrainConfig, ...]
    names: tuple[str, ...]


def show_form(services: Services, runs: Sequence[Run]) -> None:
    """Show the form; on Start, begin the sweep and select its runs."""
    base = _base_field(services, runs)
    st.session_state.setdefault(f"{SWEEP}method", "Grid")
    method: Method = (
        st.segmented_control(
            "Search",
            get_args(Method),
            key=f"{SWEEP}method",
            label_visibility="collapsed",
            required=True,
            persist_state="session",
        )
        or "Grid"
    )
    _preset_field(method)
    given, errors = _value_fields(method)
    base, wish = _count_fields(method, given, base)
    title = st.text_input("Name", key=f"{SWEEP}title", placeholder=TITLE, max_chars=MAX_TITLE,
                          persist_state="session")  # fmt: skip
    plan = _plan(services, wish, base, title.strip() or TITLE, errors)
    if plan is not None:
        _start_row(services, plan)


# Fields


def _base_field(services: Services, runs: Sequence[Run]) -> TrainConfig:
    """The settings that the runs share: a chosen run's or a preset's."""
    presets = {preset.title: preset.config for preset in PRESETS}
    known = {run.id: run for run in runs}
    chosen = st.session_state.get(BASE)
    if chosen is not None and chosen not in known and chosen not in presets:
        # It stays, though other runs are chosen in the table now: those of its sweep, say.
        earlier = services.launcher.run(chosen)
        known |= {earlier.id: earlier} if earlier else {}
    titles = run_titles(list(known.values()))
    bases = {run.id: run.config for run in known.values()} | presets
    if chosen not in bases:
        st.session_state[BASE] = next(iter(bases))
    chosen = st.selectbox("Settings of", list(bases), key=BASE, persist_state="session",
                          format_func=lambda name: titles.get(name, name))  # fmt: skip
    if st.session_state.get(EPOCHS_OF) != chosen:
        st.session_state[EPOCHS_OF], st.session_state[EPOCHS] = chosen, bases[chosen].epochs
    # Of so many runs kept epochs would fill the disk, and each has one process.
    return replace(bases[chosen], keep_epochs=False, processes=1)


def _preset_field(method: Method) -> None:
    if OVER not in st.session_state:
        _fill_in(SWEEP_PRESETS[0])
    preset = st.selectbox(
        "Preset", SWEEP_PRESETS, format_func=lambda preset: preset.title, key=PRESET,
        on_change=_fill_in_chosen, persist_state="session",
    )  # fmt: skip
    if method == "Grid":
        st.caption(plain(preset.description))


def _fill_in_chosen() -> None:
    _fill_in(st.session_state[PRESET])


def _fill_in(preset: SweepPreset) -> None:
    """Have the sweep go over the preset's settings; what stands in the others stays."""
    st.session_state[OVER] = list(preset.values)
    for name in preset.values:
        for method in get_args(Method):
            st.session_state[_value_key(name, method)] = suggested(name, method, preset)


def _value_key(name: str, method: Method) -> str:
    return f"{SWEEP}{name}" if name in CHOICES else f"{SWEEP}{method}-{name}"


def _value_fields(method: Method) -> tuple[dict[str, Given], Errors]:
    """What the sweep is over and the values; and for each a place below it for what is wrong."""
    over = st.multiselect("Over", FIELDS, format_func=_title, key=OVER, persist_state="session")
    given: dict[str, Given] = {}
    errors: Errors = {}
    for name in over:
        key = _value_key(name, method)
        st.session_state.setdefault(key, suggested(name, method))
        if name in CHOICES:
            given[name] = st.multiselect(
                _title(name), CHOICES[name], format_func=_choice_title, key=key,
                persist_state="session",
            )  # fmt: skip
        else:
            given[name] = st.text_input(
                _title(name), key=key, max_chars=MAX_TEXT, persist_state="session"
            )
        errors[name] = st.empty().error
    return given, errors


def _title(name: str) -> str:
    return field_title(name).capitalize()


def _choice_title(choice: str) -> str:
    return MODELS[choice].title if choice in MODELS else choice


def _count_fields(
    method: Method, given: Mapping[str, Given], base: TrainConfig
) -> tuple[TrainConfig, Wish]:
    """How many runs and how long; what the sweep is over already, is not asked for again."""
    wish = Wish(method=method, given=given)
    with st.container(horizontal=True, gap="small"):
        if method == "Random":
            wish = replace(
                wish,
                num_runs=_number("Runs", "num-runs", 1, MAX_RUNS, 12),
                draw_seed=_number("Seed of the draw", "draw-seed", 0, 2**31, 0),
            )
        if "epochs" not in given:
            epochs = _number("Epochs of each", "epochs", 1, 10_000, base.epochs)
            base = replace(base, epochs=epochs)
        if "seed" not in given:
            wish = replace(wish, num_seeds=_number("Seeds for each", "num-seeds", 1, MAX_RUNS, 1))
    return base, wish


def _number(label: str, name: str, low: int, high: int, default: int) -> int:
    key = f"{SWEEP}{name}"
    st.session_state.setdefault(key, default)
    return int(
        st.number_input(label, low, high, key=key, step=1, width=FIELD, persist_state="session")
    )


# What would be made


def _plan(
    services: Services, wish: Wish, base: TrainConfig, title: str, errors: Errors
) -> _Plan | None:
    """The sweep, described; or None with a message below the field that is wrong."""
    try:
        base = replace(base, device=services.launcher.known_device(base))
        configs = make_configs(wish, base)
    except ValueError as error:
        _show_error(str(error), errors)
        return None
    over = [*wish.given, *(["seed"] if wish.num_seeds > 1 else [])]
    if not over:
        st.caption("Choose what the sweep is over, or several seeds.")
        return None
    names = [run_name(title, config, base, over)[:MAX_NAME] for config in configs]
    differing = [name for name in over if len({getattr(each, name) for each in configs}) > 1]
    runs = "1 run" if len(configs) == 1 else f"{len(configs)} runs"
    together = "" if base.device == "auto" else together_text(configs)
    st.markdown(f"**{runs}**{_over_text(differing)}. {together}")
    wanted = wish.num_runs * wish.num_seeds
    if wish.method == "Random" and len(configs) < wanted:
        st.caption(f"{wanted} were asked for; there are no more different ones.")
    rest = len(names) - NAMES_SHOWN
    lines = [plain(name) for name in names[:NAMES_SHOWN]] + (
        [f"and {rest} more"] if rest > 0 else []
    )
    st.caption("  \n".join(lines))
    return _Plan(configs=configs, names=tuple(names))


def _over_text(names: Sequence[str]) -> str:
    if not names:
        return ""
    *others, last = map(field_title, names)
    return f" over {', '.join(others)} and {last}" if others else f" over {last}"


def _show_error(message: str, errors: Errors) -> None:
    """Show "field: what is wrong" below that field."""
    name, _, rest = message.partition(": ")
    if name in errors:
        errors[name](plain(rest))
    else:
        st.error(plain(message))


# Start


def _start_row(services: Services, plan: _Plan) -> None:
    token = st.session_state.setdefault(TOKEN, uuid.uuid4().hex)
    is_under_way = _is_under_way(services, plan)
    is_wanted = st.button(
        "Start the sweep",
        # A click on the button as it was before a start is none on this one.
        key=f"{SWEEP}start-{token}",
        type="primary",
        icon=":material/play_arrow:",
        disabled=is_under_way,
        help="This very sweep is under way." if is_under_way else None,
    )
    if not is_wanted:
        return
    try:
        with st.spinner("starting", show_time=False):
            started = services.limits.start(
                visitor(),
                lambda: services.launcher.start_sweep(plan.configs, names=plan.names, token=token),
                num_runs=len(plan.configs),
                token=token,
            )
    except ValueError as error:
        st.error(plain(str(error)))
        return
    st.session_state[STARTED] = (plan, started[0].sweep)
    st.session_state[TOKEN] = uuid.uuid4().hex  # the next click is another sweep
    st.session_state[SELECTED] = tuple(run.id for run in started)[:MOST_SELECTED]
    st.rerun()


def _is_under_way(services: Services, plan: _Plan) -> bool:
    """Whether this session started just this, and it has not ended."""
    before, sweep = st.session_state.get(STARTED, (None, ""))
    if plan != before:
        return False
    return any(
        services.launcher.view(run).status in ACTIVE for run in services.store.sweep_runs(sweep)
    )
