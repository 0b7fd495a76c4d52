"""Autograd: leaves, graphs, saved tensors and what can be differentiated."""

from blitz.tensors.mistakes.mistake import Mistake

MISTAKES = (
    Mistake(
        pattern=r"a view of a leaf Variable that requires grad is being used in an in-place",
        why="this changes a part of a leaf that requires grad; its gradient would be that of"
        " values that are gone",
        mend="write inside with torch.no_grad(): if it is an update, else change a copy, x.clone()",
    ),
    Mistake(
        pattern=r"a leaf Variable that requires grad is being used in an in-place",
        why="x requires grad and is a leaf: after {operation} in-place it would be the result of an"
        " operation, and its gradient that of values that are gone",
        mend="write inside with torch.no_grad(): if it is an update, else change a copy, x.clone()",
    ),
    Mistake(
        pattern=r"grad can be implicitly created only for scalar outputs",
        why="backward starts from the gradient 1 of one number; {x_shape} has many elements",
        mend="reduce to one number, x.sum().backward(), or give the gradient of each element,"
        " x.backward(torch.ones_like(x))",
    ),
    Mistake(
        pattern=r"Trying to backward through the graph a second time",
        why="the first backward freed the tensors that the graph had saved",
        mend="compute the result again before each backward, or keep the graph at the first,"
        " x.backward(retain_graph=True)",
    ),
    Mistake(
        pattern=r"element \d+ of tensors does not require grad and does not have a grad_fn",
        why="no tensor that this was computed from requires grad, or a step has no derivative or"
        " left the graph (detach, no_grad, argmax, integers): there is nothing to go back through",
        mend="ask for gradients before computing: torch.tensor([1., 2.], requires_grad=True)",
    ),
    Mistake(
        pattern=r"modified by an inplace operation: \[[\w.]+ (?P<shape>\[.*?\])\], which is output"
        r" \d+ of (?P<maker>\w+), is at version (?P<now>\d+); expected version (?P<saved>\d+)",
        why="backward needs the {shape} that {maker} made as it was at version {saved}; in-place"
        " operations have brought it to version {now}",
        mend="work on a copy, x.clone(), or use the form without underscore (x.add(1) for"
        " x.add_(1))",
    ),
    Mistake(
        pattern=r"modified by an inplace operation",
        why="backward needs values that the forward saved, and an in-place operation changed them",
        mend="work on a copy, x.clone(), or use the form without underscore (x.add(1) for"
        " x.add_(1))",
    ),
    Mistake(
        pattern=r"[Oo]nly Tensors of floating point (and complex )?dtype can require gradients",
        why="a gradient tells of small changes, and whole numbers have none",
        mend="make it of floats: x = torch.tensor([1., 2.], requires_grad=True), or"
        " x.float().requires_grad_()",
    ),
    Mistake(
        pattern=r"Mismatch in shape: grad_output\[\d+\] has a shape of (torch\.Size\()?"
        r"(?P<given>\[.*?\])\)? and output\[\d+\] has a shape of"
        r" (torch\.Size\()?(?P<shape>\[.*?\])",
        why="each element of the result {shape} needs its own gradient; those given are {given}",
        mend="give gradients of its shape: x.backward(torch.ones_like(x))",
    ),
    Mistake(
        pattern=r"One of the differentiated Tensors does not require grad",
        why="a gradient is asked for of a tensor that does not require one",
        mend="call requires_grad_() on it before anything is computed from it",
    ),
    Mistake(
        pattern=r"appears to not have been used in the graph",
        why="the result was not computed from this tensor (a copy, or one of the same name, was"
        " used)",
        mend="differentiate by a tensor that is used, or take None for its gradient:"
        " allow_unused=True",
    ),
    Mistake(
        pattern=r"you can only change requires_grad flags of leaf variables",
        why="x was computed from others that require grad, so it does, too",
        mend="x.detach() is the same values without the graph",
    ),
    Mistake(
        pattern=r"Can't call numpy\(\) on Tensor that requires grad",
        why="x requires grad, and NumPy does not record: changes of the array would go past"
        " autograd",
        mend="leave the graph first: x.detach().numpy()",
    ),
    Mistake(
        pattern=r"Can't call numpy\(\) on Tensor that has (?P<bit>conjugate|negative) bit",
        why="x is marked to be read as {bit}, without having been computed; NumPy has no such mark",
        mend="compute it first: x.resolve_conj().resolve_neg().numpy()",
    ),
    Mistake(
        pattern=r"Only Tensors created explicitly by the user .* support the deepcopy protocol",
        why="x is the result of an operation: a copy would need a copy of its graph",
        mend="x.detach().clone() copies the values, x.clone() stays in the graph",
    ),
)
