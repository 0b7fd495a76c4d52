"""Limits on what one person may ask of a shared server: runs at a time, programs a minute."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from blitz.settings import read_settings
from blitz.tensors.address import State, encode
from blitz.training import TrainConfig
from blitz.training.store import ACTIVE, Run
from blitz.ui.graph import own_program
from blitz.ui.graph.own_program import OWN
from blitz.ui.services import Services, services
from blitz.ui.session_limits import LimitError, SessionLimits
from blitz.ui.visitor import SESSION_KEY, _token

LONG = TrainConfig(dataset="digits", model="mlp", epochs=10_000, device="cpu")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def two_runs(server: Services) -> SessionLimits:
    return SessionLimits(replace(server.settings, max_runs_per_session=2), server.launcher)


def begin(
    server: Services, limits: SessionLimits, visitor: str, token: str, name: str = "a run"
) -> Run:
    [run] = limits.start(
        visitor,
        lambda: [server.launcher.start(LONG, name=name, token=token)],
        token=token,
    )
    return run


# Programs


def test_programs_of_the_last_minute_count_and_older_ones_do_not(
    server: Services, clock: Clock
) -> None:
    limits = SessionLimits(
        replace(server.settings, max_programs_per_minute=2), server.launcher, clock
    )
    limits.count_program("a")
    clock.now += 20
    limits.count_program("a")
    with pytest.raises(LimitError, match=r"2 programs of one person a minute .* in 40 s"):
        limits.count_program("a")
    limits.count_program("b")  # another person's own
    clock.now += 40
    limits.count_program("a")
    with pytest.raises(LimitError, match="in 20 s"):
        limits.count_program("a")


def test_without_a_limit_nothing_is_counted(server: Services) -> None:
    for _ in range(1_000):
        server.limits.count_program("a")


def test_programs_are_counted_while_a_run_of_the_same_person_is_being_started(
    server: Services,
) -> None:
    settings = replace(server.settings, max_runs_per_session=1, max_programs_per_minute=1)
    limits = SessionLimits(settings, server.launcher)

    def start() -> list[Run]:
        counted = pool.submit(limits.count_program, "a")
        counted.result(timeout=60)
        return []

    with ThreadPoolExecutor(1) as pool:
        limits.start("a", start)
        with pytest.raises(LimitError):
            limits.count_program("a")


# Runs


def test_runs_under_way_are_limited_for_each_person(
    server: Services, two_runs: SessionLimits, wait_for: Callable[[Callable[[], bool]], None]
) -> None:
    first = begin(server, two_runs, "a", "one")
    begin(server, two_runs, "a", "two")
    with pytest.raises(LimitError, match=r"2 runs of .* you have 2 and ask for 1 more: stop one"):
        begin(server, two_runs, "a", "three")
    assert begin(server, two_runs, "a", "one").id == first.id  # a second click on that Start
    begin(server, two_runs, "b", "four")
    assert len(server.launcher.runs()) == 3

    server.launcher.stop(first.id)
    wait_for(lambda: server.launcher.runs_of([first.id])[0].status not in ACTIVE)
    begin(server, two_runs, "a", "five")


def test_a_sweep_larger_than_the_limit_starts_none_of_its_runs(
    server: Services, two_runs: SessionLimits
) -> None:
    with pytest.raises(LimitError, match="you have 0 and ask for 3 more: ask for fewer"):
        two_runs.start(
            "a",
            lambda: server.launcher.start_sweep([LONG] * 3, names=["a", "b", "c"], token="t"),
            num_runs=3,
        )
    assert server.launcher.runs() == []


def test_what_could_not_be_started_does_not_count(
    server: Services, two_runs: SessionLimits
) -> None:
    for token in ("one", "two", "three"):
        with pytest.raises(ValueError, match="name"):
            begin(server, two_runs, "a", token, name="")
    begin(server, two_runs, "a", "four")


# On the pages


@pytest.fixture
def limited(server: Services, monkeypatch: pytest.MonkeyPatch) -> Services:
    """The same home with limits of one."""
    monkeypatch.setenv("BLITZ_MAX_RUNS_PER_SESSION", "1")
    monkeypatch.setenv("BLITZ_MAX_PROGRAMS_PER_MINUTE", "1")
    return services()


def test_a_second_start_says_what_the_limit_is(app: AppTest, limited: Services) -> None:
    app.switch_page("train.py").run()
    app.session_state[SESSION_KEY] = "me"
    begin(limited, limited.limits, "me", "one")
    [start] = [button for button in app.button if button.label == "Start"]
    start.click().run()
    assert not app.exception
    [error] = app.error
    assert error.value.replace("\\", "").startswith(
        "1 run of one person at a time may be under way"
    )
    assert len(limited.launcher.runs()) == 1


def test_a_program_too_many_is_not_run_and_says_when_it_may(
    app: AppTest, limited: Services
) -> None:
    app.session_state[SESSION_KEY] = "me"
    app.switch_page("tensors.py").run()
    app.number_input[0].set_value(5).run()
    assert not app.error  # the page's own program does not count
    app.number_input[0].set_value(6).run()
    for panel in ("Variables", "Operations", "Distribution"):
        app.session_state["tensors-panel"] = panel
        app.run()
        assert not app.exception
        [error] = app.error
        assert "1 program of one person a minute may run here" in error.value.replace("\\", "")
        # Nothing is said of what did not run.
        assert not app.info
        assert "0 operations" not in "".join(str(caption.value) for caption in app.caption)


def test_on_the_autograd_page_a_program_that_ran_is_shown_again_whatever_the_limit(
    app: AppTest, limited: Services
) -> None:
    app.session_state[SESSION_KEY] = "me"
    first, other = (
        encode(State(program=f"{x} * torch.ones(2, requires_grad=True)", device="cpu", seed=77))
        for x in (2, 3)
    )
    app.switch_page("autograd.py")
    own_program._evaluated_once.cache_clear()
    app.query_params[OWN] = own_program.first_program()  # the page's own does not count
    assert not app.run().error
    app.query_params[OWN] = first
    assert not app.run().error
    app.query_params[OWN] = other
    [error] = app.run().error  # and nothing else is said of it
    assert "may run here" in error.value
    assert not app.info
    app.query_params[OWN] = first
    assert not app.run().error
    assert not app.exception


# Who counts as one person


def test_a_browser_is_known_by_its_token_however_it_is_masked() -> None:
    token = bytes(range(16))
    for mask in (b"\x00\x00\x00\x00", b"\x01\xff\x80\x7f"):
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(token))
        assert _token(f'"2|{mask.hex()}|{masked.hex()}|1700000000"') == token.hex()


@pytest.mark.parametrize("cookie", ["", "2|zz|00|1", "1|2", "abc", "2|00112233|é|1"])
def test_other_cookies_tell_nothing(cookie: str) -> None:
    assert _token(cookie) == ""


# Settings


def test_limits_come_from_the_environment_and_are_none_without(tmp_path: Path) -> None:
    home = {"BLITZ_HOME": str(tmp_path)}
    assert read_settings(home).max_runs_per_session is None
    given = home | {"BLITZ_MAX_RUNS_PER_SESSION": "3", "BLITZ_MAX_PROGRAMS_PER_MINUTE": "60"}
    assert read_settings(given).max_runs_per_session == 3
    assert read_settings(given).max_programs_per_minute == 60


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", "9" * 30])
@pytest.mark.parametrize("name", ["BLITZ_MAX_RUNS_PER_SESSION", "BLITZ_MAX_PROGRAMS_PER_MINUTE"])
def test_a_limit_that_is_no_number_is_refused_by_name(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(ValueError, match=f"{name}: .* was given; expected a whole number from 1"):
        read_settings({"BLITZ_HOME": str(tmp_path), name: text})
