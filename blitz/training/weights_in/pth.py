"""Whether a .pth holds nothing but a state dict that fits, found out without unpickling it.

`loading` opens what passes; this part needs no torch, so that a refusal takes no time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from blitz.training.weights_in import opcodes
from blitz.training.weights_in.policy import TensorForm, check_fit, own_names, shown
from blitz.training.weights_in.zip_checks import read_archive

_NESTED_UNDER = ("state_dict", "model_state_dict", "model")


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckedFile:
    """A file that torch.load may see."""

    archive: bytes
    key: str | None
    """Under which the state dict lies; none where it is all there is."""
    names: Mapping[str, str]
    """The network's own name for each of the file's."""

    @property
    def note(self) -> str:
        """Where the state dict was, in words; empty where nothing is to be said."""
        return "" if self.key is None else f'taken from under "{self.key}"'


def check_pth(content: bytes, expected: Mapping[str, TensorForm], limit_bytes: int) -> CheckedFile:
    """The file, with all that was not checked left out.

    Raises ValueError with the reason, MismatchError where names, shapes or types differ.
    """
    archive = read_archive(content, limit_bytes)
    storage_bytes = {key: len(storage) for key, storage in archive.storages.items()}
    key, forms = _find_state_dict(opcodes.describe(archive.pickle, storage_bytes))
    names = own_names(forms)
    check_fit(expected, {names[name]: form for name, form in forms.items()})
    return CheckedFile(archive=archive.rebuilt(), key=key, names=names)


def _find_state_dict(found: Any) -> tuple[str | None, dict[str, TensorForm]]:
    """The state dict, and the key under which it lies, if any."""
    if _is_state_dict(found):
        return None, found
    if isinstance(found, dict):
        for key in _NESTED_UNDER:
            if _is_state_dict(found.get(key)):
                return key, found[key]
        entries = ", ".join(shown(str(name)) for name in list(found)[:3])
        raise ValueError(f"it holds no state dict; its entries are {entries or 'none'}")
    raise ValueError("it holds no state dict; save model.state_dict()")


def _is_state_dict(found: Any) -> bool:
    return (
        isinstance(found, dict)
        and bool(found)
        and all(
            isinstance(name, str) and isinstance(form, TensorForm) for name, form in found.items()
        )
    )
