"""Charts of how runs differ."""
