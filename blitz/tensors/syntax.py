"""Source text to a syntax tree that holds nothing but what programs may be made of.

Limits on the text and the tree come first, so that nothing larger is ever walked. Which names
there are is the business of `names`.
"""

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from blitz.tensors.faults import Fault, ProgramError, Span

MOST_CHARACTERS = 2_000
MOST_NODES = 300
MOST_DEPTH = 40
LARGEST_INTEGER = 2**53
MOST_PIECE = 60
"""Letters of a piece of the source that a message quotes."""

KNOWN_IMPORTS = (
    ast.dump(ast.parse("import torch").body[0]),
    ast.dump(ast.parse("import numpy as np").body[0]),
    ast.dump(ast.parse("import torch.nn.functional as F").body[0]),
)
"""They change nothing, since these modules are there already."""

STATEMENTS = (
    ast.Assign, ast.AugAssign, ast.Expr, ast.Delete, ast.With, ast.Pass, ast.Import,
)  # fmt: skip
EXPRESSIONS = (
    ast.Constant, ast.Name, ast.Attribute, ast.Call, ast.BinOp, ast.UnaryOp, ast.BoolOp,
    ast.Compare, ast.Subscript, ast.Slice, ast.List, ast.Tuple, ast.Starred,
)  # fmt: skip
PARTS = (
    ast.Module, ast.keyword, ast.withitem, ast.alias, ast.expr_context, ast.operator, ast.unaryop,
    ast.boolop, ast.cmpop,
)  # fmt: skip
"""What comes only inside the others."""

REFUSED = {
    ast.AnnAssign: ("an annotation", "write the assignment without its type"),
    ast.Assert: ("an assertion", "write the comparison as an expression of its own"),
    ast.AsyncFor: ("a loop", "tensor operations work on all elements at once"),
    ast.ClassDef: ("a class", ""),
    ast.Dict: ("a dictionary", "use a list or a tuple"),
    ast.DictComp: ("a comprehension", "tensor operations work on all elements at once"),
    ast.For: ("a loop", "tensor operations work on all elements at once"),
    ast.FunctionDef: ("a function definition", "write its lines out"),
    ast.GeneratorExp: ("a generator", "tensor operations work on all elements at once"),
    ast.If: ("an if", "torch.where chooses element by element"),
    ast.IfExp: ("a conditional expression", "torch.where chooses element by element"),
    ast.ImportFrom: ("an import", "torch, np and F are there already"),
    ast.JoinedStr: ("an f-string", "print takes several values: print('x', x)"),
    ast.Lambda: ("a lambda", ""),
    ast.ListComp: ("a comprehension", "tensor operations work on all elements at once"),
    ast.NamedExpr: ("a walrus", "assign on a line of its own"),
    ast.Set: ("a set", "use a list or a tuple"),
    ast.SetComp: ("a comprehension", "tensor operations work on all elements at once"),
    ast.Try: ("a try", "a program stops at its first error and shows it"),
    ast.While: ("a loop", "tensor operations work on all elements at once"),
}
"""How to call what programs cannot have, and what to write instead."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A text and its lines, for the pieces that nodes of its tree stand for."""

    text: str

    def span(self, node: ast.AST) -> Span:
        """Where a node stands."""
        lines = self.text.split("\n")

        def column(line: int, offset: int) -> int:
            # Python counts the bytes before it.
            text = lines[line - 1] if line <= len(lines) else ""
            return len(text.encode()[:offset].decode(errors="ignore")) + 1

        start, end = getattr(node, "lineno", 1), getattr(node, "end_lineno", 1)
        return Span(
            line=start,
            column=column(start, getattr(node, "col_offset", 0)),
            end_line=end,
            end_column=column(end, getattr(node, "end_col_offset", 0)),
        )

    def piece(self, node: ast.AST) -> str:
        """The text of a node in one line, shortened."""
        text = " ".join((ast.get_source_segment(self.text, node) or "").split())
        return text if len(text) <= MOST_PIECE else f"{text[: MOST_PIECE - 1]}…"

    def error(self, node: ast.AST, message: str, mend: str = "") -> ProgramError:
        """An error about a node."""
        fault = Fault(message=message, span=self.span(node), piece=self.piece(node), mend=mend)
        return ProgramError(fault)


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """A program that may be carried out as far as its syntax goes."""

    source: Source
    statements: tuple[ast.stmt, ...]


