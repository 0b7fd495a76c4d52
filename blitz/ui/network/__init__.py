"""The page that looks into a network."""
