"""`python -m blitz.network.width`: measures, and prints each point as a line of JSON.

What goes wrong is printed as `{"error": …}`, and the exit status is 1.
"""

import argparse
import json
import sys

from blitz.network.width.measure import measure
from blitz.network.width.points import WidthPlan, to_line


def main() -> int:
    """Read the plan from the command line and measure."""
    parser = argparse.ArgumentParser(prog="python -m blitz.network.width")
    parser.add_argument("--widths", type=int, nargs="+", default=WidthPlan().widths)
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=WidthPlan().batch_sizes)
    parser.add_argument("--seconds", type=float, default=WidthPlan().seconds)
    given = parser.parse_args()
    try:
        plan = WidthPlan(
            widths=tuple(given.widths),
            batch_sizes=tuple(given.batch_sizes),
            seconds=given.seconds,
        )
        for point in measure(plan):
            print(to_line(point), flush=True)
    except (ValueError, RuntimeError) as error:  # RuntimeError: a device without memory, say
        print(json.dumps({"error": str(error).splitlines()[0]}), flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
