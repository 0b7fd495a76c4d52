"""Pieces of the tensor playground."""
