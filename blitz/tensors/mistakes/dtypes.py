"""Dtypes: operations that want floats, whole numbers or bool, and mixtures of them."""

import torch

from blitz.tensors.mistakes.mistake import IN_PLACE, Case, Mistake
from blitz.tensors.mistakes.operands import dtype_name

_WANTS_FLOATS = (
    r"\"(?P<kernel>\w+)\" not implemented for '(torch\.)?(?P<dtype>Long|Int|Short|Char|Byte|Bool"
    r"|u?int\d+|bool)'"
)
_EXPECTS_FLOATS = r"expected a floating-point or complex dtype, but got dtype=(?P<dtype>\S+)"
_RANDOM = r".*(rand_like|randn_like|\.rand|\.randn|\.normal|uniform_|normal_|exponential_)"


def _why_mixed(case: Case) -> str:
    dtypes = [dtype_name(tensor.dtype) for tensor in case.tensors]
    if len(set(dtypes)) < 2:
        return "both must be of one dtype: unlike + and *, this operation converts nothing"
    listed = " and ".join(f"{name} {dtype}" for name, dtype in zip("xyzuvw", dtypes, strict=False))
    return f"unlike + and *, this operation converts nothing, and here are {listed}"


def _mend_mixed(case: Case) -> str:
    tensors = [tensor for tensor in case.tensors if isinstance(tensor, torch.Tensor)][:6]
    if len({tensor.dtype for tensor in tensors}) < 2:
        return "convert one: y.to(x.dtype)"
    common = tensors[0].dtype
    for tensor in tensors:
        common = torch.promote_types(common, tensor.dtype)
    names = [name for name, t in zip("xyzuvw", tensors, strict=False) if t.dtype != common]
    return "convert first: " + ", ".join(f"{name} = {name}.to({common})" for name in names)


def _mend_random(case: Case) -> str:
    if case.method.endswith("_like"):
        return f"ask for floats: torch.{case.method}(x, dtype=torch.float32)"
    if case.method.endswith("_"):
        return f"convert first: x.float().{case.method}()"
    return "leave dtype out; whole numbers come from torch.randint(0, 10, (3,))"


def _mend_mean(case: Case) -> str:
    others = _others(case) if case.operation.startswith(("Tensor.", "torch.")) else ""
    return f"convert first: x.float().mean({others})"


def _mend_float(case: Case) -> str:
    if case.operation.startswith("Tensor."):
        return f"convert first: x.float().{case.method}({_others(case)})"
    return "convert first: x.float()"


def _others(case: Case) -> str:
    """The other arguments, as far as they are numbers, as a program writes them."""
    texts = [str(value) if isinstance(value, int | float) else "…" for value in case.args[1:]]
    texts += [f"{name}={value}" for name, value in case.kwargs.items()]
    return ", ".join(texts)


def _mend_cast(case: Case) -> str:
    if case.operation.endswith("="):
        return f"make a new tensor: x = x {case.operation.removesuffix('=')} y"
    if case.method.endswith("_"):
        numbers = [str(value) for value in case.args[1:] if isinstance(value, int | float)]
        inner = ", ".join(numbers or ["y"] * (len(case.tensors) > 1))
        return (
            f"make a new tensor, x.{case.method.removesuffix('_')}({inner}), or start from floats"
        )
    return "convert first: x.float()"


