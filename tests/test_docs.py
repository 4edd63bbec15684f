"""Every Python block of the docs runs, prints what stands below it, and the tables are true.

Blocks of one page run in order and share their names, as a reader would run them. A block
marked ``text`` right after one marked ``python`` is what it prints; numbers may differ in
their last digits, and ``...`` stands for anything.
"""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")], key=str
)
LESSON = ROOT / "docs" / "lesson.md"
_FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NUMBER = re.compile(r"-?\d[\d,]*\.?\d*(?:e[+-]?\d+)?")


@dataclass(frozen=True)
class Block:
    """A block of Python, where it stands, and what is printed below it, if anything is."""

    line: int
    source: str
    printed: str | None


def blocks_of(text: str) -> list[Block]:
    """Return the Python blocks of a page with the output that each claims."""
    found: list[Block] = []
    last_end = -1
    for match in _FENCE.finditer(text):
        kind, body = match.groups()
        if kind == "python":
            found.append(Block(text[: match.start()].count("\n") + 2, body, None))
            last_end = match.end()
        elif kind == "text" and found and not text[last_end : match.start()].strip():
            found[-1] = Block(found[-1].line, found[-1].source, body)
    return found


def same_output(claimed: str, printed: str) -> bool:
    """Compare line by line: words exactly, numbers to 2 %; ``...`` stands for anything.

    On a line of its own ``...`` stands for any lines. Spaces do not count, since the width
    of a column may follow from a number.
    """
    want, got = (_lines(text) for text in (claimed, printed))
    # reached holds how many printed lines the claimed lines so far may account for.
    reached = {0}
    for line in want:
        if line == "...":
            reached = set(range(min(reached), len(got) + 1))
        else:
            reached = {n + 1 for n in reached if n < len(got) and _same_line(line, got[n])}
        if not reached:
            return False
    return len(got) in reached


def _lines(text: str) -> list[str]:
    flat = (re.sub(r"\s+", " ", line).strip() for line in text.splitlines())
    return [re.sub(r"([\[(]) ", r"\1", line) for line in flat if line]


def _same_line(claimed: str, printed: str) -> bool:
    parts = claimed.split("...")
    match = re.fullmatch(".*?".join(map(_pattern, parts)), printed)
    if match is None:
        return False
    expected = [number for part in parts for number in _NUMBER.findall(part)]
    return all(_near(a, b) for a, b in zip(expected, match.groups(), strict=True))


def _pattern(part: str) -> str:
    pieces = (re.escape(piece).replace(r"\ ", r"\s*") for piece in _NUMBER.split(part))
    return f"({_NUMBER.pattern})".join(pieces)


def _near(a: str, b: str) -> bool:
    x, y = float(a.replace(",", "").rstrip(".")), float(b.replace(",", "").rstrip("."))
    return abs(x - y) <= 0.02 * max(abs(x), abs(y), 1e-2)


# ----- the blocks ---------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_blocks_run_and_print_what_they_say(
    page: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    space: dict[str, object] = {"__name__": "docs"}
    for block in blocks_of(page.read_text(encoding="utf-8")):
        where = f"{page.name}:{block.line}"
        code = compile("\n" * (block.line - 1) + block.source, str(page), "exec")
        exec(code, space)
        printed = capsys.readouterr().out
        if block.printed is None:
            assert not printed, f"{where} prints {printed!r}, which the page does not show"
        else:
            assert same_output(block.printed, printed), f"{where} prints:\n{printed}"


def test_the_pages_with_code_are_found() -> None:
    assert blocks_of((ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(blocks_of(LESSON.read_text(encoding="utf-8"))) >= 5


@pytest.mark.parametrize(
    ("claimed", "printed", "same"),
    [
        ("loss 0.5", "loss 0.501", True),
        ("loss 0.5", "loss 0.6", False),
        ("loss 0.5", "cost 0.5", False),
        ("a ... z 1", "a b c z 1", True),
        ("a ... z 1", "a b c z 2", False),
        ("[ 1. 2.]", "[1.  2.]", True),
        ("one", "one two", False),
        ("one", "one\ntwo", False),
        ("one\n...\nstep 3", "one\nstep 2\nstep 3", True),
        ("one\n...\nstep 3", "one\nstep 2\nstep 4", False),
        ("...\nend", "end", True),
    ],
)
def test_outputs_are_compared(claimed: str, printed: str, same: bool) -> None:
    assert same_output(claimed, printed) is same


# ----- links and commands -------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_readme_holds_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^python3 -m venv \.venv && .*$", text, re.MULTILINE)
    assert [line.rpartition("&& ")[2] for line in lines] == ["syn0 tour", "pytest"]


def test_promises_name_tests_that_exist() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    promises = text.partition("## Promises kept")[2].partition("\n## ")[0]
    named = re.findall(r"\[`?([\w/]+\.py)", promises)
    assert named
    assert all((ROOT / name).is_file() for name in named)


# ----- the table of docs/lesson.md ----------------------------------------


@dataclass(frozen=True)
class Row:
    """One concept, claim or field of use of the lesson, and where it stands here."""

    what: str
    command: str
    score: str
    baseline: str
    test: str


def table_rows(text: str) -> list[Row]:
    """Return the rows of every table whose head names a command."""
    rows, inside = [], False
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|"):
            inside = False
        elif "command" in cells:
            inside = True
        elif inside and not set(line) <= set("|- :"):
            assert len(cells) == 5, line
            rows.append(Row(*cells))
    return rows


ROWS = table_rows(LESSON.read_text(encoding="utf-8")) if LESSON.exists() else []


def commands_in(row: Row) -> list[str]:
    return re.findall(r"`(syn0 [^`]+)`", row.command)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.what[:40])
def test_each_row_has_a_command_or_says_not_yet(row: Row) -> None:
    if row.command == "not yet":
        assert row.score == row.test == ""
        return
    headings = re.findall(r"^#+ (.+)$", LESSON.read_text(encoding="utf-8"), re.MULTILINE)
    blocks = re.findall(r"block \"([^\"]+)\"", row.command)
    recipes = re.findall(r"`python (examples/[\w/.]+)", row.command)
    assert commands_in(row) or blocks or recipes, f"{row.what}: no command, block or recipe"
    assert all((ROOT / recipe).is_file() for recipe in recipes)
    assert set(blocks) <= set(headings)
    tests = re.findall(r"`([\w/.]+\.py)::(\w+)`", row.test)
    assert tests, f"{row.what}: no test"
    for path, function in tests:
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        assert function in {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}


def test_the_table_covers_what_exists_and_what_does_not() -> None:
    waiting = [row for row in ROWS if row.command == "not yet"]
    assert len(ROWS) >= 40
    assert 0 < len(waiting) < len(ROWS) / 2


def test_a_row_without_a_command_is_caught() -> None:
    with pytest.raises(AssertionError):
        test_each_row_has_a_command_or_says_not_yet(Row("x", "soon", "", "", ""))
    with pytest.raises(AssertionError):
        test_each_row_has_a_command_or_says_not_yet(Row("x", "`syn0 tour`", "", "", "none"))


@pytest.mark.sampled(4)
@pytest.mark.parametrize("command", sorted({c for row in ROWS for c in commands_in(row)}))
def test_each_command_of_the_table_runs(command: str, tmp_path: Path) -> None:
    arguments = shlex.split(command)[1:]
    if arguments[0] == "study":
        arguments.append("--quick")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "syn0.cli", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=tmp_path,
        env=None,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
