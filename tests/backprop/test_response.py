"""What a network makes of inputs around its samples, and the pictures of it."""

import numpy as np
import pytest
import torch

from blitz.backprop.curves.figures import response_figure
from blitz.backprop.curves.response import response
from blitz.backprop.network import Layer, Network
from blitz.backprop.presets import preset_named


def test_the_output_over_two_inputs_is_that_of_pytorch() -> None:
    scenario = preset_named("xor").scenario
    history = scenario.run(50)
    network = history.network_at(50)
    found = response(network, history.inputs, history.targets)
    x, y = found.axes
    for column, row in ((0, 0), (60, 0), (17, 42)):
        out = torch.tensor([x[column], y[row]], dtype=torch.float64)
        for layer, function in zip(network.layers, (torch.tanh, torch.sigmoid), strict=True):
            weights = torch.tensor(layer.weights, dtype=torch.float64)
            out = function(weights @ out + torch.tensor(layer.biases, dtype=torch.float64))
        assert found.values[row, column] == pytest.approx(out.item(), rel=1e-12)
    assert x[0] == -0.25
    assert x[-1] == 1.25


def test_a_linear_unit_over_one_input_is_a_line() -> None:
    history = preset_named("too-fast").scenario.run(0)
    found = response(history.network, history.inputs, history.targets)
    assert found.values == pytest.approx(0.5 * found.axes[0])
    figure = response_figure(found, "o1")
    assert figure.data[1].y.tolist() == [1, 1.5, 2, 2.5, 3]


def test_three_inputs_have_no_picture() -> None:
    network = Network([Layer([[1, 1, 1]], [0])])
    with pytest.raises(ValueError, match="inputs: 3 were given"):
        response(network, np.zeros((2, 3)), np.zeros((2, 1)))
