"""Prints a program as NumPy source: text for people, and the text that the engine runs.

There is no table of templates. The text of an op is the source of its `forward`: a single
return expression is written into the line, anything longer becomes a function at the top, and
so does what calls functions of its own, after these. Where a call gives an attribute the default
of `forward`, it is not written.
"""

from __future__ import annotations

import ast
import builtins
import functools
import inspect
import keyword
import re
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.errors import EngineError
from syn0.graph import FLOATS, Dimension, Tensor, topological_order
from syn0.program import Program

WIDTH = 76
MOST_OPS = 24  # in one line, so that neither text nor recursion grows with the network
LEAVES = frozenset(["input", "state", "constant", "size"])
ARITHMETIC = frozenset("add subtract multiply divide negative pow square".split())
CONTRACTIONS = frozenset("matmul tensordot conv2d conv2d_dx conv2d_dw".split())
CHEAP = frozenset(["matrix_transpose", "expand_dims", "squeeze"])
WORDS = {
    "subtract": "difference",
    "multiply": "product",
    "divide": "quotient",
    "add": "total",
    "pow": "power",
    "exp": "exponential",
    "one_hot": "wanted",
    "conv2d": "sums",
    "max_pool2d_places": "places",
}
# The names of the loop around the body among them.
RESERVED = frozenset(
    "np math batch time epoch rows order start data parameters".split() + dir(builtins)
)


@dataclass(frozen=True)
class Source:
    """A program as text.

    Attributes
    ----------
    inputs, state : tuple of str
        Names that the body reads.
    sizes : tuple of str
        Lines that read the named dimensions off the inputs.
    helpers : tuple of str
        Functions that the body calls, each as text.
    constants : mapping of str to array
        Arrays that are part of the network.
    sections : tuple of (title, lines)
        The body.
    outputs, updates : mapping of str to str
        The variable that holds each result, and each new value of the state.
    """

    inputs: tuple[str, ...]
    state: tuple[str, ...]
    sizes: tuple[str, ...]
    helpers: tuple[str, ...]
    constants: Mapping[str, NDArray[Any]]
    sections: tuple[tuple[str, tuple[str, ...]], ...]
    outputs: Mapping[str, str]
    updates: Mapping[str, str]

    def body(self, indent: str = "    ") -> str:
        """Return the lines of one run, a comment line before each section."""
        lines = list(self.sizes)
        for title, section in self.sections:
            lines += [f"# {title}", *section] if section else []
        return textwrap.indent("\n".join(lines), indent)

    def imports(self) -> list[str]:
        """Return the import lines that helpers and body need."""
        return import_lines("\n".join([*self.helpers, self.body()]))


def import_lines(text: str) -> list[str]:
    """Return the import lines that a printed text needs."""
    return [*(["import math", ""] if "math." in text else []), "import numpy as np"]


def is_plain_number(leaf: Tensor) -> bool:
    """Tell whether a program reads a plain Python number here; else an array or NumPy scalar."""
    return leaf.shape == () and bool(leaf.attributes.get("number", True))


def print_program(program: Program, names: Mapping[str, str] | None = None) -> Source:
    """Return a program as NumPy source.

    Parameters
    ----------
    program : Program
        What to print; simplify it first.
    names : mapping of str to str, optional
        Other names for tensors, inputs and state entries.
    """
    return _Printer(program, names or {}).print()


# ----- the source of an op ------------------------------------------------


@dataclass(frozen=True)
class _Text:
    """How an op is written: an expression to fill in, or a function to call."""

    parameters: tuple[str, ...]
    variadic: bool
    expression: ast.expr | None
    helper: str
    repeats: frozenset[str]
    defaults: Mapping[str, str]  # of attributes, as text


@functools.cache
def _text(forward: Callable[..., Any], name: str) -> _Text:
    tree = ast.parse(textwrap.dedent(inspect.getsource(forward))).body[0]
    assert isinstance(tree, ast.FunctionDef)
    variadic = tree.args.vararg is not None
    parameters = [a.arg for a in tree.args.args[1:]]
    if tree.args.vararg is not None:
        parameters.append(tree.args.vararg.arg)
    statements = [s for s in tree.body if not _is_docstring(s)]
    only = statements[0]
    short = len(statements) == 1 and not _called(forward, tree)
    expression = only.value if short and isinstance(only, ast.Return) else None
    counts = Counter(n.id for s in statements for n in ast.walk(s) if isinstance(n, ast.Name))
    repeats = frozenset(p for p in parameters if counts[p] > 1) if expression else frozenset()
    defaults = {name: text for name, text in _attributes(tree).items() if text is not None}
    return _Text(tuple(parameters), variadic, expression, name, repeats, defaults)


