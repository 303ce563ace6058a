"""A name for what decides the trained weights: of a factory, less what only serves evaluation."""

from __future__ import annotations
import __future__

import ast
import inspect
import textwrap
from collections.abc import Iterable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

from .closure_references import global_names, references
from .fingerprint import read_code

# What only serves evaluation, by the last name of what is called.
_EVALUATION = {
    "Task": frozenset(
        {
            "metrics",
            "prediction",
            "evaluation",
            "eval_batch_size",
            "eval_collate",
            "best",
            "export",
        }
    ),
    "Trainer": frozenset({"compute_metrics", "preprocess_logits_for_metrics"}),
}
# Where one of these is used, what is evaluated may decide which weights are kept, or when training
# ends.
_DECISIVE = frozenset(
    {
        "stop_early",
        "keep_best",
        "schedule_metric",
        "load_best_model_at_end",
        "metric_for_best_model",
        "ReduceLROnPlateau",
        "reduce_lr_on_plateau",
        "callbacks",
        "add_callback",
    }
)
# By these, code uses names that it does not name.
_OPAQUE = frozenset({"locals", "globals", "vars", "eval", "exec"})
# Flags of code by which `from __future__ import` is seen.
_FUTURE = sum(
    getattr(__future__, name).compiler_flag
    for name in __future__.all_feature_names
    if name != "nested_scopes"  # its flag has come to mean that a function is nested
)


def training_fingerprint(function: Any, by_value: Iterable[ModuleType] = ()) -> str:
    """The fingerprint of a factory's `Code`, without what it says of its evaluation alone.

    Left out are the arguments of ``Task`` and of a ``Trainer`` that only serve evaluation, and the
    functions and imports that nothing else uses. When in doubt it is the fingerprint itself.
    """
    modules = list(by_value)
    trimmed = _trimmed(function, {module.__name__ for module in modules})
    return read_code(function if trimmed is None else trimmed, modules).fingerprint


def _trimmed(function: Any, by_value: set[str]) -> FunctionType | None:
    """The function without its evaluation; None where that is nothing, or cannot be told."""
    if not isinstance(function, FunctionType) or function.__closure__:
        return None
    tree = _tree(function)
    if tree is None or _OPAQUE & set(global_names(function.__code__)):
        return None
    if _DECISIVE & set(_words(function, by_value)):
        return None
    trim = _Trim()
    trim.visit(tree)
    if not trim.found or trim.unclear:
        return None
    _drop_unused(tree.body[0], trim.names)
    return FunctionType(
        _compiled(tree, function),
        function.__globals__,
        function.__name__,
        function.__defaults__,
    )


def _tree(function: FunctionType) -> ast.Module | None:
    """The source of a function, where it is certain that the function was made of it."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
        node = tree.body[0]
        if not isinstance(node, ast.FunctionDef) or node.decorator_list or function.__kwdefaults__:
            return None
        made, known = (read_code(code) for code in (_compiled(tree, function), function.__code__))
    except (OSError, TypeError, SyntaxError, IndexError):
        return None
    return tree if made.fingerprint == known.fingerprint else None


def _compiled(tree: ast.Module, function: FunctionType) -> CodeType:
    ast.fix_missing_locations(tree)
    flags = function.__code__.co_flags & _FUTURE
    module = compile(tree, "<factory>", "exec", flags=flags, dont_inherit=True)
    return next(each for each in module.co_consts if isinstance(each, CodeType))


def _words(function: FunctionType, by_value: set[str]) -> Iterator[str]:
    """Names and texts in the code of a function and of all that it reaches in the notebook."""
    seen: set[int] = set()
    todo: list[Any] = [function]
    while todo:
        value = todo.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, FunctionType):
            todo.append(value.__code__)
            todo += [each for _, each in references(value) if _is_own(each, by_value)]
        elif isinstance(value, type):
            todo += [each for each in vars(value).values() if isinstance(each, FunctionType)]
        elif isinstance(value, ModuleType):
            todo += [each for each in vars(value).values() if _is_own(each, by_value)]
        elif isinstance(value, CodeType):
            yield from value.co_names
            todo += value.co_consts
        elif isinstance(value, (tuple, frozenset)):
            todo += value
        elif isinstance(value, str):
            yield "callbacks" if value.startswith("EarlyStopping") else value


def _is_own(value: Any, by_value: set[str]) -> bool:
    if isinstance(value, ModuleType):
        return value.__name__ in by_value
    module = getattr(value, "__module__", None)
    return isinstance(value, (FunctionType, type)) and (module == "__main__" or module in by_value)


class _Trim(ast.NodeTransformer):
    """Takes the arguments that only serve evaluation out of calls.

    Attributes
    ----------
    found
        Whether there were any.
    unclear
        Whether one of them does more than to name something.
    names
        What they refer to.
    """

    def __init__(self) -> None:
        self.found = False
        self.unclear = False
        self.names: set[str] = set()

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        known = _evaluation_of(node.func)
        removed = [each for each in node.keywords if each.arg in known]
        node.keywords = [each for each in node.keywords if each.arg not in known]
        for each in removed:
            self.found = True
            self.names |= _names(each.value)
            self.unclear |= any(
                isinstance(part, (ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom))
                for part in ast.walk(each.value)
            )
        return node


def _evaluation_of(called: ast.expr) -> frozenset[str]:
    """`Task`, `saturn.Task`, `Trainer`, `SFTTrainer`... by the last name of what is called."""
    name = getattr(called, "attr", getattr(called, "id", ""))
    for end, known in _EVALUATION.items():
        if name == end or (end == "Trainer" and name.endswith(end)):
            return known
    return frozenset()


def _names(tree: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(tree) if isinstance(each, ast.Name)}


def _drop_unused(factory: ast.stmt, names: set[str]) -> None:
    """Take the functions that nothing uses out of a factory, and imports that only they used."""
    body: list[ast.stmt] = factory.body  # type: ignore[attr-defined]
    while True:
        gone = [each for each in body if _is_unused(each, body, names)]
        for each in gone:
            names |= _names(each)
            body.remove(each)
        if not gone:
            break
    if not body:
        body.append(ast.Pass())


def _is_unused(statement: ast.stmt, body: list[ast.stmt], names: set[str]) -> bool:
    others = set[str]().union(*(_names(each) for each in body if each is not statement))
    if isinstance(statement, ast.FunctionDef):
        makes = statement.decorator_list or any(
            isinstance(part, ast.Call) for part in ast.walk(statement.args)
        )
        return not makes and statement.name not in others
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        # One that nothing ever used may change what it imports.
        bound = {(each.asname or each.name).partition(".")[0] for each in statement.names}
        return bool(bound & names) and not bound & others
    return False
