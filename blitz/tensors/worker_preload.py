"""Imported by the process that workers are forked from, and by nothing else.

Whatever is slow the first time is done here once: a worker then begins with all of it.
"""

import multiprocessing.spawn

import torch

from blitz.tensors.limits import Limits
from blitz.tensors.running import report

# No backward: autograd refuses to work in forks of a process that it has worked in.
WARM_UP = """
x = torch.ones(3, 4)
y = (x @ x.T).sum(dim=1)
z = torch.cat([y, torch.rand(2)]).reshape(5, 1)
z[0:1] = 0
torch.linalg.svd(torch.eye(2))
np.add(np.ones(2), 1)
"""


def _warm_up() -> None:
    torch.set_num_threads(1)  # threads do not survive a fork: none may be started here
    report(WARM_UP, "cpu", 0, Limits())


def _without_main() -> None:
    """Keep workers from importing the program that started them, as processes usually do.

    It may be a script that is not made for it, or a page with a server in it.
    """
    for name in ("_fixup_main_from_name", "_fixup_main_from_path"):
        setattr(multiprocessing.spawn, name, lambda _: None)


_without_main()
_warm_up()