def read(text: str) -> Program:
    """Parse a program; ProgramError names the first piece that cannot be in one."""
    source = Source(text=text.replace("\r\n", "\n").replace("\r", "\n"))
    _check_text(source.text)
    tree = _parse(source.text)
    _check_size(source, tree)
    for node in ast.walk(tree):
        _check_node(source, node)
    return Program(source=source, statements=tuple(tree.body))


def _check_text(text: str) -> None:
    if len(text) > MOST_CHARACTERS:
        raise _error(f"the program has {len(text):,} characters; at most {MOST_CHARACTERS:,}")
    for number, line in enumerate(text.split("\n"), 1):
        for column, sign in enumerate(line, 1):
            # Python's parser takes neither, and says so in words of its own.
            if sign == "\0" or "\ud800" <= sign <= "\udfff" or sign in "\f\v\x1c\x1d\x1e\x85":
                span = Span(line=number, column=column, end_line=number, end_column=column + 1)
                raise _error(f"the sign U+{ord(sign):04X} cannot be in a program", span)


def _parse(text: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as of "3 is 3", or of an odd backslash
            return ast.parse(text)
    except SyntaxError as error:
        line, column = error.lineno or 1, error.offset or 1
        lines = text.split("\n")
        line = min(line, len(lines))
        column = max(min(column, len(lines[line - 1]) + 1), 1)
        span = Span(line=line, column=column, end_line=line, end_column=column + 1)
        raise _error(f"{error.msg[:1].lower()}{error.msg[1:]}", span) from error
    except (MemoryError, RecursionError, ValueError) as error:
        raise _error("the program is nested too deeply") from error


def _check_size(source: Source, tree: ast.Module) -> None:
    count = 0
    level: list[ast.AST] = [tree]
    for depth in range(MOST_DEPTH + 1):
        count += len(level)
        level = [child for node in level for child in _pieces(node)]
        if not level:
            break
        if depth == MOST_DEPTH:
            raise source.error(level[0], f"the program is nested more than {MOST_DEPTH} deep")
    if count - 1 > MOST_NODES:
        raise _error(f"the program has {count - 1:,} pieces; at most {MOST_NODES}")


def _pieces(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr | ast.stmt | ast.keyword | ast.withitem):
            yield child


def _check_node(source: Source, node: ast.AST) -> None:
    if isinstance(node, ast.Constant):
        _check_constant(source, node)
    elif isinstance(node, ast.Import) and ast.dump(node) not in KNOWN_IMPORTS:
        raise source.error(
            node, "an import cannot be in a program", "torch, np and F are there already"
        )
    elif isinstance(node, ast.keyword) and node.arg is None:
        raise source.error(node.value, "arguments with ** cannot be in a program")
    elif not isinstance(node, STATEMENTS + EXPRESSIONS + PARTS):
        words, mend = REFUSED.get(type(node), (f"“{type(node).__name__}”", ""))
        raise source.error(node, f"{words} cannot be in a program", mend)


def _check_constant(source: Source, node: ast.Constant) -> None:
    if isinstance(node.value, bytes):
        raise source.error(node, "bytes cannot be in a program")
    if isinstance(node.value, int) and abs(node.value) > LARGEST_INTEGER:
        raise source.error(node, "the integer is larger than 2**53")


def _error(message: str, span: Span | None = None) -> ProgramError:
    return ProgramError(Fault(message=message, span=span))
