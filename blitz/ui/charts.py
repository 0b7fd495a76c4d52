"""What all Plotly charts on pages have in common."""

CHART_CONFIG = {"displayModeBar": False}
"""No row of buttons over a chart."""