def _attributes(tree: ast.FunctionDef) -> dict[str, str | None]:
    """Return the text of the default of each attribute, None where there is none."""
    pairs = zip(tree.args.kwonlyargs, tree.args.kw_defaults, strict=True)
    return {a.arg: ast.unparse(default) if default else None for a, default in pairs}


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _called(forward: Callable[..., Any], tree: ast.FunctionDef) -> list[Callable[..., Any]]:
    """Return the functions of its module that an op's `forward` calls."""
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    called = (forward.__globals__.get(f.id) for f in calls if isinstance(f, ast.Name))
    return [f for f in called if inspect.isfunction(f) and f is not forward]


def _helper_texts(forward: Callable[..., Any], name: str) -> dict[str, str]:
    """Return the function for an op, after the functions that it calls itself."""
    source = textwrap.dedent(inspect.getsource(forward))
    tree = ast.parse(source).body[0]
    assert isinstance(tree, ast.FunctionDef)
    found: dict[str, str] = {}
    for called in _called(forward, tree):
        found |= _helper_texts(called, called.__name__)
    attributes = _attributes(tree).items()
    arguments = [a.arg for a in tree.args.args[1:]]
    arguments += [f"{name}={text}" if text is not None else name for name, text in attributes]
    # The lines below the signature as they stand, with their comments.
    first = tree.body[0].lineno - 1
    body = "\n".join(source.splitlines()[first:])
    body = re.sub(r"\bxp\.", "np.", re.sub(r"\(xp, ", "(", body))
    found[name] = f"def {name}({', '.join(arguments)}):\n{body}"
    return found


