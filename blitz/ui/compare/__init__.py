"""Pieces of the page on which runs are compared."""
