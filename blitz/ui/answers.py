"""Answers of data routes as bytes, packed where that pays; one may be given to many browsers.

What is told is the routes' business.
"""

import gzip
import json
from dataclasses import dataclass
from typing import Any, Self

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

QUICK_COMPRESSION = 3
WORTH_PACKING = 500
"""Bytes from which on the server's middleware would pack an answer, slowly and for each browser."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """JSON, as it is and packed."""

    plain: bytes
    packed: bytes | None
    """None where it is too small to be worth it."""

    @classmethod
    def of(cls, values: Any) -> Self:
        """JSON values without NaN."""
        text = json.dumps(values, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        plain = text.encode()
        worth = len(plain) >= WORTH_PACKING
        return cls(plain=plain, packed=gzip.compress(plain, QUICK_COMPRESSION) if worth else None)

    def to(self, request: Request) -> Response:
        """The response to a browser, in the form that it takes."""
        headers = {"Cache-Control": "no-store", "Vary": "Accept-Encoding"}
        if self.packed is None or "gzip" not in request.headers.get("Accept-Encoding", ""):
            return Response(self.plain, headers=headers, media_type="application/json")
        headers["Content-Encoding"] = "gzip"
        return Response(self.packed, headers=headers, media_type="application/json")


def error(status: int, message: str) -> Response:
    """What is wrong, in one line."""
    return JSONResponse({"error": message}, status_code=status)
