"""What the browser's scripts have to know about runs, told as Python knows it."""

import json

from blitz.training.launcher import RESUMABLE
from blitz.training.runs import ACTIVE, MAX_NAME, MAX_NOTE, MAX_TAG, MAX_TAGS


def run_constants() -> str:
    """Lines of JavaScript, to be joined with the scripts of a component."""
    active, resumable = (json.dumps(sorted(statuses)) for statuses in (ACTIVE, RESUMABLE))
    return f"""
const ACTIVE = new Set({active});
const RESUMABLE = new Set({resumable});
const MAX_NAME = {MAX_NAME};
const MAX_NOTE = {MAX_NOTE};
const MAX_TAG = {MAX_TAG};
const MAX_TAGS = {MAX_TAGS};
"""
