"""A network looked into: its layers on an image, and one training step taken apart."""
