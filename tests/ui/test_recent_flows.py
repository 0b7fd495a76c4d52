"""Which forward passes are kept for all sessions."""

import torch

from blitz.network.records import Flow
from blitz.ui.network.recent_flows import RecentFlows


def flow(num_bytes: int) -> Flow:
    return Flow(input=torch.zeros(num_bytes // 4), steps=(), seconds=0.0)


def never() -> Flow:
    raise AssertionError("it is kept")


def test_a_pass_is_made_once_and_the_longest_unused_makes_room() -> None:
    flows = RecentFlows(most_bytes=100)
    first = flows.get("a", lambda: flow(40))
    flows.get("b", lambda: flow(40))
    assert flows.get("a", never) is first
    flows.get("c", lambda: flow(40))  # more than there is room for
    assert flows.get("a", never) is first
    anew = flow(40)
    assert flows.get("b", lambda: anew) is anew, "it was not asked for since"


def test_what_two_made_at_once_is_kept_once_and_counted_once() -> None:
    flows = RecentFlows(most_bytes=100)
    other = flow(60)

    def made_meanwhile() -> Flow:
        flows.get("a", lambda: other)
        return flow(60)

    flows.get("a", made_meanwhile)
    flows.get("b", lambda: flow(40))
    assert flows.get("a", never) is other


def test_one_that_is_larger_than_all_room_is_kept_alone() -> None:
    flows = RecentFlows(most_bytes=100)
    flows.get("a", lambda: flow(40))
    large = flows.get("b", lambda: flow(400))
    assert flows.get("b", never) is large
    anew = flow(40)
    assert flows.get("a", lambda: anew) is anew
