"""Charts of sweeps."""
