"""The benchmark of a class speaks a page's protocol as a browser does, and counts what it costs."""

import os
import subprocess
import sys

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from bench import sessions
from bench.server import REPOSITORY, installation, server_process
from bench.session_clients import ACTIVITIES, Lesson, Rerun
from bench.session_protocol import Conversation
from blitz.training import TrainConfig


def field(key: str, *, is_cacheable: bool = False) -> bytes:
    message = ForwardMsg(hash=f"hash of {key}")
    message.metadata.cacheable = is_cacheable
    message.delta.new_element.number_input.id = f"$$ID-0123abcd-{key}"
    return bytes(message.SerializeToString())


def said(message: bytes) -> BackMsg:
    read: BackMsg = BackMsg.FromString(message)
    return read


def test_a_rerun_stays_on_the_page_that_was_opened() -> None:
    conversation = Conversation("train", "run=1")
    first = said(conversation.rerun({})).rerun_script
    assert (first.page_name, first.page_script_hash, first.query_string) == ("train", "", "run=1")
    opened, moved = ForwardMsg(), ForwardMsg()
    opened.navigation.page_script_hash = "of the page"
    moved.page_info_changed.query_string = "run=2"
    for message in (opened, moved):
        assert not conversation.take(message.SerializeToString())
    again = said(conversation.rerun({})).rerun_script
    assert (again.page_name, again.page_script_hash) == ("", "of the page")
    assert again.query_string == "run=2"


def test_what_was_set_is_said_again_and_large_messages_are_named_as_kept() -> None:
    conversation = Conversation("train")
    conversation.take(field("train_lr", is_cacheable=True))
    conversation.take(field("some-component"))
    conversation.rerun({"train_lr": 0.5})
    message = said(conversation.rerun({"some-component": {"typed": 1}})).rerun_script
    number, component = message.widget_states.widgets
    assert (number.id, number.double_value) == ("$$ID-0123abcd-train_lr", 0.5)
    assert (component.id, component.json_value) == (
        "$$ID-0123abcd-some-component",
        '{"typed": 1}',
    )
    assert message.cached_message_hashes == ["hash of train_lr"]
    with pytest.raises(LookupError, match="no widget other on train"):
        conversation.rerun({"other": 1})


def test_the_processes_below_a_process_are_found() -> None:
    script = "import subprocess as s; p = s.Popen(['cat']); print(p.pid, flush=True); p.wait()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        grandchild = int(process.stdout.readline())
        assert {process.pid, grandchild} <= set(sessions.children(os.getpid()))
        assert process.stdin
        process.stdin.close()  # cat ends, and then its parent


def test_processes_that_end_while_they_are_looked_at_break_nothing_off() -> None:
    with subprocess.Popen(["true"]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert process.pid in sessions.children(os.getpid())  # ended, and listed still
        assert sessions.total(sessions._memory_mb, [process.pid]) == 0
    assert list(sessions.children(process.pid)) == []
    for figure in (sessions._memory_mb, sessions._cpu_seconds):
        alone, both = (
            sessions.total(figure, pids) for pids in ([os.getpid()], [process.pid, os.getpid()])
        )
        assert alone > 0
        assert both == pytest.approx(alone, rel=0.2)


def test_a_class_changes_widgets_of_every_page_and_watches_a_run() -> None:
    with (
        installation() as place,
        server_process(place.settings, REPOSITORY / "app.py") as (url, process),
    ):
        run = place.store.create_run(name="a run", config=TrainConfig(), device="cpu", token="1")
        lesson = Lesson(
            url=url, run_id=run.id, people=len(ACTIVITIES), seconds=2, change_seconds=0.5
        )
        found = sessions.measure(process.pid, lesson)
    assert {rerun.activity for rerun in found.reruns} == {each.name for each in ACTIVITIES}
    assert min(rerun.milliseconds for rerun in found.reruns) > 0
    assert found.polls > 0
    assert found.cpu > 0
    assert found.memory_mb > 100  # PyTorch is in it


def test_a_summary_counts_all_parts_and_each_activity() -> None:
    parts = [
        sessions.Measured(
            reruns=[Rerun(activity="train", milliseconds=each) for each in times],
            polls=1.0, cpu=cpu, workers_cpu=0.0, memory_mb=cpu, workers_memory_mb=0.0,
        )
        for times, cpu in (((10.0, 20.0), 0.25), ((30.0,), 0.75))
    ]  # fmt: skip
    summary = sessions.summary(parts)
    assert (summary["p50_ms"], summary["reruns"]) == (20.0, 3.0)
    assert (summary["cpu"], summary["memory_mb"]) == (0.5, 0.75)
    assert summary["p95_train_ms"] == pytest.approx(29.0)  # the last of 20 parts of 10 to 30
    assert "p95_network_ms" not in summary
