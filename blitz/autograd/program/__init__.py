"""Short programs whose numbers can be set, run for the graph that they build.

A program is a Python file that also runs by itself. Its docstring holds a title, a text and a last
line that names what to trace; comments behind literals say which of them may be changed:

    '''A chain of sines.

    The text, in Markdown.

    Graph: y
    '''

    import torch

    steps = 20  # 1 to 1,000: how often the sine is taken

Knows nothing about pages or about which programs there are. Python runs only programs of our own,
with numbers that have been checked; what people write brings its own way to be carried out.
"""

from blitz.autograd.program.controls import Control, ControlKind, Value
from blitz.autograd.program.reading import CarriedOut, Follow, Program, ProgramError, read_program
from blitz.autograd.program.running import OUTPUT_LIMIT, ProgramRun, run_program
from blitz.autograd.program.tracing import output_names, program_gradients, program_graph

__all__ = [
    "OUTPUT_LIMIT",
    "CarriedOut",
    "Control",
    "ControlKind",
    "Follow",
    "Program",
    "ProgramError",
    "ProgramRun",
    "Value",
    "output_names",
    "program_gradients",
    "program_graph",
    "read_program",
    "run_program",
]
