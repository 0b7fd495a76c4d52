"""Several processes that train one run: who of them this is, and what they tell each other.

Started by torchrun, which says in the environment who is who. Every process holds all images, but
each takes its own share of every batch; gradients are averaged by DistributedDataParallel. What is
decided by a person or a clock, process 0 decides for all. Imports torch alone.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from blitz.training.events import Command

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Team:
    """The processes of one run, as one of them sees it. A run of one process has a team of one."""

    rank: int = 0
    """0 for the process that decides and records."""
    size: int = 1
    local_rank: int = 0
    """Number of this process on its machine."""

    @property
    def is_alone(self) -> bool:
        """Whether there are no others to speak to."""
        return self.size == 1

    @property
    def is_first(self) -> bool:
        """Whether this is the process that decides and records."""
        return self.rank == 0

    @property
    def begins_again(self) -> bool:
        """Whether torchrun starts all processes anew where one breaks now."""
        done = int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0"))
        return not self.is_alone and done < int(os.environ.get("TORCHELASTIC_MAX_RESTARTS", "0"))

    def device(self, name: str) -> str:
        """This process's own device of a kind: "cuda" becomes "cuda:1" for the second process."""
        return f"cuda:{self.local_rank}" if name.startswith("cuda") and not self.is_alone else name

    # What the first process decides

    def agree(self, value: T) -> T:
        """What the first process gives, on all of them."""
        if self.is_alone:
            return value
        box = [value]
        dist.broadcast_object_list(box, src=0, device=torch.device("cpu"))
        return box[0]

    def shared(self, commands: Callable[[], Sequence[Command]]) -> Callable[[], Sequence[Command]]:
        """Commands that the first process hears and all obey."""
        if self.is_alone:
            return commands
        return lambda: self.agree(tuple(commands()) if self.is_first else ())

    def all_must(self, fault: str) -> None:
        """Go on only where no process has a fault; ValueError with the first one on all."""
        faults = self.gather(fault)
        for rank, each in enumerate(faults):
            if each:
                raise ValueError(each if self.is_alone else f"process {rank}: {each}")

    def gather(self, value: T) -> list[T]:
        """The values of all processes, in their order."""
        if self.is_alone:
            return [value]
        values: list[Any] = [None] * self.size
        dist.all_gather_object(values, value)
        return values

    # Tensors

    def share(self, items: Tensor) -> Tensor:
        """This process's part of what all have, in order; parts differ by at most one."""
        return items.tensor_split(self.size)[self.rank]

    def share_size(self, num_items: int, rank: int | None = None) -> int:
        """The length of a process's share, by default this one's."""
        return len(range(num_items)[self.rank if rank is None else rank :: self.size])

    def sum(self, values: Tensor) -> Tensor:
        """The sum over all processes, in place."""
        if not self.is_alone:
            dist.all_reduce(values)
        return values

    @torch.no_grad()
    def from_first(self, tensors: Iterable[Tensor]) -> None:
        """Fill these with what the first process has in them."""
        if not self.is_alone:
            for tensor in tensors:
                dist.broadcast(tensor, src=0)

    def joined_rows(self, own: Tensor, num_rows: int) -> Tensor:
        """The shares of all processes as one tensor of so many rows, in order."""
        if self.is_alone:
            return own
        padded = own.new_zeros((self.share_size(num_rows, 0), *own.shape[1:]))
        padded[: len(own)] = own
        parts = [torch.empty_like(padded) for _ in range(self.size)]
        dist.all_gather(parts, padded)
        sizes = [self.share_size(num_rows, rank) for rank in range(self.size)]
        return torch.cat([part[:size] for part, size in zip(parts, sizes, strict=True)])

    def wrap(self, model: nn.Module) -> nn.Module:
        """The model such that a backward pass averages gradients over all processes."""
        if self.is_alone:
            return model
        return DistributedDataParallel(model, gradient_as_bucket_view=True)


ALONE = Team()


@contextmanager
def joined() -> Iterator[Team]:
    """Meet the other processes; leave them at the end."""
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    local_rank = int(os.environ["LOCAL_RANK"])
    # A run may wait for its device for days. A process that dies closes its connections at once;
    # where GPUs wait for it that have none, torchrun ends the others after half a minute.
    dist.init_process_group(backend, timeout=timedelta(days=30))
    try:
        yield Team(rank=dist.get_rank(), size=dist.get_world_size(), local_rank=local_rank)
    finally:
        dist.destroy_process_group()
