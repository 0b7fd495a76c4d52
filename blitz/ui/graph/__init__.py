"""The parts of the autograd page."""
