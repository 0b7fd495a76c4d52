"""Runs to take away: as CSV, as JSON, as TensorBoard event files, and as a report in one file."""
