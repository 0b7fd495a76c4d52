"""How the quantities of a network are called: as text, in LaTeX and in Python.

Names follow the worked example: l_h1 is a unit's linear part, out_h1 its value, E_o1 an output's
error, E their sum, w5⁺ a weight after its update, η the learning rate. A sample's number is raised
behind the name where there is more than one.
"""

from dataclasses import dataclass

from blitz.backprop.expressions import Symbol
from blitz.backprop.notation import superscript


@dataclass(frozen=True, slots=True)
class Label:
    """A quantity's name in three notations."""

    name: str
    latex: str
    identifier: str

    def of(self, value: float) -> Symbol:
        """The quantity with this value."""
        return Symbol(self.name, self.latex, self.identifier, value)


LEARNING_RATE = Label("η", "\\eta", "learning_rate")


def parameter(name: str) -> Label:
    """A weight, a bias, an input or a target: w5, b1, i2, t1."""
    return Label(name, f"{name[0]}_{{{name[1:]}}}", name)


def in_sample(name: str, sample: int) -> Label:
    """An input or a target of one sample."""
    return _raised(parameter(name), sample)


def linear(unit: str, sample: int) -> Label:
    """A unit's linear part: l_h1."""
    return _raised(Label(f"l_{unit}", _indexed("l", unit), f"l_{unit}"), sample)


def output(unit: str, sample: int) -> Label:
    """A unit's value: out_h1; an input's is the input itself."""
    if unit[0] == "i":
        return in_sample(unit, sample)
    label = Label(f"out_{unit}", _indexed("\\mathit{out}", unit), f"out_{unit}")
    return _raised(label, sample)


def error(unit: str = "", sample: int = 0) -> Label:
    """The error of an output: E_o1; of one sample or of all: E."""
    if not unit:
        return _raised(Label("E", "E", "E"), sample)
    return _raised(Label(f"E_{unit}", _indexed("E", unit), f"E_{unit}"), sample)


def derivative(of: Label, by: Label, through: str = "") -> Label:
    """∂of/∂by; through: the unit by whose way alone."""
    name, latex = (
        f"∂{of.name}/∂{by.name}",
        f"\\frac{{\\partial {of.latex}}}{{\\partial {by.latex}}}",
    )
    identifier = f"d{of.identifier}_d{by.identifier}"
    if not through:
        return Label(name, latex, identifier)
    return Label(
        f"{name} through {through}",
        f"\\left.{latex}\\right|_{{{parameter(through).latex}}}",
        f"{identifier}_through_{through}",
    )


def updated(name: str) -> Label:
    """A parameter after its update: w5⁺."""
    label = parameter(name)
    return Label(f"{name}⁺", f"{label.latex}^{{+}}", f"new_{name}")


def _indexed(letter: str, unit: str) -> str:
    return f"{letter}_{{{unit}}}"


def _raised(label: Label, sample: int) -> Label:
    """With the sample's number; sample 0 has none."""
    if not sample:
        return label
    return Label(
        label.name + superscript(sample), f"{label.latex}^{{({sample})}}", label.identifier
    )
