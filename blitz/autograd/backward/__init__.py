"""The backward pass: run once more with every gradient recorded, and checked by differences."""
