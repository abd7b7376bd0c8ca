"""Names that a loop gives another value each time round."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from jupyter_shinecat.record.flow.names import target_names
from jupyter_shinecat.record.flow.sources import Origin


def overwritten(node: ast.For | ast.AsyncFor | ast.While, varying: set[Origin]) -> dict[str, set[Origin] | None]:
    """Names whose value after a loop is that of the last time round; and what of it is in doubt (None: all)."""
    stores: dict[str, int] = {}
    nested: set[str] = set()
    needs: dict[str, set[str]] = {}
    for part, deep in _assignments(node.body, False):
        targets = part.targets if isinstance(part, ast.Assign) else [part.target]
        names = {name for target in targets for name in target_names(target)}
        value = part.value
        used = {inner.id for inner in ast.walk(value) if isinstance(inner, ast.Name)} if value is not None else set()
        if isinstance(part, ast.AugAssign):
            used |= {inner.id for inner in ast.walk(part.target) if isinstance(inner, ast.Name)}
        reached = {source for name in used for source in needs.get(name, {name})}
        for name in names:
            stores[name] = stores.get(name, 0) + 1
            if deep:
                nested.add(name)
                needs[name] = needs.get(name, {name}) | reached
            else:
                needs[name] = reached
    for _ in needs:
        for name, used in needs.items():
            needs[name] = used | {more for one in used for more in needs.get(one, ())}
    found: dict[str, set[Origin] | None] = {}
    for name, count in stores.items():
        if name in needs[name] and not (name in nested and count > 1 and not _grows(node, name)):
            continue
        if name in nested and count > 1:
            found[name] = None
        elif varying:
            found[name] = varying
    return found


def _grows(node: ast.AST, name: str) -> bool:
    """Whether each value that a name gets in a loop is made of the one before."""
    for part, _ in _assignments(getattr(node, "body", []), False):
        targets = part.targets if isinstance(part, ast.Assign) else [part.target]
        if any(name in target_names(target) for target in targets) and not isinstance(part, ast.AugAssign):
            used = {inner.id for inner in ast.walk(part.value) if isinstance(inner, ast.Name)} if part.value else set()
            if name not in used:
                return False
    return True


def _assignments(
    nodes: Iterable[ast.AST], deep: bool
) -> Iterator[tuple[ast.Assign | ast.AugAssign | ast.AnnAssign | ast.NamedExpr, bool]]:
    """Assignments of a loop's body, and whether they are done each time round."""
    for node in nodes:
        if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
            yield node, deep
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        else:
            branch = isinstance(node, (ast.If, ast.For, ast.While, ast.Try, ast.Match))
            yield from _assignments(
                (
                    part
                    for part in ast.iter_child_nodes(node)
                    if isinstance(part, (ast.stmt, ast.ExceptHandler, ast.match_case))
                ),
                deep or branch,
            )
