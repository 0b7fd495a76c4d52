"""Random numbers; all follow from the seed."""

from functools import partial

import torch

from blitz.tensors.operations import bounds
from blitz.tensors.operations.examples import GRID
from blitz.tensors.operations.operation import Family, operation


def start_anew(seed: int) -> None:
    """Seeds the random numbers; gives no generator away."""
    torch.manual_seed(seed)


function = partial(operation, forms="torch")
like = partial(operation, forms="torch", bound=bounds.no_larger)
draw = partial(operation, forms="in-place", bound=bounds.no_larger)

ZEROS = "x = torch.zeros(2, 3)\n"

RANDOM_NUMBERS = Family(
    name="random_numbers",
    title="Random numbers",
    operations=(
        function(
            "manual_seed(seed)",
            "Starts the random numbers anew: the same seed, the same numbers.",
            "torch.manual_seed(0)\na = torch.rand(2)\ntorch.manual_seed(0)\na == torch.rand(2)",
            call=start_anew,
            bound=bounds.free,
        ),
        function(
            "rand(*size, dtype=None, device=None, requires_grad=False)",
            "Numbers between 0 and 1, all equally likely.",
            "torch.rand(2, 3)",
        ),
        function(
            "randn(*size, dtype=None, device=None, requires_grad=False)",
            "Numbers of the normal distribution: mean 0, standard deviation 1.",
            "torch.randn(2, 3)",
        ),
        function(
            "randint(low, high, size, *, dtype=None, device=None, requires_grad=False)",
            "Whole numbers from low, 0 where it is left out, up to but not including high.",
            "torch.randint(0, 10, (2, 3))",
        ),
        function(
            "randperm(n, *, dtype=None, device=None, requires_grad=False)",
            "The numbers from 0 to n − 1 in random order.",
            "torch.randperm(5)",
        ),
        like(
            "rand_like(input, *, dtype=None, device=None, requires_grad=False)",
            "Numbers between 0 and 1 in the shape of another tensor; whole numbers need a dtype.",
            "x = torch.tensor([[1, 2], [3, 4]])\ntorch.rand_like(x, dtype=torch.float)",
        ),
        like(
            "randn_like(input, *, dtype=None, device=None, requires_grad=False)",
            "Normal numbers in the shape of another tensor.",
            GRID + "torch.randn_like(x)",
        ),
        like(
            "randint_like(input, low, high, *, dtype=None, device=None, requires_grad=False)",
            "Whole numbers from low, 0 where it is left out, in the shape of another tensor.",
            GRID + "torch.randint_like(x, 0, 10)",
        ),
        function(
            "normal(mean, std, size=None, *, dtype=None, device=None, requires_grad=False)",
            "Normal numbers with a mean and a standard deviation each.",
            "torch.normal(0., 2., (2, 3))",
        ),
        operation(
            "bernoulli(input)",
            "1 with the probability that each element gives, else 0.",
            "torch.bernoulli(torch.tensor([0., 0.5, 1.]))",
            bound=bounds.no_larger,
        ),
        operation(
            "multinomial(input, num_samples, replacement=False)",
            "Draws places; the elements are the weights.",
            "torch.multinomial(torch.tensor([1., 0., 3.]), 2)",
        ),
        like(
            "poisson(input)",
            "Counts of rare events; the elements are their means.",
            "torch.poisson(torch.tensor([1., 4.]))",
        ),
        draw(
            "uniform(input, low=0, high=1, /)",
            "Fills with numbers between two limits.",
            ZEROS + "x.uniform_(-1, 1)",
        ),
        draw(
            "normal(input, mean=0, std=1)", "Fills with normal numbers.", ZEROS + "x.normal_(0, 2)"
        ),
        draw(
            "random(input, low, high, /)",
            "Fills with whole numbers, high not included.",
            ZEROS + "x.random_(0, 10)",
        ),
        draw(
            "bernoulli(input, p=0.5)",
            "Fills with 1 at a probability, else 0.",
            ZEROS + "x.bernoulli_(0.5)",
        ),
        draw(
            "exponential(input, lambd=1)",
            "Fills with waiting times at a rate.",
            ZEROS + "x.exponential_()",
        ),
        draw(
            "geometric(input, p)",
            "Fills with the trials that a first success takes.",
            ZEROS + "x.geometric_(0.5)",
        ),
        draw(
            "cauchy(input, median=0, sigma=1)",
            "Fills with numbers of the Cauchy distribution.",
            ZEROS + "x.cauchy_()",
        ),
        draw(
            "log_normal(input, mean=1, std=2)",
            "Fills with exponentials of normal numbers.",
            ZEROS + "x.log_normal_()",
        ),
    ),
)
