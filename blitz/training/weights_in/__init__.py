"""Weights from people's own files: checked before anything is believed, then evaluated like a run.

`reading` is the way in. What weights may be like, `policy` says; what a file holds is found out
without unpickling it by `safetensors_checks`, or `pth` with `zip_checks` and `opcodes`; `loading`
opens what passed, in the limited process of `worker`. `starting` makes a run of the weights, and
`evaluate` is that run's process.
"""
