"""IPython's magics as they stand in transformed code: which run code of their own, and which can do anything."""

from __future__ import annotations

import ast
import re

# They show something or set something that no data flow through.
_QUIET = """
alias alias_magic automagic autoawait autocall autoreload aimport bookmark cd clear colors conda config connect_info
dhist dirs doctest_mode env gui history hist html HTML javascript js svg latex markdown load_ext ls ll lsmagic
logoff logon logstart logstate logstop man matplotlib mamba micromamba more notebook page pastebin pdb pdef pdoc
pfile pinfo pinfo2 pip popd precision psearch psource pushd pwd pycat pylab quickref rehashx reload_ext
reset_selective save set_env shinecat subshell tb unalias unload_ext uv who who_ls whos writefile xdel xmode
"""
_HARMLESS = frozenset(_QUIET.split())
# They run the code that follows them in the session's own names.
_INNER = frozenset(
    {"time", "timeit", "prun", "capture", "memit", "mprun", "lprun", "snakeviz", "pyinstrument", "debug"}
)
_SHELL = frozenset({"bash", "sh", "script", "system", "sx", "sc", "!", "!!", "cmd", "perl", "ruby"})
_OPTIONS = re.compile(r"^\s*(-[A-Za-z]\S*\s+(?:\d+\s+)?)*")
_SHELL_NAMES = re.compile(r"\$\{?([A-Za-z_]\w*)|\{([A-Za-z_]\w*)")

OPAQUE = object()
NOTHING = ast.Module(body=[], type_ignores=[])


def is_shell(node: ast.AST) -> ast.Call | None:
    """The call ``get_ipython().something(...)``, else None."""
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Call)
        and isinstance(node.func.value.func, ast.Name)
        and node.func.value.func.id == "get_ipython"
    ):
        return node
    return None


def code_of(call: ast.Call) -> ast.Module | object:
    """What the magic in ``call`` runs: code, ``NOTHING``, or ``OPAQUE`` when it may be anything."""
    assert isinstance(call.func, ast.Attribute)
    words = [arg.value if isinstance(arg, ast.Constant) and isinstance(arg.value, str) else None for arg in call.args]
    kind = call.func.attr
    if kind in ("system", "getoutput", "getoutput_as_list", "system_raw", "system_piped"):
        return _names_in(words[0]) if words else OPAQUE
    if kind in ("run_line_magic", "run_cell_magic"):
        name, text = (words[0] or "") if words else "", words[-1] if len(words) > 1 else ""
        if name in _SHELL:
            return _names_in(" ".join(word for word in words[1:] if word))
        if text is None or not name:
            return OPAQUE
        if kind == "run_line_magic" and name == "time" and not text:
            return NOTHING
        if name in _INNER or (name, kind) == ("shinecat", "run_cell_magic"):
            return _parse(text if kind == "run_cell_magic" else _OPTIONS.sub("", text, count=1))
        return NOTHING if name in _HARMLESS else OPAQUE
    if kind in ("user_ns", "run_cell", "ex", "ev", "push", "user_global_ns", "run_code", "safe_execfile"):
        return OPAQUE
    return NOTHING


def _names_in(command: str | None) -> ast.Module | object:
    """A command of the shell uses the names that IPython fills in."""
    if command is None:
        return OPAQUE
    names = {first or second for first, second in _SHELL_NAMES.findall(command)}
    return _parse("(" + ",".join(sorted(names)) + ",)") if names else NOTHING


def _parse(text: str) -> ast.Module | object:
    try:
        return ast.parse(text)
    except SyntaxError:
        return OPAQUE
