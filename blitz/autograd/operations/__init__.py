"""A single operation: its derivative in symbols and in numbers, and what it keeps for backward."""
