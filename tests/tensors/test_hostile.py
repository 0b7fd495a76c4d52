"""Programs that would harm a server: each ends in one plain line, and before it costs anything."""

import sys

import pytest

from blitz.tensors.faults import ProgramError
from blitz.tensors.limits import Limits
from blitz.tensors.running import read_program, run
from blitz.tensors.syntax import MOST_CHARACTERS, MOST_NODES, read
from tests.tensors.programs import carried_out, fault_of

SYNTAX = {
    "NUL": "x = 1\0",
    "lone surrogate": "x = '\ud800'",
    "10 kB of text": "x = 1\n" * 1_700,
    "300 nested parentheses": "(" * 300 + "1" + ")" * 300,
    "100,000 minus signs": "-" * 100_000 + "1",
    "minus signs within the limit": "-" * 1_900 + "1",
    "20,000 additions": "+".join(["1"] * 20_000),
    "additions within the limit": "+".join(["1"] * 900),
    "5,000-digit integer": "1" * 5_000,
    "1,900-digit integer": "1" * 1_900,
    "integer beyond 2**53": str(2**53 + 1),
    "open quote": "x = 'abc",
    "open bracket": "x = (1",
    "form feed": "x = 1\f",
    "indented": "  x = 1",
    "tabs and spaces": "with torch.no_grad():\n\tx = 1\n        y = 2",
    "comment only in a block": "with torch.no_grad():\n    # nothing",
    "backslash at the end": "x = 1 \\",
}


@pytest.mark.parametrize("source", SYNTAX.values(), ids=SYNTAX.keys())
def test_what_python_cannot_read_or_would_choke_on(source: str) -> None:
    with pytest.raises(ProgramError) as raised:
        read(source)
    assert "\n" not in raised.value.fault.line


@pytest.mark.parametrize("source", ["", " ", "\n\n", "# only a comment", "\t\n  # and spaces"])
def test_an_empty_program_does_nothing(source: str) -> None:
    done = carried_out(source)
    assert done.value is None
    assert done.variables == {}


