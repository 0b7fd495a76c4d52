"""Charts of training steps."""