class _Fill(ast.NodeTransformer):
    """Writes arguments in the place of a forward's parameters, and np for xp."""

    def __init__(self, values: Mapping[str, ast.expr]) -> None:
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id == "xp":
            return ast.Name("np")
        return self.values.get(node.id, node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        self.generic_visit(node)
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        cut = [_as_slice(p) for p in parts]
        node.slice = ast.Tuple(cut) if len(cut) > 1 else cut[0]
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        defaults = {"keepdims": "False", "axis": "None"}
        node.keywords = [
            k for k in node.keywords if defaults.get(k.arg or "") != ast.unparse(k.value)
        ]
        return node


def _as_slice(node: ast.expr) -> ast.expr:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "slice":
        ends = [None if ast.unparse(a) == "None" else a for a in node.args]
        return ast.Slice(*ends)
    return node


def _literal(value: Any) -> ast.expr:
    """Return the text of an attribute; named dimensions are variables of the body."""
    if isinstance(value, range):
        return ast.parse(repr(tuple(value)), mode="eval").body
    if isinstance(value, float) and not np.isfinite(value):
        text = "np.nan" if np.isnan(value) else ("np.inf" if value > 0 else "-np.inf")
        return ast.parse(text, mode="eval").body
    return ast.parse(repr(value), mode="eval").body


# ----- the printer --------------------------------------------------------


@dataclass
class _Printer:
    program: Program
    renames: Mapping[str, str]
    variables: dict[int, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    constants: dict[str, NDArray[Any]] = field(default_factory=dict)
    helpers: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    entries: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)  # the last number behind a name
    sizes: dict[int, int] = field(default_factory=dict)  # ops that a tensor's text holds
    numbers: set[int] = field(default_factory=set)  # what is a plain Python number

    def print(self) -> Source:
        program = self.program
        self.order = topological_order(program.roots())
        self.entry_of = {id(t): entry for entry, t in program.updates.items()}
        self.last = {id(t) for t in program.roots()}
        self.output_of = {id(t): name for name, t in reversed(list(program.outputs.items()))}
        self.readers: dict[str | None, list[Tensor]] = {}
        self.users: dict[int, list[Tensor]] = {}
        for tensor in self.order:
            if self._makes_number(tensor):
                self.numbers.add(id(tensor))
            if tensor.op.name == "state":
                self.readers.setdefault(tensor.name, []).append(tensor)
            for x in tensor.inputs:
                self.users.setdefault(id(x), []).append(tensor)
        self.uses = Counter(id(x) for t in self.order for x in t.inputs)
        self.kept = {id(t) for t in program.roots() if t.op.name not in LEAVES}
        for tensor in self.order:
            text = self._text_of(tensor) if tensor.op.name not in LEAVES else None
            if text and text.expression is None and text.helper not in self.helpers:
                self.helpers |= _helper_texts(tensor.op.forward, tensor.op.name)
            repeats = text.repeats if text else frozenset()
            for name, x in zip(text.parameters if text else (), tensor.inputs, strict=False):
                if name in repeats and x.op.name not in LEAVES:
                    self.kept.add(id(x))
            if tensor.op.name in CONTRACTIONS:
                # What comes back through one layer is a thought of its own.
                self.kept |= {id(x) for x in tensor.inputs if (x.name or "").startswith("d_")}
        self.taken |= RESERVED | set(self.helpers)
        self._name_leaves()
        sections = []
        for title, tensors in self._sections():
            self.lines = []
            for tensor in tensors:
                self._require(tensor)
            sections.append((title, tuple(self.lines)))
        outputs = {n: self._expression_text(t) for n, t in program.outputs.items()}
        title, last = sections[-1]
        sections[-1] = (title, (*last, *self._take_over(outputs)))
        inputs, state = program.leaves()
        return Source(
            inputs=tuple(self.variables[id(t)] for t in inputs),
            state=tuple(self.variables[id(t)] for t in state),
            sizes=tuple(self._size_lines(inputs, sections)),
            helpers=tuple(self.helpers.values()),
            constants=self.constants,
            sections=tuple(sections),
            outputs=outputs,
            updates={entry: self.entries[entry] for entry in program.updates},
        )

    def _take_over(self, outputs: dict[str, str]) -> list[str]:
        """Return the lines that put new values into the state where none stands there yet."""
        texts = {e: self._expression_text(t) for e, t in self.program.updates.items()}
        pairs = [(self.entries[e], text) for e, text in texts.items() if text != self.entries[e]]
        targets, values = [target for target, _ in pairs], [text for _, text in pairs]
        written, lines = set(targets), []
        for name, text in outputs.items():
            if text in written:
                outputs[name] = self._unique(name)
                lines.append(f"{outputs[name]} = {text}")
        if written & set(values):  # a swap has no order that is right
            return [*lines, f"{', '.join(targets)} = {', '.join(values)}"]
        return [*lines, *(f"{target} = {value}" for target, value in pairs)]

    def _text_of(self, tensor: Tensor) -> _Text:
        return _text(tensor.op.forward, tensor.op.name)

    def _sections(self) -> list[tuple[str, list[Tensor]]]:
        sections = [(title, list(tensors)) for title, tensors in self.program.sections]
        rest = [*self.program.outputs.values(), *self.program.updates.values()]
        if sections:
            sections[-1][1].extend(rest)
        else:
            sections = [(self.program.name, rest)]
        return sections

    def _name_leaves(self) -> None:
        for tensor in self.order:
            if tensor.op.name in ("input", "state"):
                assert tensor.name is not None
                self.variables[id(tensor)] = self._unique(tensor.name)
            elif tensor.op.name == "constant" and tensor.shape != ():
                name = self._unique(tensor.name or f"constant_{len(self.constants) + 1}")
                self.variables[id(tensor)] = name
                self.constants[name] = tensor.attributes["value"]
        read = {t.name: id(t) for t in self.order if t.op.name == "state"}
        for entry in self.program.updates:
            known = self.variables.get(read.get(entry, 0))
            self.entries[entry] = known or self._unique(entry)

    def _unique(self, name: str) -> str:
        name = self._renamed(name)
        if not name.isidentifier() or keyword.iskeyword(name):
            name = re.sub(r"\W|^(?=\d)", "_", name) + "_"
        candidate, number = name, self.counts.get(name, 1)
        while candidate in self.taken:
            number += 1
            candidate = f"{name}_{number}"
        self.counts[name] = number
        self.taken.add(candidate)
        return candidate

    def _renamed(self, name: str) -> str:
        if name not in self.renames and name.startswith("d_"):
            return f"d_{self._renamed(name[2:])}"
        return self.renames.get(name, name)

    def _size_lines(self, inputs: list[Tensor], sections: Any) -> list[str]:
        text = "\n".join(line for _, lines in sections for line in lines)
        lines = []
        for name in ("batch", "time"):
            if not re.search(rf"\b{name}\b", text):
                continue
            for tensor in inputs:
                places = [i for i, d in enumerate(tensor.shape) if d == Dimension(name)]
                if places:
                    variable = self.variables[id(tensor)]
                    read = (
                        f"len({variable})" if places[0] == 0 else f"{variable}.shape[{places[0]}]"
                    )
                    lines.append(f"{name} = {read}")
                    break
            else:
                raise EngineError(f"no input of {self.program.name} has the size {name}.")
        return lines

    # A statement for every tensor that is shown or used twice, inputs first.
    def _require(self, root: Tensor) -> None:
        for tensor in self._unvisited(root):
            self.sizes[id(tensor)] = self._size_of(tensor)
            if tensor.op.name in LEAVES or id(tensor) in self.variables:
                continue
            long = self.sizes[id(tensor)] > MOST_OPS
            if long or id(tensor) in self.kept or self._is_shared(tensor):
                self._write(tensor)

    def _unvisited(self, root: Tensor) -> Iterator[Tensor]:
        """Yield what no walk before has met, inputs first: each tensor once in all walks."""
        stack = [root]
        while stack:
            tensor = stack[-1]
            waiting = [x for x in tensor.inputs if id(x) not in self.sizes]
            if id(tensor) in self.sizes or not waiting:
                stack.pop()
                if id(tensor) not in self.sizes:
                    yield tensor
            else:
                stack.extend(reversed(waiting))

    def _size_of(self, tensor: Tensor) -> int:
        """Return how many ops stand in a tensor's text, those of its inline parts included."""
        if tensor.op.name in LEAVES:
            return 0
        parts = (x for x in tensor.inputs if id(x) not in self.variables)
        return 1 + sum(self.sizes[id(x)] for x in parts)

    def _is_shared(self, tensor: Tensor) -> bool:
        if self.uses[id(tensor)] < 2 or tensor.op.name in CHEAP:
            return False
        return tensor.name is not None or not self._is_number(tensor)

    def _write(self, tensor: Tensor) -> None:
        if len(tensor.inputs) > MOST_OPS:  # to split one after another would take long
            for x in tensor.inputs:
                if x.op.name not in LEAVES and id(x) not in self.variables:
                    self._write(x)
        while True:
            text = self._expression_text(tensor, top=True)
            part = self._part_to_split(tensor) if len(text) > WIDTH else None
            if part is None:
                break
            self._write(part)
        variable = self._variable_for(tensor)
        self.variables[id(tensor)] = variable
        self.lines.append(f"{variable} = {text}")

    def _part_to_split(self, tensor: Tensor) -> Tensor | None:
        """Return what of a long line gets a line of its own: a named part, or the longest."""
        parts = [
            x for x in self._inline_parts(tensor)
            if x.name or any(x is y for y in tensor.inputs)
        ]  # fmt: skip
        sized = [
            (x.name is not None, len(self._expression_text(x)), i) for i, x in enumerate(parts)
        ]
        sized = [size for size in sized if size[1] >= 24]
        return parts[max(sized)[2]] if sized else None

    def _inline_parts(self, tensor: Tensor) -> list[Tensor]:
        """Return the tensors that are written into this one's line."""
        found: list[Tensor] = []
        stack = list(tensor.inputs)
        while stack:
            t = stack.pop()
            if t.op.name not in LEAVES and id(t) not in self.variables:
                found.append(t)
                stack.extend(t.inputs)
        return found

    def _variable_for(self, tensor: Tensor) -> str:
        entry = self.entry_of.get(id(tensor))
        if entry is not None:
            if all(self._is_read_out(t, tensor) for t in self.readers.get(entry, [])):
                return self.entries[entry]
            return self._unique(f"new_{entry}")
        if tensor.name:
            return self._unique(tensor.name)
        if id(tensor) in self.output_of:
            return self._unique(self.output_of[id(tensor)])
        word = WORDS.get(tensor.op.name, tensor.op.name)
        return self._unique(f"{word}_{tensor.scope}" if tensor.scope else word)

    def _is_read_out(self, tensor: Tensor, now: Tensor) -> bool:
        """Tell whether no line after that of `now` needs this value."""
        stack, met = [tensor], {id(now)}
        while stack:
            t = stack.pop()
            written = id(t) in self.variables and t.op.name not in LEAVES
            if written or id(t) in met:
                continue
            if id(t) in self.last:
                return False
            met.add(id(t))
            stack.extend(self.users.get(id(t), []))
        return True

    # ----- expressions

    def _expression_text(self, tensor: Tensor, top: bool = False) -> str:
        return ast.unparse(self._expression(tensor, top))

    def _expression(self, tensor: Tensor, top: bool = False) -> ast.expr:
        if id(tensor) in self.variables and not top:
            return ast.Name(self.variables[id(tensor)])
        if tensor.op.name == "constant":
            return _literal(tensor.attributes["value"])
        if tensor.op.name == "size":
            factors = [d for d in tensor.attributes["of"] if d != 1]
            return ast.parse(" * ".join(map(repr, factors)), mode="eval").body
        if tensor.op.name == "broadcast_to" and self._is_number(tensor.inputs[0]):
            return self._full(tensor)
        arguments = [self._expression(x) for x in tensor.inputs]
        if tensor.op.name == "matrix_transpose" and tensor.ndim == 2:
            return ast.Attribute(arguments[0], "T")
        self._strengthen(tensor, arguments)
        text = self._text_of(tensor)
        attributes = {k: _literal(v) for k, v in tensor.attributes.items()}
        if text.expression is None:
            keywords = [
                ast.keyword(k, v)
                for k, v in attributes.items()
                if text.defaults.get(k) != ast.unparse(v)
            ]
            return ast.Call(ast.Name(text.helper), arguments, keywords)
        values: dict[str, ast.expr] = dict(attributes)
        if text.variadic:
            values[text.parameters[0]] = ast.List(arguments)
        else:
            values |= dict(zip(text.parameters, arguments, strict=True))
        if tensor.op.name == "tensordot":
            lead = tuple(range(tensor.attributes["axes"]))
            return ast.parse(
                f"np.tensordot({ast.unparse(arguments[0])}, {ast.unparse(arguments[1])}, "
                f"axes=({lead}, {lead}))", mode="eval",
            ).body  # fmt: skip
        copy = ast.parse(ast.unparse(text.expression), mode="eval").body
        filled = _Fill(values).visit(copy)
        assert isinstance(filled, ast.expr)
        return filled

    def _full(self, tensor: Tensor) -> ast.expr:
        number = ast.unparse(self._expression(tensor.inputs[0]))
        shape = repr(tensor.attributes["shape"])
        return ast.parse(f"np.full({shape}, {number}, dtype={tensor.dtype!r})", mode="eval").body

    def _is_number(self, tensor: Tensor) -> bool:
        """Tell whether the printed value is a plain Python number, which takes any dtype."""
        return id(tensor) in self.numbers

    def _makes_number(self, tensor: Tensor) -> bool:
        """Tell the same of a tensor whose inputs are known already."""
        if tensor.shape != ():
            return False
        if tensor.op.name in LEAVES:
            return is_plain_number(tensor)
        return tensor.op.name in ARITHMETIC and all(map(self._is_number, tensor.inputs))

    def _strengthen(self, tensor: Tensor, arguments: list[ast.expr]) -> None:
        """Give a Python number the dtype that no array beside it would give it."""
        if tensor.dtype not in FLOATS or tensor.dtype == "float64" or self._is_number(tensor):
            return
        if tensor.op.name in ("one_hot", "astype", "random_uniform", "random_normal"):
            return
        weak = [self._is_number(x) and x.dtype in FLOATS for x in tensor.inputs]
        strong = [x.dtype in FLOATS and not w for x, w in zip(tensor.inputs, weak, strict=True)]
        text = self._text_of(tensor)
        # In an expression with several terms a number may stand in one without an array.
        alone = not any(strong) or text.expression is None or bool(text.repeats)
        for place in [i for i, w in enumerate(weak) if w and alone]:
            arguments[place] = ast.Call(
                ast.Attribute(ast.Name("np"), tensor.dtype), [arguments[place]], []
            )
            if not any(strong):
                return
