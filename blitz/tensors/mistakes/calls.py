"""Arguments: missing, too many, of the wrong name or type; names that are not there."""

from blitz.tensors.mistakes.mistake import Case, Mistake


def _mend_type(case: Case) -> str:
    wanted, got = case.found["wanted"], case.found["got"]
    if case.method.endswith("_like") and got in ("list", "tuple"):
        return f"of a shape, {case.operation.removesuffix('_like')}((2, 3)) makes a tensor"
    if wanted == "Tensor" and got in ("int", "float", "bool", "list", "tuple", "complex"):
        return (
            f"make a tensor of it: torch.tensor({'[1., 2.]' if got in ('list', 'tuple') else '2.'})"
        )
    if wanted == "Tensor" and "ndarray" in got:
        return "make a tensor of it: torch.from_numpy(array)"
    if wanted == "tuple of ints" and got in ("float", "int"):
        return "give whole numbers: (2, 3); of a float, int(2.0)"
    if wanted == "torch.dtype":
        return "dtypes are objects, not texts: torch.float32"
    return f"give an argument of type {wanted}"


def _why_operands(case: Case) -> str:
    kinds = f"{case.found['left']} and {case.found['right']}"
    return f"{case.found['sign']} is not defined between {kinds}".replace("FakeTensor", "Tensor")


MISTAKES = (
    Mistake(
        pattern=r"missing (?P<count>\d+) required positional arguments?:"
        r" (?P<names>['\"](?P<name>\w+).*)",
        why="{operation} cannot do without {names}",
        mend="give it in its place, or by name: {method}(…, {name}=…)",
    ),
    Mistake(
        pattern=r"got an unexpected keyword argument '(?P<name>\w+)'",
        why="{operation} has no parameter called {name}",
        mend="look it up in the catalogue: names are dim and keepdim in torch, axis and keepdims in"
        " NumPy",
    ),
    Mistake(
        pattern=r"takes (?P<most>(from \d+ to )?\d+|no) (positional )?arguments? but"
        r" (?P<given>\d+)",
        why="{operation} takes {most} arguments without a name, and {given} were given",
        mend="put several numbers into one tuple, (2, 3), or several tensors into a list, [x, y]",
    ),
    Mistake(
        pattern=r"received an invalid combination of arguments",
        why="{operation} takes several sets of arguments, and these fit none of them",
        mend="compare number, types and names of the arguments with those expected",
    ),
    Mistake(
        pattern=r"argument '(?P<name>\w+)'( \(position \d+\))? must be (?P<wanted>.*?), not"
        r" (?P<got>[\w.]+)",
        why="{operation} wants {wanted} for its argument {name}, and was given {got}",
        mend=_mend_type,
    ),
    Mistake(
        pattern=r"expected np\.ndarray \(got (?P<kind>\w+)\)",
        why="from_numpy shares the memory of an array, and this is of type {kind}",
        mend="torch.tensor([1, 2]) makes a tensor of a list",
    ),
    Mistake(
        pattern=r"unsupported operand type\(s\) for (?P<sign>\S+): '(?P<left>\w+)' and"
        r" '(?P<right>\w+)'",
        why=_why_operands,
        mend="make tensors of lists first, torch.tensor([1, 2]); a text is no number",
    ),
    Mistake(
        pattern=r"'(?P<sign>\S+)' not supported between instances of '(?P<left>\w+)' and"
        r" '(?P<right>\w+)'",
        why=_why_operands,
        mend="compare numbers and tensors with numbers and tensors",
    ),
    Mistake(
        pattern=r"can only concatenate str|did not contain a loop with signature matching types",
        why="texts and numbers do not go together",
        mend="leave the quotation marks out for a number",
    ),
    Mistake(
        pattern=r"return arrays must be of ArrayType",
        why="NumPy writes into arrays only, and out= is a tensor",
        mend="give the array that shares its memory: out=x.numpy()",
    ),
    Mistake(
        pattern=r"'(?P<kind>[\w.]+)' object has no attribute '(?P<name>\w+)'",
        why="a value of type {kind} has nothing called {name}",
        mend="look for it in the catalogue of operations",
    ),
    Mistake(
        pattern=r"'(?P<kind>[\w.]+)' object is not callable",
        why="parentheses call a function, and this is of type {kind}",
        mend="leave them out (x.shape, x.T, x.dtype), or choose an element with [ ]",
    ),
    Mistake(
        pattern=r"'(?P<kind>[\w.]+)' object is not (iterable|subscriptable)"
        r"|object of type '(?P<type>[\w.]+)' has no len",
        why="a value of type {kind}{type} has no items",
        mend="give a list, a tuple or a tensor with at least one axis",
    ),
    Mistake(
        pattern=r"'(?P<kind>[\w.]+)' object cannot be interpreted as an integer",
        why="this place wants a whole number, and was given a {kind}",
        mend="int(…) makes one, // divides to one",
    ),
    Mistake(
        pattern=r"'torch\.dtype' object is not callable",
        why="a dtype is a name, no function",
        mend="x.to(torch.float32) converts",
    ),
    Mistake(
        pattern=r"indices must be integers or slices, not (?P<kind>\w+)",
        why="items are counted in whole numbers, and this is of type {kind}",
        mend="int(…) makes a whole number",
    ),
    Mistake(
        pattern=r"invalid literal for int|could not convert string to float",
        why="this text is no number",
        mend="write the number without quotation marks",
    ),
    Mistake(
        pattern=r"^KeyError",
        why="a dict has only the keys that were put in",
        mend="look at them: list(…)",
    ),
    Mistake(
        pattern=r"At least one of 'min' or 'max' must not be None|clamp called but both",
        why="clamp limits values, and no limit was given",
        mend="give one or both: x.clamp(min=0)",
    ),
)
