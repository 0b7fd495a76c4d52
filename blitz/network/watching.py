"""Watches the calls of a forward pass: which module each is within, and how long it takes.

What is written down about them is `flow`'s business.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.hooks import RemovableHandle

CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


class Watcher(TorchFunctionMode):
    """Knows at each call of a function which modules it is within."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.names = {module: name for name, module in model.named_modules()}
        self.stack: list[nn.Module] = []
        self.thread = threading.get_ident()

    def enter(self, module: nn.Module, _arguments: object) -> None:
        """A module begins its `forward`."""
        if threading.get_ident() == self.thread:
            self.stack.append(module)

    def leave(self, module: nn.Module, _arguments: object, output: object) -> None:
        """A module has returned."""
        if threading.get_ident() == self.thread:
            self.stack.pop()

    def step_module(self) -> nn.Module | None:
        """The outermost module in the stack that is a step by itself."""
        return next((module for module in self.stack if is_step(module)), None)


def is_step(module: nn.Module) -> bool:
    """Whether a module is one step: PyTorch's own, and no container of others."""
    return type(module).__module__.startswith("torch.nn") and not isinstance(module, CONTAINERS)


@contextmanager
def watched(model: nn.Module, watcher: Watcher) -> Iterator[None]:
    handles: list[RemovableHandle] = []
    for module in model.modules():
        handles.append(module.register_forward_pre_hook(watcher.enter))
        handles.append(module.register_forward_hook(watcher.leave))
    try:
        with watcher:
            yield
    finally:
        for handle in handles:
            handle.remove()


class Clock(Watcher):
    """Times the steps; a module that calls several functions is one step."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__(model)
        self.times: list[float] = []
        self._in_module: nn.Module | None = None

    def leave(self, module: nn.Module, _arguments: object, output: object) -> None:
        super().leave(module, _arguments, output)
        if module is self._in_module:
            self._in_module = None

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        start = time.perf_counter()
        output = func(*args, **(kwargs or {}))
        seconds = time.perf_counter() - start
        if not tensors_in(output):
            return output
        module = self.step_module()
        if module is not None and module is self._in_module:
            self.times[-1] += seconds
        else:
            self.times.append(seconds)
        self._in_module = module
        return output


def tensors_in(values: object) -> list[Tensor]:
    """The tensors in a value, and in the tuples and lists in it."""
    if isinstance(values, Tensor):
        return [values]
    if isinstance(values, tuple | list):
        return [tensor for value in values for tensor in tensors_in(value)]
    return []
