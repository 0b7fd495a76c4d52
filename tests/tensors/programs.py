"""Running programs in this process, for tests that are about the language alone."""

from blitz.tensors.faults import Fault, ProgramError
from blitz.tensors.limits import Limits
from blitz.tensors.running import Run, read_program, run


def carried_out(source: str) -> Run:
    """The run of a program that has to work."""
    done = run(read_program(source), limits=Limits())
    assert done.fault is None, done.fault.line
    return done


def fault_of(source: str) -> Fault:
    """What is wrong with a program."""
    try:
        done = run(read_program(source), limits=Limits())
    except ProgramError as error:
        return error.fault
    assert done.fault is not None, f"nothing is wrong with {source!r}"
    return done.fault
