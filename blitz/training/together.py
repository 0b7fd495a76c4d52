"""Several runs trained as one: their weights side by side, one stream of batches for all.

The members differ in learning rate, momentum, weight decay, schedule or seed; what decides the
shapes and the batches is the same for all (`groups` says which may go together, and when it pays).
The forward pass is vectorised over the members' weights (`torch.func.vmap`); the gradient of the
sum of their losses is each member's own gradient, since no member's loss depends on another's
weights. Each member then updates its own row by its own optimiser, so updates, records and states
are those of an ordinary run, which any of them can later go on as.

The images come in the order of the first member's seed; another member's seed decides its initial
weights alone. Like `loop`, imports torch and the data, nothing of stores or pages.
"""

import copy
import gc
import itertools
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Self

import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.func import functional_call, vmap
from torch.fx import GraphModule
from torch.fx.experimental.proxy_tensor import make_fx

from blitz.datasets import ImageDataset
from blitz.devices import synchronise
from blitz.training.batches import Epoch, epoch_batches
from blitz.training.config import TrainConfig
from blitz.training.evaluation import loss_of
from blitz.training.events import Command, Diverged, Event, FinishReason
from blitz.training.groups import check_group
from blitz.training.loop import Trainer
from blitz.training.rounds import round_of
from blitz.training.step import StepResult
from blitz.training.team import ALONE
from blitz.training.together_layers import FastLayers

GroupCommands = Callable[[int], Sequence[Command]]
"""What is asked of the member with this index."""

Batches = Sequence[tuple[Tensor, Tensor]]

_Step = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor, Tensor]]
"""Weights, images and labels to losses, logits and gradients of all members."""

MAX_ROUND_STEPS = 256
"""The most steps of a round: the images of all of them are prepared before it."""


def no_commands(_member: int) -> Sequence[Command]:
    """Nobody asks anything of any member."""
    return ()


