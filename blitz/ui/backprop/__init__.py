"""What only the backpropagation page shows."""