MISTAKES = (
    Mistake(
        pattern=rf"{_WANTS_FLOATS}|{_EXPECTS_FLOATS.replace('dtype>', 'dtype2>')}",
        operation=_RANDOM,
        why="random numbers between whole ones cannot be {dtype}{dtype2}; {method} keeps the dtype"
        " it is given or finds",
        mend=_mend_random,
    ),
    Mistake(
        pattern=r"mean\(\): could not infer output dtype.*Got: (?P<dtype>[\w.]+)",
        why="the mean of whole numbers is seldom whole, and mean keeps the dtype, {dtype}",
        mend=_mend_mean,
    ),
    Mistake(
        pattern=r"std and var only support floating point",
        why="a standard deviation is seldom whole, and {method} keeps the dtype, {x_dtype}",
        mend=_mend_float,
    ),
    Mistake(
        pattern=r"\"bitwise_\w+\" not implemented for '(?P<dtype>\w+)'"
        r"|\"(__)?[lr]shift\w*\" not implemented|implemented on integer and Boolean-type"
        r"|Expected input tensor to have an integral dtype"
        r"|ufunc '(bitwise_\w+|invert)' not supported",
        why="&, |, ^, ~ and shifts work on bits, of bool and whole numbers; {x_dtype} has none",
        mend="compare first, with parentheses: (x > 0) & (x < 2)",
    ),
    Mistake(
        pattern=r"\"\w+\" not implemented for '(?P<dtype>Complex\w+)'|(?P<name>\w+) is not"
        r" supported"
        r" for complex inputs|not supported between instances of 'complex'",
        why="complex numbers have no order: none is larger than another",
        mend="take the size or a part of them: x.abs(), x.real",
    ),
    Mistake(
        pattern=r"\"bincount\w*\" not implemented|Cannot cast array data .* 'safe'",
        why="bincount counts whole numbers from 0 on, and these are {x_dtype}",
        mend="convert first: x.long().bincount()",
    ),
    Mistake(
        pattern=r"result type (torch\.)?(?P<dtype_from>\w+) can't be cast to the desired output"
        r" type"
        r" (torch\.)?(?P<dtype_to>\w+)|Attempting to cast from (?P<dtype_one>\S+) to out tensor"
        r" with"
        r" dtype (?P<dtype_other>[\w.]+),",
        why="the result is {dtype_from}{dtype_one}, and what it goes into holds"
        " {dtype_to}{dtype_other}: an in-place operation keeps the dtype",
        mend=_mend_cast,
    ),
    Mistake(
        pattern=r"Promotion of int\.\w+/?\w*\(float\) in in-place",
        operation=IN_PLACE,
        why="the result is float, and x holds {x_dtype}: an in-place operation keeps the dtype",
        mend=_mend_cast,
    ),
    Mistake(
        pattern=r"Cannot cast ufunc '\w+' output from dtype\('(?P<dtype_from>\w+)'\) to"
        r" dtype\('(?P<dtype_to>\w+)'\)",
        why="the result is {dtype_from}, and the array it goes into holds {dtype_to}",
        mend="leave out= away, or give an array of its dtype: np.zeros(3)",
    ),
    Mistake(
        pattern=_WANTS_FLOATS,
        why="{method} computes with fractions, so it takes floats; x is {dtype}",
        mend=_mend_float,
    ),
    Mistake(
        pattern=_EXPECTS_FLOATS,
        why="{method} computes with fractions, so it takes floats; x is {dtype}",
        mend=_mend_float,
    ),
    Mistake(
        pattern=r"Expected a floating point or complex tensor as input\. Got (?P<dtype>[\w.]+)",
        why="{operation} computes with fractions, so it takes floats; x is {dtype}",
        mend="convert first: {operation}(x.float())",
    ),
    Mistake(
        pattern=r"input tensor must be either float or double|only supports floating-point dtypes"
        r"|Expected both inputs to be Half, Float or Double|must be floating point, got",
        why="{operation} takes floats; x is {x_dtype}",
        mend="convert first: x.float()",
    ),
    Mistake(
        pattern=r"expected target dtype to be Long or Byte, but got (?P<dtype>\w+)",
        why="a target of classes is one whole number a row, int64; this one is {dtype} (floats are"
        " taken as probabilities if they have the shape of the input)",
        mend="convert the target: y.long()",
    ),
    Mistake(
        pattern=r"Expected dtype int32/int64 for index",
        operation=r"F\.(cross_entropy|nll_loss)",
        why="a target of classes is one whole number a row, int64; this one is {y_dtype}",
        mend="convert the target: y.long()",
    ),
    Mistake(
        pattern=r"one_hot is only applicable to index tensor",
        why="one_hot places a 1 at each index, and indices are int64; x is {x_dtype}",
        mend="convert first: F.one_hot(x.long())",
    ),
    Mistake(
        pattern=r"Expected tensor for argument #1 'indices' to have one of",
        why="embedding chooses rows by whole numbers, and these are {x_dtype}",
        mend="convert the indices: F.embedding(x.long(), y)",
    ),
    Mistake(
        pattern=r"masked_fill_? only supports boolean masks|expected predicate to be bool"
        r"|expected condition to be a boolean|expected BoolTensor for mask",
        why="a mask answers yes or no for each element: its dtype is bool, not that of numbers",
        mend="compare to get one: mask > 0, or mask.bool()",
    ),
    Mistake(
        pattern=r"with two bool tensors is not supported",
        why="True - True is no truth value; - is not there for two of bool",
        mend="x ^ y says where they differ; x.int() - y.int() computes with 0 and 1",
    ),
    Mistake(
        pattern=r"numpy boolean subtract",
        why="True - True is no truth value; - is not there for two of bool",
        mend="x ^ y says where they differ; x.astype(int) - y.astype(int) computes with 0 and 1",
    ),
    Mistake(
        pattern=r"on a bool tensor is not supported|numpy boolean negative",
        why="- is not there for bool, which has only True and False",
        mend="~x is the opposite",
    ),
    Mistake(
        pattern=r"to have the same dtype|must have the same dtype|expected scalar type|have same"
        r" dtype"
        r"|Found dtype \w+ but expected \w+|Input type .* should be the same"
        r"|expected dtype .* for `\w+`,? but got",
        why=_why_mixed,
        mend=_mend_mixed,
    ),
    Mistake(
        pattern=r"Expected self\.dtype to be equal to src\.dtype",
        why="{method} copies elements of the source as they are: it must have x's dtype, {x_dtype}",
        mend="convert the source: source.to(x.dtype)",
    ),
    Mistake(
        pattern=r"Got unsupported ScalarType (?P<dtype>\w+)",
        why="NumPy has no dtype {dtype}",
        mend="convert first: x.float().numpy()",
    ),
)
