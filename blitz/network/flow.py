"""Runs a model and writes down every step on the way from the input to the output.

A step is a call of one of PyTorch's own modules (`nn.Conv2d`), or of a function that a `forward`
calls itself (`F.relu`, `torch.flatten`, `+`). Sequences and modules of one's own are no steps: what
they call is. Leaves the mathematics of a step to `layers`.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from blitz.network.layers import Layer, read_layer
from blitz.network.records import INPUT, Flow, LayerStep, Parameter
from blitz.network.timing import FlowTimes, flow_times, running, threads_for
from blitz.network.watching import Watcher, tensors_in, watched


def run_flow(model: nn.Module, inputs: Tensor, times: FlowTimes | None = None) -> Flow:
    """Run the model on a batch and record every step, without gradients.

    The model is not touched at all, so that several threads may run one: the hooks are on a twin
    that shares its tensors. In training mode statistics of batches would move, so it is refused.
    Raises ValueError in one line where the model refuses the input, with PyTorch's reason.
    times: of an earlier pass with inputs of the same shape; without them they are measured.
    """
    times = times or flow_times(model, inputs)
    with running(model, inputs) as twin, threads_for(times.whole):
        recorder = _Recorder(twin, inputs)
        with watched(twin, recorder):
            twin(inputs)
    steps = [
        replace(step, seconds=seconds)
        for step, seconds in zip(recorder.steps, times.steps, strict=True)
    ]
    return Flow(input=recorder.input, steps=tuple(steps), seconds=times.whole)


class _Recorder(Watcher):
    """Writes the steps down, with copies of what went through them."""

    def __init__(self, model: nn.Module, inputs: Tensor) -> None:
        super().__init__(model)
        self.steps: list[LayerStep] = []
        self.input = inputs.detach().clone()
        self._parameters = {parameter: name for name, parameter in model.named_parameters()}
        self._uses: dict[nn.Module, int] = {}
        self._last: nn.Module | None = None
        self._made: dict[int, _Made] = {}
        self._note([inputs], INPUT, self.input)

    def leave(self, module: nn.Module, _arguments: object, output: object) -> None:
        super().leave(module, _arguments, output)
        if module is self._last:
            self._last = None

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        options = kwargs or {}
        given = tensors_in([*args, *options.values()])
        # Before the call, which may overwrite what it is given.
        before = {id(tensor): self._recorded(tensor) for tensor in given}
        output = func(*args, **options)
        made = tensors_in(output)
        if made:
            self._write_down(func.__name__, args, options, before, given, made)
        return output

    def _write_down(
        self,
        function: str,
        arguments: Sequence[Any],
        options: dict[str, Any],
        before: dict[int, "_Made"],
        given: list[Tensor],
        made: list[Tensor],
    ) -> None:
        module = self.step_module()
        is_continued = module is not None and module is self._last
        copy = made[0].detach().clone()
        steps = [before[id(each)].step for each in given]
        sources = [step for step in steps if step is not None]

        def then(value: object) -> object:
            return before[id(value)].copy if id(value) in before else value

        layer = read_layer(
            function, [then(each) for each in arguments],
            {name: then(value) for name, value in options.items()}, copy,
        )  # fmt: skip
        if is_continued:
            first = self.steps.pop()
            layer = Layer(inputs=first.layer.inputs, output=copy)
            sources = [*first.sources]
        elif module is not None:
            self._uses[module] = self._uses.get(module, 0) + 1
        index = len(self.steps)
        self.steps.append(
            LayerStep(
                index=index,
                operation=type(module).__name__ if module else function.strip("_"),
                module=self.names.get(module, "") if module else "",
                within=self._within(module),
                description=repr(module) if module else _call(function, arguments, options),
                use=self._uses[module] if module else 1,
                sources=tuple(sources),
                layer=layer,
                parameters=self._learned(module, given),
                seconds=0.0,
            )
        )
        self._last = module
        self._note(made, index, copy)

    def _within(self, module: nn.Module | None) -> str:
        outer = self.stack if module is None else self.stack[: self.stack.index(module)]
        return self.names.get(outer[-1], "") if outer else ""

    def _learned(self, module: nn.Module | None, given: Iterable[Tensor]) -> tuple[Parameter, ...]:
        tensors = module.parameters() if module else given
        return tuple(
            Parameter(
                name=self._parameters[tensor],
                shape=tuple(tensor.shape),
                is_frozen=not tensor.requires_grad,
            )
            for tensor in tensors
            if isinstance(tensor, nn.Parameter) and tensor in self._parameters
        )

    def _note(self, made: Iterable[Tensor], step: int, copy: Tensor) -> None:
        for position, tensor in enumerate(made):
            self._made[id(tensor)] = _Made(
                tensor=tensor,
                version=tensor._version,
                step=step,
                copy=copy if position == 0 else tensor.detach().clone(),
            )

    def _recorded(self, tensor: Tensor) -> "_Made":
        """The tensor with a copy of its values now, and the step that it came from."""
        known = self._made.get(id(tensor))
        if known is None:  # a parameter, a buffer, a constant: nothing changes them
            return _Made(tensor=tensor, version=tensor._version, step=None, copy=tensor.detach())
        if known.version == tensor._version:
            return known
        # Changed through a view since it was written down.
        return replace(known, version=tensor._version, copy=tensor.detach().clone())


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Made:
    """A tensor of the pass. It is held, so that no other gets its id while the pass goes on."""

    tensor: Tensor
    version: int
    step: int | None
    """Which step made it; none for what was there before, such as parameters."""
    copy: Tensor


def _call(function: str, arguments: Sequence[Any], options: dict[str, Any]) -> str:
    """How a function was called; tensors are left open."""
    written = ["…" if tensors_in(each) else repr(each) for each in arguments]
    named = [f"{name}={value!r}" for name, value in options.items() if not tensors_in(value)]
    return f"{function}({', '.join([*written, *named])})"


def with_probabilities(flow: Flow) -> Flow:
    """The same pass and one step more, softmax: of logits [N, classes] it makes probabilities.

    Cross-entropy does this within itself while training, so the models end before it.
    """
    logits = flow.output
    start = time.perf_counter()
    probabilities = torch.softmax(logits, dim=-1)
    seconds = time.perf_counter() - start
    last = len(flow.steps)
    step = LayerStep(
        index=last,
        operation="softmax",
        module="",
        within="",
        description="softmax(…, dim=-1)",
        use=1,
        sources=(last - 1,),
        layer=read_layer("softmax", [logits], {"dim": -1}, probabilities),
        parameters=(),
        seconds=seconds,
    )
    return replace(flow, steps=(*flow.steps, step))
