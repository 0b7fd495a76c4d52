"""What goes wrong with a data set, said in one plain line.

Knows nothing about where the line is shown.
"""

from collections.abc import Sequence

_NUM_LISTED = 5


class DatasetError(ValueError):
    """A data set that cannot be used: one line that says what was given and what is allowed."""


class UnreadableImages(DatasetError):  # noqa: N818 - it names what was found, like FileNotFoundError
    """Some files of a data set are no readable images; the rest can be used on consent.

    `files` names every one of them with its reason, `total` is how many images there were in all.
    """

    def __init__(self, name: str, files: Sequence[str], total: int) -> None:
        # All arguments go to the base class: that is what pickling between processes needs.
        super().__init__(name, tuple(files), total)
        self.name = name
        self.files = tuple(files)
        self.total = total

    def __str__(self) -> str:
        listed = ", ".join(self.files[:_NUM_LISTED])
        more = len(self.files) - _NUM_LISTED
        tail = f" and {more:,} more" if more > 0 else ""
        return (
            f"{self.name}: {len(self.files):,} of {self.total:,} images cannot be read: "
            f"{listed}{tail}; they can be skipped"
        )


def shown(name: object) -> str:
    """A file's or folder's name as it can stand in a line of text: printable and not too long."""
    text = "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in str(name)
    )
    return text if len(text) <= 200 else f"{text[:100]}…{text[-99:]}"


def listed(names: Sequence[str]) -> str:
    """The first few names, quoted, and how many more there are."""
    text = ", ".join(f"'{shown(name)}'" for name in names[:_NUM_LISTED])
    more = len(names) - _NUM_LISTED
    return f"{text} and {more:,} more" if more > 0 else text