def test_the_limits_themselves_are_allowed() -> None:
    assert carried_out("#" + "x" * (MOST_CHARACTERS - 1)).value is None
    assert carried_out(str(2**53)).value == 2**53
    within = "\n".join(["1"] * (MOST_NODES // 2))
    assert carried_out(within).value == 1
    assert "at most 300" in fault_of(f"{within}\n1").message


FORBIDDEN = [
    "().__class__", "x = torch.ones(2)\nx.__class__", "torch.__builtins__", "__import__('os')",
    "x = torch.ones(2)\nx.＿＿class＿＿", "'{}'.format(1)", "f'{1}'", "lambda: 1",
    "[a for a in [1]]", "(a for a in [1])", "{a: a for a in [1]}", "{1: 2}", "{1, 2}", "(y := 1)",
    "import os", "from os import system", "import torch as t", "import torch.hub",
    "getattr(torch, 'load')", "eval('1')", "exec('1')", "open('/etc/passwd')", "globals()",
    "torch.ops.aten.add", "torch.load('x')", "torch.save(1, 'x')", "torch.from_file('x')",
    "np.load('x')", "np.save('x', 1)", "np.fromfile('x')", "np.memmap('x')", "np.ctypeslib",
    "x = np.ones(2)\nx.tofile('x')", "x = np.ones(2)\nx.dump('x')", "x = np.ones(2)\nx.data",
    "x = np.ones(2)\nx.ctypes", "x = torch.ones(2)\nx.storage()",
    "x = torch.ones(2)\nx.untyped_storage()", "x = torch.ones(2)\nx.data_ptr()",
    "x = torch.ones(2)\nx.set_(x)", "x = torch.ones(2)\nx.resize_(9)",
    "torch.as_strided(torch.ones(2), (9,), (1,))", "x = torch.ones(2)\nx.as_strided((9,), (1,))",
    "torch.sparse_coo_tensor([[0]], [1.])", "x = torch.ones(2)\nx.to_sparse()",
    "x = torch.ones(2)\nx.map_(x, 1)", "x = torch.ones(2)\nx.apply_(1)",
    "x = torch.ones(2)\nx.register_hook(print)", "torch.set_default_dtype(torch.float64)",
    "torch.set_default_device('meta')", "torch.set_num_threads(1)", "torch.empty(2)",
    "torch.empty_like(torch.ones(2))", "x = torch.ones(2)\nx.new_empty(2)", "np.empty(2)",
    "torch.add(torch.ones(2), 1, out=torch.ones(2))", "torch.ones(2, **[])",
    "torch.hub.load('x', 'y')", "torch.jit.script(1)", "torch.compile(1)",
    "torch.cuda.memory_allocated()", "torch.distributed.init_process_group()",
    "torch.utils.data", "torch.autograd.Function", "torch.nn.Linear(2, 2)", "for i in [1]:\n    i",
    "while 1:\n    1", "if 1:\n    1", "def f():\n    1", "class A:\n    1",
    "async def f():\n    1",
    "try:\n    1\nexcept:\n    1", "assert 1", "raise 1", "return", "yield", "await x", "global x",
    "x: int = 1", "1 if 1 else 2", "b'1'", "match 1:\n    case 1:\n        1", "pass; import os",
    "x = torch.ones(2)\nx.grad_fn.next_functions", "torch.ones(2, device='meta')",
    "x = torch.ones(2)\nx.to('meta')", "np.array(['a'])", "np.array([None])", "'%9999999999d' % 1",
    "'a' * 10**9", "torch.ones(2, names=['a'])", "torch.ones(2, pin_memory=True)",
    "torch.ones(2, layout=torch.sparse_coo)", "torch.rand(2, generator=1)",
]  # fmt: skip


@pytest.mark.parametrize("source", FORBIDDEN)
def test_what_would_leave_the_language_does_not_exist(source: str) -> None:
    fault = fault_of(source)
    assert "\n" not in fault.line
    assert fault.span is not None


TOO_BIG = [
    "torch.zeros(10**13)", "(torch.ones(30000, 1) * torch.ones(1, 30000)).sum()",
    "torch.ones(1).expand(10**5, 10**5).sum()", "torch.ones(1).expand(10**5, 10**5) + 1",
    "a = torch.ones(1).expand(1000, 1000)\ntorch.einsum('ij,kl->ijkl', a, a)",
    "a = torch.ones(1000)\ntorch.einsum('i,j,k,l->ijkl', a, a, a, a)",
    "torch.tensor([10**12]).bincount()", "torch.bincount(torch.tensor([1]), minlength=10**12)",
    "F.one_hot(torch.tensor([10**12]))", "F.one_hot(torch.tensor([1]), 10**12)",
    "torch.combinations(torch.arange(1000.), r=6)", "9**9**9", "1<<10**9", "[0]*10**9",
    "(0,) * 10**9", "2**64", "10**15 * 10**15", "torch.linalg.svd(torch.ones(8000, 8000))",
    "torch.zeros(2**40, 2**40)", "torch.zeros(2**62)", "torch.arange(10**13)",
    "torch.linspace(0, 1, 10**13)", "torch.eye(10**7)", "torch.ones(2).repeat(10**12)",
    "torch.tile(torch.ones(2), (10**12,))", "torch.ones(10**5).unfold(0, 1, 1).repeat(1, 10**6)",
    "torch.rand(10**10)", "np.ones(10**12)", "np.zeros((10**6, 10**6))", "np.arange(10**13)",
    "np.ones((40000, 1)) * np.ones((1, 40000))", "np.add(np.ones((40000, 1)), np.ones((1, 40000)))",
    "np.ones((40000, 1)) @ np.ones((1, 40000))", "torch.ones(40000, 1) @ torch.ones(1, 40000)",
    "torch.repeat_interleave(torch.tensor([1]), torch.tensor([10**12]))",
    "torch.cartesian_prod(torch.ones(2000), torch.ones(2000), torch.ones(2000))",
    "torch.kron(torch.ones(300, 300), torch.ones(300, 300))",
    "torch.outer(torch.ones(50000), torch.ones(50000))",
    "torch.cdist(torch.ones(50000, 2), torch.ones(50000, 2))",
    "torch.ones(1).expand(10**9)[torch.ones(1, dtype=torch.long).expand(10**9)]",
    "torch.ones(1).expand(10**8).tolist()", "torch.ones(1).expand(10**9).clone()",
    "torch.ones(1).expand(10**9).contiguous()", "torch.ones(1).expand(10**9).numpy().copy()",
    "torch.ones(1).expand(10**10).nonzero()", "x = torch.ones(1).expand(10**9)\nx[x > 0]",
    "F.pad(torch.ones(1), (10**12, 0))", "torch.nn.functional.pad(torch.ones(1), (0, 10**12))",
    "torch.matrix_power(torch.ones(3000, 3000), 2**40)", "list(range(10**9))", "range(10**9)",
    "torch.vander(torch.ones(10**5), N=10**6)", "torch.tril_indices(10**6, 10**6)",
    "torch.meshgrid(torch.ones(10**6), torch.ones(10**6))[0] + 1",
    "torch.cat([torch.ones(1).expand(10**8)] * 9)",
    "torch.stack([torch.ones(1).expand(10**8)] * 9)",
    "torch.histc(torch.ones(2), bins=10**11)", "torch.randperm(10**11)",
    "torch.multinomial(torch.ones(3), 10**11, replacement=True)", "torch.diag(torch.ones(10**6))",
    "torch.ones(10**6).diag_embed()", "torch.ones(3).broadcast_to(10**10, 3).sum()",
    "F.interpolate(torch.ones(1, 1, 2, 2), scale_factor=100000)",
    "F.conv2d(torch.ones(1, 1, 9000, 9000), torch.ones(1, 1, 500, 500))",
    "[torch.ones(90000, 1)] == [torch.ones(1, 90000)]",
    "max(torch.ones(90000, 1), torch.ones(1, 90000))",
    "min([torch.ones(90000, 1), torch.ones(1, 90000)])",
    "((torch.ones(90000, 1),),) < ((torch.ones(1, 90000),),)",
    "a = [0] * 9000\nb = [a, a]",
]  # fmt: skip


@pytest.mark.parametrize("source", TOO_BIG)
def test_what_is_too_big_is_refused_before_it_is_made(source: str) -> None:
    resource = pytest.importorskip("resource")
    unit = 1 if sys.platform == "darwin" else 1024
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    fault = fault_of(source)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit - before
    assert fault.line.isprintable()
    assert grown < 2 * 2**30, f"{grown:,} bytes more at the highest"


def test_a_name_in_full_width_letters_is_the_plain_one() -> None:
    # Python normalises identifiers, so that it is no way around the table.
    assert carried_out("ｔｏｒｃｈ.ones(1).ｓｕｍ().item()").value == 1.0


def test_what_was_made_before_counts_also_where_it_was_dropped() -> None:
    program = read_program("a = torch.ones(100)\na = torch.ones(100)\na = torch.ones(100)")
    done = run(program, limits=Limits(num_bytes=1_000))
    assert done.fault is not None
    assert done.fault.span is not None
    assert done.fault.span.line == 3
    assert "this would take 400 bytes of memory" in done.fault.message
