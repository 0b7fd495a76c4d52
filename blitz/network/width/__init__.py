"""A small network widened: how many images a second it trains, and why so few when it is tiny."""
