"""One training step as a sequence of states: what each action does to every parameter.

The actions are those of a training loop, in whatever order they are asked for, on PyTorch's own
autograd and optimisers. Knows nothing about data sets and pages.
"""

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from blitz.network.step_settings import LOSS_CODE, StepSettings, freeze, loss_of, new_optimiser
from blitz.network.step_states import (
    ACTIONS,
    Action,
    ParameterState,
    StepState,
    first_values,
    statistics,
)
from blitz.turns import one_at_a_time

MAX_STATES = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveTensors:
    """A parameter as it stands now, shared with the network: to be read, never changed."""

    value: Tensor
    gradient: Tensor | None
    update: Tensor | None
    """What the last update changed it by; none before the first."""


class StepByStep:
    """A network, a batch and an optimiser, and the states that actions on them lead to."""

    def __init__(
        self, model: nn.Module, images: Tensor, labels: Tensor, settings: StepSettings
    ) -> None:
        """`model` is one's own and is changed; images float32 [N, C, H, W], labels int64 [N]."""
        freeze(model, settings.frozen)
        self._settings = settings
        self._model = model.train()
        self._images, self._labels = images, labels
        self._named = dict(model.named_parameters())
        self._optimiser = new_optimiser(list(self._named.values()), settings)
        self._passes = dict.fromkeys(self._named, 0)
        for name, parameter in self._named.items():
            if parameter.requires_grad:
                parameter.register_post_accumulate_grad_hook(_count_in(self._passes, name))
        self._logits: Tensor | None = None
        self._loss: Tensor | None = None
        self._last_loss: float | None = None
        self._before: dict[str, Tensor] = {}
        self._updated: tuple[str, ...] = ()
        self._gradients_changed = False
        self.turn = threading.RLock()
        """For whoever acts: one thread at a time, through all actions that belong together."""
        self.states: tuple[StepState, ...] = ()
        """The present state is the last one; the oldest are forgotten."""
        self._record(
            None,
            settings.optimiser_code,
            "The network as it was chosen. No parameter has a gradient: its .grad is None until "
            "the first backward.",
        )

    def take(self, action: Action) -> StepState:
        """Do what an action's name says."""
        actions: dict[Action, Callable[[], StepState]] = {
            "zero_grad": self.zero_grad,
            "forward": self.forward,
            "loss": self.loss,
            "backward": self.backward,
            "update": self.update,
        }
        return actions[action]()

    def next_action(self) -> Action:
        """What a training loop would do now."""
        last = self.states[-1].action
        return ACTIONS[0 if last is None else (ACTIONS.index(last) + 1) % len(ACTIONS)]

    def zero_grad(self, *, set_to_none: bool = True) -> StepState:
        """Forget all gradients, or fill them with zeros."""
        had = sum(parameter.grad is not None for parameter in self._named.values())
        self._optimiser.zero_grad(set_to_none=set_to_none)
        self._passes.update(dict.fromkeys(self._passes, 0))
        self._gradients_changed = True
        if not had:
            sentence = "There was no gradient to forget: the .grad of every parameter is None."
        elif set_to_none:
            sentence = f"{_count(had, 'gradient')} forgotten: .grad is None again everywhere."
        else:
            sentence = f"{_count(had, 'gradient')} filled with zeros, which keep their memory."
        code = "optimizer.zero_grad()" if set_to_none else "optimizer.zero_grad(set_to_none=False)"
        return self._record("zero_grad", code, sentence)

    def forward(self) -> StepState:
        """Compute the logits of the batch in training mode, while autograd records how.

        Raises ValueError where a layer refuses the batch.
        """
        self._logits = self._loss = None
        try:
            # Dropout, where a network has it, draws from the process's random state.
            with torch.enable_grad(), one_at_a_time(), torch.random.fork_rng(devices=[]):
                logits: Tensor = self._model(self._images)
        except (ValueError, RuntimeError) as error:
            raise ValueError(f"forward: {_first_sentence(error)}") from error
        self._logits = logits
        sentence = (
            f"{_count(len(self._images), 'image')} gave logits of shape {list(logits.shape)}, and "
            "autograd recorded how. No parameter and no gradient changed."
        )
        if any(name.endswith("running_mean") for name, _ in self._model.named_buffers()):
            sentence += " Batch normalisation moved its running mean and variance: buffers."
        warning = ""
        if not bool(logits.isfinite().all()):
            warning = "The logits are not finite: the weights are, or lead to, too large numbers."
        return self._record("forward", "logits = model(images)", sentence, warning)

    def loss(self) -> StepState:
        """Compare the logits with the labels; ValueError where there are no logits."""
        if self._logits is None:
            raise ValueError("loss: there are no logits yet; run forward first")
        with torch.enable_grad():
            self._loss = loss_of(self._logits, self._labels, self._settings.loss)
        value, last = self._loss.item(), self._last_loss
        self._last_loss = value
        sentence = f"The loss is {value:.6g}: one number, at the end of the graph."
        if last is not None and math.isfinite(value - last) and value != last:
            verb = "fell" if value < last else "rose"
            sentence += f" It {verb} by {abs(value - last):.3g} since it was computed before."
        warning = ""
        if not math.isfinite(value):
            warning = (
                f"The loss is {value}: its gradients say nothing any more. Start again with a "
                "smaller learning rate."
            )
        return self._record("loss", LOSS_CODE[self._settings.loss], sentence, warning)

    def backward(self) -> StepState:
        """Add the loss's gradient to every parameter's; ValueError where there is none to add."""
        if self._loss is None:
            raise ValueError("backward: there is no loss yet; compute it first")
        if not self._loss.requires_grad:
            raise ValueError("backward: every parameter is frozen; nothing asks for a gradient")
        self._gradients_changed = True  # even where it breaks off on its way
        try:
            self._loss.backward()
        except RuntimeError as error:
            raise ValueError(f"backward: {_first_sentence(error)} Run forward again.") from error
        most = max(self._passes.values())
        reached = sum(count > 0 for count in self._passes.values())
        if most == 1:
            sentence = f"{_count(reached, 'parameter')} got a gradient."
        else:
            sentence = (
                "The new gradients were added to those that were there: each is the sum of "
                f"{most} passes, since zero_grad was left out."
            )
        without = len(self._passes) - reached
        if without:
            sentence += f" {_count(without, 'parameter')}, frozen or unused, without one."
        warning = ""
        if not all(
            bool(p.grad.isfinite().all()) for p in self._named.values() if p.grad is not None
        ):
            warning = "Gradients are not finite: an update would make the weights so too."
        return self._record(
            "backward", "loss.backward()", sentence + " The graph is freed.", warning
        )

    def update(self) -> StepState:
        """Let the optimiser change the parameters that have a gradient."""
        self._updated = tuple(
            name for name, parameter in self._named.items() if parameter.grad is not None
        )
        for name in self._updated:
            value = self._named[name].detach()
            if name in self._before:
                self._before[name].copy_(value)  # fresh memory would take ten times as long
            else:
                self._before[name] = value.clone()
        self._optimiser.step()
        state = self._record("update", "optimizer.step()", "")
        changed = sum(bool(each.update and each.update.largest) for each in state.parameters)
        if not self._updated:
            sentence = "Nothing happened: no parameter has a gradient. Run backward first."
        elif not changed:
            sentence = "No number changed: the learning rate is 0, or the change is below rounding."
        else:
            sentence = (
                f"{_count(changed, 'parameter')} changed by the optimiser. Forward and loss will "
                "tell what that did to the loss."
            )
        warning = ""
        if not all(parameter.values.is_finite for parameter in state.parameters):
            sentence = "The optimiser made numbers that are none."
            warning = (
                "Weights are not finite any more, and no step mends them. Start again with a "
                "smaller learning rate."
            )
        self.states = (*self.states[:-1], replace(state, sentence=sentence, warning=warning))
        return self.states[-1]

    def live(self, name: str) -> LiveTensors:
        """The whole tensors of a parameter as they are now; ValueError for an unknown name."""
        if name not in self._named:
            raise ValueError(f"parameter: {name!r} was given; the network has no such parameter")
        parameter = self._named[name]
        value = parameter.detach()
        return LiveTensors(
            value=value,
            gradient=parameter.grad,
            update=value - self._before[name] if name in self._updated else None,
        )

    def _record(
        self, action: Action | None, code: str, sentence: str, warning: str = ""
    ) -> StepState:
        earlier = {state.name: state for state in self.states[-1].parameters} if self.states else {}
        state = StepState(
            number=self.states[-1].number + 1 if self.states else 0,
            action=action,
            code=code,
            sentence=sentence,
            warning=warning,
            loss=None if self._loss is None else self._loss.item(),
            parameters=tuple(
                self._measured(name, earlier.get(name), is_update=action == "update")
                for name in self._named
            ),
        )
        self._gradients_changed = False
        self.states = (*self.states, state)[-MAX_STATES:]
        return state

    def _measured(
        self, name: str, earlier: ParameterState | None, *, is_update: bool
    ) -> ParameterState:
        """A parameter's state; what cannot have changed is taken from the state before."""
        parameter = self._named[name]
        was_updated = is_update and name in self._updated
        if earlier and not was_updated:
            values, after = earlier.values, earlier.after
        else:
            values, after = statistics(parameter.detach()), first_values(parameter)
        gradient = earlier.gradient if earlier else None
        if self._gradients_changed:
            gradient = None if parameter.grad is None else statistics(parameter.grad)
        return ParameterState(
            name=name,
            shape=tuple(parameter.shape),
            requires_grad=parameter.requires_grad,
            values=values,
            gradient=gradient,
            num_passes=self._passes[name],
            update=statistics(parameter.detach() - self._before[name]) if was_updated else None,
            before=earlier.after if earlier else after,
            after=after,
        )


def _count_in(passes: dict[str, int], name: str) -> Callable[[Tensor], None]:
    """A hook that counts; it holds the counts alone, not the network."""

    def count(_: Tensor) -> None:
        passes[name] += 1

    return count


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _first_sentence(error: Exception) -> str:
    """PyTorch's own message as far as its first full stop, on one line."""
    text = " ".join(str(error).split())
    return text.partition(". ")[0].removesuffix(".") + "."
