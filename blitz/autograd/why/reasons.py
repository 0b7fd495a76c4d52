"""Why a tensor has no gradient: one reason in plain words, and a line of code against it.

Looks at the tensor and at the graph of the outputs; runs no backward. Where these cannot tell,
the program's text may: see `reading`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn
from torch.autograd.graph import Node

from blitz.autograd.graph import Recording, operation_label
from blitz.autograd.graph.ends import is_view_without_graph
from blitz.autograd.graph.graph import LAST_FORWARD
from blitz.autograd.why.reading import Cut, assignment, first_cut
from blitz.autograd.why.ways import Ways, is_freed

Kind = Literal[
    "has_gradient",
    "zero",
    "dtype",
    "frozen",
    "not_required",
    "detached",
    "no_grad",
    "inference_mode",
    "not_differentiable",
    "not_leaf",
    "unused",
    "no_output",
    "not_called",
    "cleared",
    "several",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """Why a tensor has, or will have, no gradient."""

    kind: Kind
    sentence: str
    fix: str
    """A line of code; empty where nothing needs fixing."""
    possible: tuple[Kind, ...] = ()
    """Where causes cannot be told apart: all that are possible."""
    line: int | None = None
    """The line of the source that is to blame, from 1."""


def why_no_gradient(
    tensor: Tensor,
    outputs: Sequence[Tensor],
    recording: Recording | None = None,
    name: str = "x",
    source: str | None = None,
) -> Reason:
    """Find out why `tensor.grad` is, or will be, None after backward of the outputs.

    recording: what was recorded while the outputs were made; adds source lines. name: what the
    program calls the tensor. source: the program's text, read but never run.
    """
    if not (tensor.is_floating_point() or tensor.is_complex()):
        return _of_dtype(tensor, name)
    if tensor.is_inference():
        return Reason(
            kind="inference_mode",
            sentence=f"{name} was made under torch.inference_mode(), where nothing is recorded for "
            "backward, and it can never be used for it.",
            fix=f"{name} = {name}.clone().requires_grad_()",
        )
    if not tensor.requires_grad or is_view_without_graph(tensor):
        return _without_grad(tensor, name, source)
    return _with_grad(tensor, outputs, recording, name, source)


def _of_dtype(tensor: Tensor, name: str) -> Reason:
    dtype = str(tensor.dtype).removeprefix("torch.")
    return Reason(
        kind="dtype",
        sentence=f"{name} holds {dtype}: only floating-point and complex numbers can change by a "
        "little, so only they have gradients.",
        fix=f"{name} = {name}.float().requires_grad_()",
    )


# Tensors that do not require grad


def _without_grad(tensor: Tensor, name: str, source: str | None) -> Reason:
    if isinstance(tensor, nn.Parameter):
        return Reason(
            kind="frozen",
            sentence=f"{name} is a parameter with requires_grad=False: it was frozen.",
            fix=f"{name}.requires_grad_(True)",
        )
    if is_view_without_graph(tensor):
        return Reason(
            kind="no_grad",
            sentence=f"{name} is a view of a tensor that requires grad, but it was made under "
            "torch.no_grad().",
            fix=f"with torch.enable_grad(): {name} = ...",
        )
    written = assignment(source, name) if source else None
    if written is None:
        return Reason(
            kind="several",
            sentence=f"{name} does not require grad. Either nothing it was made from does, or it "
            "was detached, or it was made under torch.no_grad(); the tensor itself looks the same "
            "in all three cases.",
            fix=f"{name}.requires_grad_()",
            possible=("not_required", "detached", "no_grad"),
        )
    if written.cut is None:
        return Reason(
            kind="not_required",
            sentence=f"{name} was made in line {written.line}, {written.text}, and nothing it was "
            "made from requires grad.",
            fix=f"{name}.requires_grad_()",
            line=written.line,
        )
    return Reason(
        kind=written.cut,
        sentence=f"line {written.line}, {written.text}: {_effect(written.cut, written.what)}, so "
        f"{name} does not require grad.",
        fix=_against(written.cut, written.what, name, written.text),
        line=written.line,
    )


def _effect(cut: Cut, what: str) -> str:
    if cut == "detached":
        return f"{what} takes the values and leaves the graph behind"
    if cut == "not_differentiable":
        return f"{what} has a result that moves in jumps and has no derivative"
    return f"{what} switches off the recording of operations"


def _against(cut: Cut, what: str, name: str, text: str) -> str:
    if cut == "detached" and what in text and what.startswith("."):
        return text.replace(what, "")
    if cut in ("no_grad", "inference_mode"):
        return f"with torch.enable_grad(): {text}"
    if cut == "not_differentiable":
        return f"{name} = scores.softmax(-1)  # a smooth stand-in for a choice or a comparison"
    return f"{name} = {name}.clone()  # in place of {what}"


# Tensors that require grad


def _with_grad(
    tensor: Tensor,
    outputs: Sequence[Tensor],
    recording: Recording | None,
    name: str,
    source: str | None,
) -> Reason:
    keeps = tensor.is_leaf or tensor.retains_grad
    gradient = tensor.grad if keeps else None
    ways = Ways(outputs)
    own = ways.node_of(tensor)
    through = ways.zero_before(own) if own is not None else None
    if gradient is not None:
        is_zero = not gradient.is_meta and not bool(gradient.to_dense().count_nonzero())
        if is_zero and through is not None:
            return _zero(name, through, recording, has_gradient=True)
        return Reason(
            kind="has_gradient",
            sentence=f"{name} has a gradient" + (", and it is zero." if is_zero else "."),
            fix="",
        )
    if not ways.number:
        return _no_output(name)
    if own is None:
        return _unused(name, source)
    if not keeps:
        return _not_leaf(name, own)
    if through is not None:
        return _zero(name, through, recording, has_gradient=False)
    return _not_there(name, ways.number)


def _no_output(name: str) -> Reason:
    return Reason(
        kind="no_output",
        sentence="none of the outputs has a graph: backward cannot start from them, so "
        f"{name} gets no gradient.",
        fix=f"loss = (model({name}) - target).square().mean()",
    )


def _not_leaf(name: str, node: Node) -> Reason:
    return Reason(
        kind="not_leaf",
        sentence=f"{name} is the result of an operation, {operation_label(node.name())}; its "
        "gradient passes through and only leaves keep theirs.",
        fix=f"{name}.retain_grad()  # before backward()",
    )


def _unused(name: str, source: str | None) -> Reason:
    cut = first_cut(source, name) if source else None
    if cut is None or cut.cut is None:
        return Reason(
            kind="unused",
            sentence=f"{name} requires grad, but no way leads from the outputs to it: it was not "
            "used for them, or what was made of it was detached, made under torch.no_grad(), or "
            "went through an operation without a derivative such as argmax.",
            fix=f"loss = loss + f({name})  # use it on the way to the loss",
        )
    return Reason(
        kind=cut.cut,
        sentence=f"the way from {name} to the outputs is cut in line {cut.line}, {cut.text}: "
        f"{_effect(cut.cut, cut.what)}.",
        fix=_against(cut.cut, cut.what, name, cut.text),
        line=cut.line,
    )


def _zero(name: str, node: Node, recording: Recording | None, *, has_gradient: bool) -> Reason:
    label = operation_label(node.name())
    number: int = node._sequence_nr()
    line = recording.line_of(number) if recording and number < LAST_FORWARD else None
    where = f" in line {line.line}, {line.text}," if line else ""
    verb = "is" if has_gradient else "will be"
    return Reason(
        kind="zero",
        sentence=f"the gradient of {name} {verb} exactly zero: every way to the outputs goes "
        f"through {label},{where} whose derivative is zero.",
        fix=f"y = y + ({label.lower()}(y) - y).detach()  # forward as before, backward as identity",
        line=line.line if line else None,
    )


def _not_there(name: str, nodes: Iterable[Node]) -> Reason:
    freed = [state for state in map(is_freed, nodes) if state is not None]
    if any(freed):
        return Reason(
            kind="cleared",
            sentence=f"backward has run through this graph, and {name}.grad is None: it was "
            "cleared, as optimizer.zero_grad(set_to_none=True) does, or torch.autograd.grad was "
            "called, which leaves .grad alone.",
            fix=f"print({name}.grad)  # after backward() and before zero_grad()",
        )
    if freed:
        return Reason(
            kind="not_called",
            sentence=f"backward has not been called yet, or it was called with retain_graph=True "
            f"and {name}.grad was cleared since.",
            fix="loss.backward()",
        )
    return Reason(
        kind="several",
        sentence=f"backward has not been called yet, or {name}.grad was cleared since, as "
        "optimizer.zero_grad(set_to_none=True) does; this graph saves nothing that would tell.",
        fix="loss.backward()",
        possible=("not_called", "cleared"),
    )
