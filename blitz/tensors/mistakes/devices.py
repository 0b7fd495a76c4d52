"""Devices: tensors that are apart, and machines that are not there."""

import torch

from blitz.tensors.mistakes.mistake import Case, Mistake

_DTYPES = {name for name in dir(torch) if isinstance(getattr(torch, name), torch.dtype)}
_PYTHON = {
    "float": "float32",
    "double": "float64",
    "half": "float16",
    "int": "int64",
    "long": "int64",
}


def _why_apart(case: Case) -> str:
    places = {
        name: str(tensor.device) for name, tensor in zip("xyzuvw", case.tensors, strict=False)
    }
    where = ", ".join(f"{name} on {device}" for name, device in places.items())
    if len(set(places.values())) < 2:
        return "an operation runs on one device; its tensors lie on several"
    return f"an operation runs on one device; here is {where}"


def _why_device(case: Case) -> str:
    if _dtype(case):
        return f"a text names a device; {case.found['name']} is a dtype, and dtypes are no texts"
    return f"there is no kind of device called {case.found['name']}"


def _mend_device(case: Case) -> str:
    if _dtype(case):
        return f"x.to(torch.{_dtype(case)})"
    return 'devices are called "cpu", "cuda" or "cuda:0"'


def _dtype(case: Case) -> str:
    name = case.found["name"].removeprefix("torch.")
    return name if name in _DTYPES else _PYTHON.get(name, "")


MISTAKES = (
    Mistake(
        pattern=r"Expected all tensors to be on the same device|is not on the expected device"
        r"|indices should be either on cpu or on the same device",
        why=_why_apart,
        mend="bring the second to the first: y.to(x.device)",
    ),
    Mistake(
        pattern=r"Torch not compiled with (?P<kind>\w+) enabled",
        why="this PyTorch was built without {kind}",
        mend='leave out .to("cuda") and device="cuda": all of this works on the CPU',
    ),
    Mistake(
        pattern=r"Found no NVIDIA driver|No CUDA GPUs are available|CUDA driver initialization"
        r" failed",
        why="there is no NVIDIA GPU that this machine can use",
        mend='leave out .to("cuda") and device="cuda": all of this works on the CPU',
    ),
    Mistake(
        pattern=r"invalid device ordinal|Invalid device id|device index must be|device=\d+,"
        r" num_gpus=",
        why="the GPUs of a machine are counted from 0, and this one has fewer",
        mend='the first is "cuda:0"',
    ),
    Mistake(
        pattern=r"CUDA out of memory",
        why="the tensors do not fit in the GPU's memory",
        mend="use smaller shapes, or a smaller dtype such as torch.float16",
    ),
    Mistake(
        pattern=r"Could not run 'aten::.*' with arguments from the '(?P<kind>\w+)' backend",
        why="this PyTorch cannot make or use tensors on the device {kind} here",
        mend='use device="cpu"',
    ),
    Mistake(
        pattern=r"(device type at start of device string: |Invalid device string:"
        r" ')(?P<name>[^\s']+)",
        why=_why_device,
        mend=_mend_device,
    ),
    Mistake(
        pattern=r"can't convert (?P<device>\S+) device type tensor to numpy",
        why="NumPy arrays lie in the CPU's memory, and x is on {device}",
        mend="copy it first: x.cpu().numpy()",
    ),
    Mistake(
        pattern=r"Cannot copy out of meta tensor|Tensor.item\(\) cannot be called on meta",
        why="a tensor on the device meta has a shape and no elements",
        mend='make it on "cpu"',
    ),
)
