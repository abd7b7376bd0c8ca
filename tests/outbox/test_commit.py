"""The commit of a folder, against git itself."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from jupyter_shinecat.outbox.commit import commit_of


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=z", "-c", "user.email=z@example.invalid"]
    done = subprocess.run(["git", *identity, *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_what_git_says(tmp_path: Path) -> None:
    home = tmp_path / "analysis"
    (home / "deep").mkdir(parents=True)
    assert commit_of(str(home)) is None
    git(home, "init", "-q")
    assert commit_of(str(home)) is None  # no commit yet
    git(home, "commit", "-q", "--allow-empty", "-m", "one")
    first = git(home, "rev-parse", "HEAD")
    assert commit_of(str(home / "deep")) == ("analysis", first)
    git(home, "pack-refs", "--all")
    assert commit_of(str(home)) == ("analysis", first)
    git(home, "worktree", "add", "-q", "-b", "other", str(tmp_path / "tree"))
    git(tmp_path / "tree", "commit", "-q", "--allow-empty", "-m", "two")
    assert commit_of(str(tmp_path / "tree")) == ("tree", git(tmp_path / "tree", "rev-parse", "HEAD"))
    git(home, "checkout", "-q", "--detach")
    assert commit_of(str(home)) == ("analysis", first)


@pytest.mark.parametrize(
    "said", ["ref: ../../etc/passwd", "ref: refs/heads/../../../x", "nonsense", "", "ref: refs/heads/a"]
)
def test_what_is_no_commit_is_none(tmp_path: Path, said: str) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text(said)
    assert commit_of(str(tmp_path)) is None
    assert commit_of("not/absolute") is None
