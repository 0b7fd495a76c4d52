"""Pictures of a data set's images, with a caption each."""

import base64
import html
import io
from collections.abc import Sequence

import streamlit as st
from PIL import Image
from torch import Tensor


def show_pictures(images: Tensor, captions: Sequence[str], *, side: int = 84) -> None:
    """Show uint8 [N, C, H, W] side by side, `side` CSS pixels wide, with single pixels visible.

    The pictures travel inside the page: as files of their own they would be gone by the time a
    browser asks for them when the page has moved on.
    """
    cells = [_cell(image, caption, side) for image, caption in zip(images, captions, strict=True)]
    st.html(
        '<div style="display: flex; flex-wrap: wrap; gap: 0.75rem">' + "".join(cells) + "</div>"
    )


def _cell(image: Tensor, caption: str, side: int) -> str:
    text = html.escape(caption)
    return (
        f'<figure style="margin: 0; width: {side}px">'
        f'<img src="{data_url(image)}" alt="{text}" width="{side}" '
        f'height="{side}" style="image-rendering: pixelated; border-radius: 0.25rem; '
        'outline: 1px solid rgba(128, 128, 128, 0.35)">'
        '<figcaption style="font-size: 0.75rem; line-height: 1.2; opacity: 0.8; '
        f'overflow-wrap: anywhere; white-space: pre-line">{text}</figcaption></figure>'
    )


def data_url(image: Tensor) -> str:
    """An image uint8 [C, H, W] as an address that holds it."""
    pixels = image.permute(1, 2, 0).numpy()  # [H, W, C]
    file = io.BytesIO()
    Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
