"""Names of programs that stand for a value: data types and numbers."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import torch

CONSTANTS: Mapping[str, object] = MappingProxyType(
    {
        "torch.float16": torch.float16,
        "torch.half": torch.half,
        "torch.bfloat16": torch.bfloat16,
        "torch.float32": torch.float32,
        "torch.float": torch.float,
        "torch.float64": torch.float64,
        "torch.double": torch.double,
        "torch.complex64": torch.complex64,
        "torch.cfloat": torch.cfloat,
        "torch.complex128": torch.complex128,
        "torch.cdouble": torch.cdouble,
        "torch.uint8": torch.uint8,
        "torch.int8": torch.int8,
        "torch.int16": torch.int16,
        "torch.short": torch.short,
        "torch.int32": torch.int32,
        "torch.int": torch.int,
        "torch.int64": torch.int64,
        "torch.long": torch.long,
        "torch.bool": torch.bool,
        "torch.pi": torch.pi,
        "torch.e": torch.e,
        "torch.inf": torch.inf,
        "torch.nan": torch.nan,
        "np.float16": np.float16,
        "np.float32": np.float32,
        "np.float64": np.float64,
        "np.complex64": np.complex64,
        "np.complex128": np.complex128,
        "np.uint8": np.uint8,
        "np.int8": np.int8,
        "np.int16": np.int16,
        "np.int32": np.int32,
        "np.int64": np.int64,
        "np.bool_": np.bool_,
        "np.pi": np.pi,
        "np.e": np.e,
        "np.inf": np.inf,
        "np.nan": np.nan,
        "np.newaxis": np.newaxis,
        "float": float,
        "int": int,
        "bool": bool,
    }
)
"""float, int and bool without brackets are data types, as in dtype=float."""
