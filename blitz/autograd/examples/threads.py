"""Several threads, one leaf

Each thread builds a graph of its own and calls backward on it; only the leaf **w** is shared.
Adding to its gradient is safe: autograd locks the leaf while it adds. Four threads, each with its
own x of 1, 2, 3, 4, give 1 + 2 + 3 + 4 = 10. The graph shown is the sum of all four losses. Within
one backward on the CPU there is one thread, the one that called it; each GPU has a thread of its
own.

Graph: total
"""

import threading

import torch
from torch import Tensor

workers = 4  # 1 to 16: number of threads

w = torch.tensor(1.0, requires_grad=True)
losses: dict[int, Tensor] = {}


def work(x: int) -> None:
    losses[x] = w * x
    losses[x].backward(retain_graph=True)


threads = [threading.Thread(target=work, args=(x,)) for x in range(1, workers + 1)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()

print("w.grad", w.grad, "  expected", sum(range(1, workers + 1)))
total = torch.stack([losses[x] for x in sorted(losses)]).sum()