class Group:
    """Runs that train together, from their first step to the last one's end."""

    def __init__(
        self,
        configs: Sequence[TrainConfig],
        dataset: ImageDataset,
        *,
        round_seconds: float = 0.25,
    ) -> None:
        """Build all networks, or raise ValueError in one line.

        `round_seconds` is about the time between two `StepsDone` of a member, and between two
        looks at the commands; 0 makes every step a round.
        """
        check_group(configs)
        seed = configs[0].seed
        self._first = Member(configs[0], dataset, seed)
        # The first has the images on its device already, and the others use the same.
        others = (Member(config, self._first.dataset, seed) for config in configs[1:])
        self.members = (self._first, *others)
        self._steps = _Steps(self._first)
        self._round_seconds = round_seconds
        self._round_steps = 1
        self._step = 0
        self._batches: Iterator[tuple[Tensor, Tensor]] = iter(())

    def events(self, commands: GroupCommands = no_commands) -> Iterator[tuple[int, Event]]:
        """Train all members to their ends, yielding what happens with the member's index.

        A member's state is valid at each of its events. Pauses are not obeyed: the batches go on
        for the others.
        """
        for index, member in enumerate(self.members):
            yield index, member.started()
        training: list[Member] = []
        with _Workers(self._first.device, self._num_shares()) as workers:
            while True:
                for index, member in enumerate(self.members):
                    yield from ((index, event) for event in member.between_rounds(commands, index))
                remaining = [member for member in self.members if member.reason is None]
                if not remaining:
                    return
                if remaining != training:
                    training = remaining
                    shares = self._shares(training)
                self._train_a_round(shares, workers)
                for index, member in enumerate(self.members):
                    yield from ((index, event) for event in member.after_round())

    def _num_shares(self) -> int:
        # One thread for each share of the members, rather than threads inside every operation:
        # these are small, and threads inside them would mostly wait for each other. An
        # accelerator takes all members at once.
        cores = torch.get_num_threads() if self._first.device.type == "cpu" else 1
        return max(1, min(cores, len(self.members) // 2))

    def _shares(self, members: Sequence["Member"]) -> list["_Share"]:
        count = min(self._num_shares(), len(members))
        return [_Share(members[index::count], self._steps) for index in range(count)]

    def _train_a_round(self, shares: Sequence["_Share"], workers: "_Workers") -> None:
        first = self._first
        start = time.perf_counter()
        epoch, done = divmod(self._step, first.steps_per_epoch)
        if done == 0:
            shown = Epoch.of(first.config, first.dataset, epoch)
            self._batches = epoch_batches(first.dataset, shown, first.config.batch_size)
        size = min(self._round_steps, first.steps_per_epoch - done)
        batches = list(itertools.islice(self._batches, size))
        for share in shares:
            share.prepare(batches)
        with _without_garbage_collection():
            workers.run([partial(share.train, batches) for share in shares])
        synchronise(first.device)
        seconds = time.perf_counter() - start
        for share in shares:
            for member in share.members:
                member.round_seconds = seconds
        self._step += size
        steps = size * self._round_seconds / seconds
        self._round_steps = max(1, min(MAX_ROUND_STEPS, round(steps)))


class Member(Trainer):
    """One run of a group: a trainer whose gradients are computed by others."""

    is_movable = True

    def __init__(self, config: TrainConfig, dataset: ImageDataset, order_seed: int) -> None:
        super().__init__(config, dataset)
        self.reason: FinishReason | None = None
        """Why it has ended, if it has."""
        self.round_seconds = 0.0
        self._results: list[StepResult] = []
        self._notes.append(
            f"trained together with others: images in the order of seed {order_seed}"
        )

    @property
    def steps_per_epoch(self) -> int:
        return self._steps_per_epoch

    @property
    def flat_weights(self) -> Tensor:
        """All weights of the network in one row."""
        return self._training_step.learnable.values[0]

    def move_to(self, row: Tensor) -> None:
        """Let the network's weights live in this row of the group's."""
        self._training_step.learnable.move_to(row)

    def learn(self, result: StepResult, gradient: Tensor) -> None:
        """Take one step along the gradient of all weights, unless an earlier one was not finite."""
        if self._results and self._training_step.is_stopped_by(self._results[-1]):
            return
        self._training_step.update([gradient], result.magnitude, self._learning_rate(self._step))
        self._results.append(result)
        self._step += 1

    def started(self) -> Event:
        """What is known before the first step."""
        return self._started()

    def between_rounds(self, commands: GroupCommands, index: int) -> Iterator[Event]:
        """Finish an epoch that is over, obey commands, and end if it is time."""
        if self.reason is not None:
            return
        if self._epochs_evaluated < self._step // self._steps_per_epoch:
            yield self._finish_epoch()
            if self._should_stop_early():
                self.reason = "early stop"
        if self.reason is None and self._step >= self._total_steps:
            self.reason = "completed"
        if self.reason is None:
            asked = [c for c in commands(index) if c.kind in ("stop", "learning rate")]
            for event in self._obey(lambda: asked):
                yield event
                if event.kind == "stopped":
                    self.reason = "stopped"
        if self.reason is not None:
            yield self._finished(self.reason)

    def after_round(self) -> Iterator[Event]:
        """Tell of the steps taken; a step that was not finite ends this member alone."""
        if not self._results:
            return
        results, self._results = self._results, []
        # Steps after the first that was not finite were counted, but not taken.
        self._step -= len(results)
        steps, problem = self._account_for(round_of(results, self.round_seconds, ALONE))
        if steps is not None:
            yield steps
        if problem is not None:
            self.reason = "diverged"
            yield Diverged(at=self._position(), message=problem)
            yield self._finished(self.reason)


class _Steps:
    """Losses and gradients of several members for one batch, as plain operations."""

    def __init__(self, first: Member) -> None:
        parameters = dict(first.model.named_parameters())
        self._names = list(parameters)
        self._shapes = [parameter.shape for parameter in parameters.values()]
        self._sizes = [parameter.numel() for parameter in parameters.values()]
        self._network = copy.deepcopy(first.model).to("meta")
        self._loss = first.config.loss
        self._is_on_cpu = first.device.type == "cpu"
        self._traced: dict[tuple[int, int], _Step] = {}

    def step(self, weights: Tensor, images: Tensor, labels: Tensor) -> _Step:
        """The step for so many members and images.

        What vmap and autograd do for it is the same each time, and takes them longer than the
        small tensors' arithmetic. So it is done once, and the operations it came to are kept.
        """
        key = (len(weights), len(labels))
        if key not in self._traced:
            with FastLayers() if self._is_on_cpu else nullcontext():
                # A lambda: bound methods cannot be traced.
                traced = make_fx(lambda *given: self._compute(*given))(weights, images, labels)
            traced.graph.eliminate_dead_code()
            self._traced[key] = _without_python(traced) if self._is_on_cpu else traced
        return self._traced[key]

    def _compute(
        self, weights: Tensor, images: Tensor, labels: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        weights = weights.detach().requires_grad_()  # [members, parameters]
        forward = vmap(self._forward, in_dims=(0, None, None))
        losses, logits = forward(weights, images, labels)  # [members], [members, batch, classes]
        (gradients,) = torch.autograd.grad(losses.sum(), weights)  # [members, parameters]
        return losses.detach(), logits.detach(), gradients

    def _forward(self, row: Tensor, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """One member's loss and logits."""
        parts = zip(self._names, row.split(self._sizes), self._shapes, strict=True)
        weights = {name: part.view(shape) for name, part, shape in parts}
        logits = functional_call(self._network, weights, (images,))
        return loss_of(logits, labels, self._loss), logits


def _without_python(traced: GraphModule) -> _Step:
    """The same operations, called by TorchScript: the threads of other shares go on meanwhile.

    Called from Python, two hundred small operations hold the interpreter lock most of the time.
    """
    for node in traced.graph.nodes:
        if isinstance(node.target, OpOverload):
            node.target = node.target.overloadpacket  # the name that TorchScript knows
    traced.recompile()
    with warnings.catch_warnings():
        # That TorchScript is deprecated; nothing else calls operations without the interpreter.
        warnings.simplefilter("ignore")
        scripted: _Step = torch.jit.script(traced)  # type: ignore[no-untyped-call, unused-ignore]
    return scripted


class _Share:
    """Members whose weights lie side by side in one tensor; for one thread at a time."""

    def __init__(self, members: Sequence[Member], steps: _Steps) -> None:
        self.members = members
        self._steps = steps
        # [members, parameters]
        self._weights = torch.stack([member.flat_weights for member in members])
        for member, row in zip(members, self._weights, strict=True):
            member.move_to(row)

    def prepare(self, batches: Batches) -> None:
        """Have the steps for these batches ready; not for several shares at once."""
        for images, labels in batches:
            self._steps.step(self._weights, images, labels)

    @torch.no_grad()
    def train(self, batches: Batches) -> None:
        """Take one step of all members for each batch."""
        for images, labels in batches:
            step = self._steps.step(self._weights, images, labels)
            losses, logits, gradients = step(self._weights, images, labels)
            magnitudes = losses + torch.linalg.vector_norm(gradients, dim=1)
            rows = (losses.unbind(), logits.unbind(), magnitudes.unbind(), gradients.unbind())
            for member, loss, logit, magnitude, gradient in zip(self.members, *rows, strict=True):
                result = StepResult(
                    loss=loss,
                    logits=logit,
                    labels=labels,
                    magnitude=magnitude,
                    num_images=len(labels),
                )
                member.learn(result, gradient)


class _Workers:
    """Threads that compute shares side by side. An accelerator is served by the calling thread."""

    def __init__(self, device: torch.device, count: int) -> None:
        self._num_threads = torch.get_num_threads()
        is_on_cpu = device.type == "cpu"
        self._pool = ThreadPoolExecutor(count, initializer=_compute_alone) if is_on_cpu else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown()
            torch.set_num_threads(self._num_threads)  # a part of the setting is for all threads

    def run(self, tasks: Sequence[Callable[[], None]]) -> None:
        """Carry out all tasks and wait for them."""
        if self._pool is None:
            for task in tasks:
                task()
            return
        for future in [self._pool.submit(task) for task in tasks]:
            future.result()


def _compute_alone() -> None:
    """Let this thread use no other, and count the smallest numbers as zero (see `step`)."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Steps leave no cycles behind, and looking for them among many small tensors takes time."""
    was_collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_collecting:
            gc.enable()
