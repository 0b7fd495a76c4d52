"""One sample's way forward through a network and back, step by step."""

from collections.abc import Sequence

from blitz.backprop import symbols
from blitz.backprop.activations import SOFTMAX, activation_named, softmax, softmax_slope
from blitz.backprop.expressions import Expression, Product, Sum, Symbol, expression
from blitz.backprop.steps import StepKind
from blitz.backprop.symbols import Label
from blitz.backprop.worksheet import Worksheet


class OneSample:
    """What is known of a sample so far.

    number: counted from 1; 0 where there is only one, whose quantities need no number.
    """

    def __init__(
        self, sheet: Worksheet, number: int, inputs: Sequence[float], targets: Sequence[float]
    ) -> None:
        self.sheet = sheet
        self.number = number
        self.error = symbols.error(sample=number)
        self.loss_at_once = sheet.network.loss_function.linear  # with its activation
        self.count = sheet.network.loss_function.count(sheet.num_samples, len(targets))
        given = zip(sheet.sources[0], inputs, strict=True)
        wanted = enumerate(targets, start=1)
        # outputs[k] is what layer k takes in: [num_layers + 1][num_units]
        self.outputs = [[symbols.in_sample(name, number).of(value) for name, value in given]]
        self.targets = [symbols.in_sample(f"t{n}", number).of(value) for n, value in wanted]
        self.linear: list[list[Symbol]] = []
        # Of the units of the layer that is gone back through:
        self.output_gradients: list[Expression] = []  # ∂E/∂out, sums of contributions
        self.slopes: list[Symbol] = []  # ∂out/∂l; none where ∂E/∂l is not a product with it
        self.linear_gradients: list[Symbol] = []  # ∂E/∂l
        self.linear_gradients_after: list[Symbol] = []  # those of the next layer

    # Forward

    def forward(self) -> Symbol:
        """All layers; the sample's error."""
        for layer in range(len(self.sheet.units)):
            self._linear(layer)
            self._activation(layer)
        return self._error()

    def _linear(self, layer: int) -> None:
        sheet, found = self.sheet, []
        for unit, name in enumerate(sheet.units[layer]):
            weights = sheet.weights[layer][unit]
            bias = sheet.bias_name(layer, unit)
            products = (
                sheet.parameters[weight] * given
                for weight, given in zip(weights, self.outputs[-1], strict=True)
            )
            value = Sum(*products, sheet.parameters[bias])
            uses = (*sheet.sources[layer], *weights, bias, name)
            label = symbols.linear(name, self.number)
            found.append(self._write(label, value, StepKind.LINEAR, name, uses))
        self.linear.append(found)

    def _activation(self, layer: int) -> None:
        names, linear, found = self.sheet.units[layer], self.linear[-1], []
        activation = self._activation_of(layer)
        for unit, name in enumerate(names):
            if activation == SOFTMAX:
                value, uses = softmax(linear, unit), names
            else:
                value, uses = activation_named(activation).value(linear[unit]), (name,)
            label = symbols.output(name, self.number)
            found.append(self._write(label, value, StepKind.ACTIVATION, name, uses))
        self.outputs.append(found)

    def _error(self) -> Symbol:
        names, loss = self.sheet.units[-1], self.sheet.network.loss_function
        values = loss.errors(self.targets, self.linear[-1], self.outputs[-1], self.count)
        errors: list[Expression] = []
        for name, value in zip(names, values, strict=True):
            label = symbols.error(name, self.number)
            errors.append(self._write(label, value, StepKind.ERROR, name, (name, "E")))
        return self._write(self.error, Sum(*errors), StepKind.TOTAL, "E", (*names, "E"))

    # Backward

    def enter(self, layer: int) -> None:
        """Begin to go back through a layer."""
        self.linear_gradients_after, self.linear_gradients = self.linear_gradients, []
        self.output_gradients, self.slopes = [], []
        # A unit of softmax needs the slopes of all others.
        if self._activation_of(layer) == SOFTMAX and self.loss_at_once is None:
            for unit in range(len(self.targets)):
                self._error_slope(unit)

    def unit_gradient(self, layer: int, unit: int) -> None:
        """∂E/∂out, ∂out/∂l and ∂E/∂l of a unit; only the last where the others cancel."""
        at_once = self.loss_at_once
        if self.sheet.is_last(layer) and at_once is not None:
            value = at_once.slope(self.targets[unit], self.outputs[-1][unit], self.count)
            self._linear_gradient(self.sheet.units[layer][unit], value)
        elif self._activation_of(layer) == SOFTMAX:
            self._softmax_gradient(unit)
        else:
            self._product_gradient(layer, unit)

    def weight_chain(self, layer: int, unit: int, source: int) -> Expression:
        """The factors of ∂E/∂w, multiplied."""
        sheet = self.sheet
        name, weight = sheet.units[layer][unit], sheet.weights[layer][unit][source]
        label = self._by_parameter(name, weight)
        uses = (sheet.sources[layer][source], weight, name)
        value = self.outputs[layer][source]
        slope = self._write(label, value, StepKind.LINEAR_SLOPE, weight, uses)
        return Product(*self._chain(unit), slope)

    def bias_chain(self, layer: int, units: Sequence[int], bias: str) -> Expression:
        """The factors of ∂E/∂b, multiplied; of a shared bias the sum of what its units get."""
        if len(units) > 1:
            return Sum(*(self.linear_gradients[unit] for unit in units))
        name = self.sheet.units[layer][units[0]]
        label = self._by_parameter(name, bias)
        slope = self._write(label, expression(1), StepKind.LINEAR_SLOPE, bias, (bias, name))
        return Product(*self._chain(units[0]), slope)

    def _chain(self, unit: int) -> tuple[Expression, ...]:
        """∂E/∂l of a unit as factors."""
        if not self.slopes:
            return (self.linear_gradients[unit],)
        return (self.output_gradients[unit], self.slopes[unit])

    def _product_gradient(self, layer: int, unit: int) -> None:
        """∂E/∂l of a unit that acts upon its own value only."""
        if self.sheet.is_last(layer):
            self._error_slope(unit)
        else:
            self._contributions(layer, unit)
        name = self.sheet.units[layer][unit]
        value = activation_named(self._activation_of(layer)).slope(
            self.linear[layer][unit], self.outputs[layer + 1][unit]
        )
        label = self._by_linear(symbols.output(name, self.number), name)
        slope = expression(value)
        self.slopes.append(
            self._write(label, slope, StepKind.ACTIVATION_SLOPE, name, (name,))
        )  # fmt: skip
        product = Product(self.output_gradients[unit], self.slopes[unit])
        self._linear_gradient(name, product)

    def _error_slope(self, unit: int) -> None:
        name = self.sheet.units[-1][unit]
        value = self.sheet.network.loss_function.slope(
            self.targets[unit], self.outputs[-1][unit], self.count
        )
        label = self._by_output(self.error, name)
        slope = self._write(label, value, StepKind.ERROR_SLOPE, name, (name, "E"))
        self.output_gradients.append(slope)

    def _contributions(self, layer: int, unit: int) -> None:
        """What each unit of the next layer sends back, and the sum."""
        sheet, name = self.sheet, self.sheet.units[layer][unit]
        parts: list[Expression] = []
        for after, gradient in enumerate(self.linear_gradients_after):
            weight = sheet.weights[layer + 1][after][unit]
            label = self._contribution_label(layer, after, name)
            way = (name, weight, sheet.units[layer + 1][after], "E")
            value = gradient * sheet.parameters[weight]
            parts.append(self._write(label, value, StepKind.CONTRIBUTION, name, way))
        self.output_gradients.append(Sum(*parts))
        label = self._by_output(self.error, name)
        uses = (name, *sheet.ways_out(layer, unit))
        self._write(label, Sum(*parts), StepKind.OUTPUT_GRADIENT, name, uses)

    def _contribution_label(self, layer: int, after: int, name: str) -> Label:
        """∂E_o1/∂out_h1 where an output's error is its own affair, else ∂E/∂out_h1 through h3."""
        sender = self.sheet.units[layer + 1][after]
        if self.sheet.is_last(layer + 1) and self._activation_of(layer + 1) != SOFTMAX:
            return self._by_output(symbols.error(sender, self.number), name)
        output = symbols.output(name, self.number)
        return symbols.derivative(self.error, output, through=sender)

    def _softmax_gradient(self, by: int) -> None:
        """∂E/∂l of a unit, which acts upon the values of all units of its layer."""
        names, outputs = self.sheet.units[-1], self.outputs[-1]
        terms: list[Expression] = []
        for unit, other in enumerate(names):
            label = self._by_linear(symbols.output(other, self.number), names[by])
            uses = (names[by],) if unit == by else (names[by], other)
            value = softmax_slope(outputs, unit, by)
            slope = self._write(label, value, StepKind.ACTIVATION_SLOPE, names[by], uses)
            terms.append(Product(self.output_gradients[unit], slope))
        self._linear_gradient(names[by], Sum(*terms))

    def _linear_gradient(self, name: str, value: Expression) -> None:
        label = self._by_linear(self.error, name)
        gradient = self._write(label, value, StepKind.LINEAR_GRADIENT, name, (name, "E"))
        self.linear_gradients.append(gradient)

    # Names

    def _by_output(self, of: Label, unit: str) -> Label:
        return symbols.derivative(of, symbols.output(unit, self.number))

    def _by_linear(self, of: Label, unit: str) -> Label:
        return symbols.derivative(of, symbols.linear(unit, self.number))

    def _by_parameter(self, unit: str, parameter: str) -> Label:
        return symbols.derivative(symbols.linear(unit, self.number), symbols.parameter(parameter))

    def _activation_of(self, layer: int) -> str:
        return self.sheet.network.layers[layer].activation

    def _write(
        self, label: Label, how: Expression, kind: StepKind, about: str, uses: tuple[str, ...]
    ) -> Symbol:
        return self.sheet.write(label, how, kind, about, uses, self.number)
