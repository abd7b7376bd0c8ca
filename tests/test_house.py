"""Rules of the whole house."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import jupyter_shinecat

PACKAGE = Path(jupyter_shinecat.__file__).parent
ROOT = PACKAGE.parent


def test_importing_the_package_loads_nothing_heavy():
    code = "import sys, jupyter_shinecat; print([m for m in sys.argv[1:] if m in sys.modules])"
    heavy = ["h5py", "pandas", "numpy", "ipywidgets", "jupyterhub", "tornado", "httpx", "pint"]
    done = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_error_of_any_room_pickles_with_its_parts():
    import pickle

    from jupyter_shinecat.scicat import NotFound

    error = NotFound("gone", left="nothing", do="look")
    error.status = 404
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.what, again.left, again.do, again.status) == (NotFound, "gone", "nothing", "look", 404)


def _python_texts() -> set[str]:
    texts = set()
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "tr" and node.args:
                text = node.args[0]
                assert isinstance(text, ast.Constant), f"{file}:{node.lineno}: tr() takes a literal"
                texts.add(text.value)
    return texts


def _panel_texts() -> set[str]:
    call = re.compile(r"\b(?:trans|t)\.(?:__|_p|_n)\(\s*(?:'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"|`([^`]*)`)")
    texts = set()
    for file in [*(ROOT / "labextension/src").rglob("*.ts"), *(ROOT / "labextension/src").rglob("*.tsx")]:
        for match in call.finditer(file.read_text(encoding="utf-8")):
            text = next(group for group in match.groups() if group is not None)
            texts.add(text.replace("\\'", "'").replace('\\"', '"').replace("\\n", "\n"))
    return texts


@pytest.mark.parametrize("find", [_python_texts, _panel_texts])
def test_every_text_has_its_chinese(find):
    table = json.loads((PACKAGE / "locale/zh_CN/LC_MESSAGES/jupyter_shinecat.json").read_text(encoding="utf-8"))
    texts = find()
    assert texts, "no text found: does the extraction still fit the code?"
    assert sorted(t for t in texts if not (table.get(t) or [""])[0]) == []
    fields = re.compile(r"\{(\w+)[^}]*\}|%\d")
    for text in texts:
        assert sorted(fields.findall(text)) == sorted(fields.findall(table[text][0])), text
