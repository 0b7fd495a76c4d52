"""Pictures of activations and weights, thinned to what a screen shows."""
