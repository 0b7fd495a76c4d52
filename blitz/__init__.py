"""Blitz: PyTorch that one can touch. The package behind the dashboard's pages."""
