"""Gradients: asking for them, computing them, keeping tensors out of the graph."""

from functools import partial

from blitz.tensors.operations import bounds
from blitz.tensors.operations.operation import Family, operation

method = partial(operation, forms="method", bound=bounds.free)

LEAF = "x = torch.tensor([2., 3.], requires_grad=True)\n"
CUBE = LEAF + "y = (x ** 3).sum()\n"

AUTOGRAD = Family(
    name="autograd",
    title="Autograd",
    operations=(
        method(
            "backward(input, gradient=None, retain_graph=None, create_graph=False, inputs=None)",
            "Goes back through the graph and adds the gradients to the leaves' grad.",
            CUBE + "y.backward()\nx.grad",
            bound=bounds.gradients,
        ),
        operation(
            "backward(tensors, grad_tensors=None, retain_graph=None, create_graph=False, "
            "*, inputs=None)",
            "Goes back from several tensors at once.",
            CUBE + "torch.autograd.backward([y])\nx.grad",
            forms="torch.autograd",
            bound=bounds.gradients,
        ),
        operation(
            "grad(outputs, inputs, grad_outputs=None, retain_graph=None, create_graph=False, "
            "allow_unused=None)",
            "Gradients of outputs as a result; no tensor's grad changes.",
            CUBE + "torch.autograd.grad(y, x)",
            forms="torch.autograd",
            bound=bounds.gradients,
        ),
        method(
            "requires_grad(input, requires_grad=True)",
            "Asks autograd to follow what is computed from this tensor.",
            "x = torch.ones(2)\nx.requires_grad_().requires_grad",
            forms="in-place",
        ),
        method(
            "detach(input)",
            "The same memory, outside the graph.",
            LEAF + "(x * 2).detach().requires_grad",
            forms="torch method",
        ),
        method(
            "detach(input)",
            "Takes this tensor itself out of the graph.",
            LEAF + "y = x * 2\ny.detach_().is_leaf",
            forms="in-place",
        ),
        method(
            "retain_grad(input)",
            "Keeps the gradient of a tensor that is not a leaf.",
            LEAF + "y = x * 2\ny.retain_grad()\ny.sum().backward()\ny.grad",
        ),
        method(
            "zero(input)",
            "Fills with zeros; gradients add up until somebody does.",
            CUBE + "y.backward()\nx.grad.zero_()",
            forms="in-place",
            bound=bounds.elementwise,
        ),
        method(
            "is_grad_enabled()",
            "Whether autograd follows what is computed now.",
            "torch.is_grad_enabled()",
            forms="torch",
        ),
    ),
)
