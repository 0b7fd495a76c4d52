"""Numbers and texts as people read them."""

import hashlib

_MARKUP = frozenset("\\`*_{}[]()<>#+-.!|~$:&=")


def bytes_text(num_bytes: float) -> str:
    """Bytes in the unit that leaves one to four digits: 1.5 GB."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if num_bytes >= size:
            return f"{num_bytes / size:.3g} {unit}"
    return f"{num_bytes:.0f} bytes"


def duration_text(seconds: float) -> str:
    """Seconds as 8.2 s, 3 min 5 s or 2 h 10 min."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def plain(text: str) -> str:
    """A person's text for a place that reads Markdown: one line, every sign shown as it is."""
    line = " ".join(text.splitlines())
    return "".join(f"\\{sign}" if sign in _MARKUP else sign for sign in line)


def digest(text: str) -> str:
    """A short name for a text."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:12]
