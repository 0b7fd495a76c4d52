"""What a person takes away: the steps as a table and on paper, one update as two scripts.

Every function takes a Scenario and gives a text; where it is written to is another's affair.
"""

from blitz.backprop.exports.latex import steps_latex
from blitz.backprop.exports.python_script import python_script
from blitz.backprop.exports.table import steps_csv
from blitz.backprop.exports.torch_script import torch_script

__all__ = ["python_script", "steps_csv", "steps_latex", "torch_script"]
