"""The notebooks run from start to end, put out what is stored, and what they claim is so."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from test_docs import same_output

import syn0

FOLDER = Path(__file__).parents[1] / "examples" / "notebooks"
NAMES = sorted(path.stem for path in FOLDER.glob("*.ipynb"))
MOST_CELLS = 12  # of code: a notebook is read in one sitting
KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
# What tells where, when or by whom a notebook was run, as it stands in the JSON.
PERSONAL = {
    "path": r"(?<![\w.:/])/(?:home|tmp|root|work|usr|opt|var|mnt|private|Users)/",
    "path of Windows": r"\b[A-Z]:\\\\",
    "installed package": r"site-packages|ipykernel_\d",
    "date": r"\b20\d\d-\d\d-\d\d(?!\d)",
    "time": r"\b\d\d:\d\d:\d\d\b",
    "seconds": r"\b\d+(?:\.\d+)? (?:s|ms|samples/s)\b",
    "address": r"\b0x[0-9a-f]{6,}",
    "warning": r"Warning\b|WARNING",
}


def personal(text: str) -> list[str]:
    """Return what a notebook should not tell, with the kind of each."""
    return [
        f"{kind}: {match.group()}"
        for kind, pattern in PERSONAL.items()
        for match in re.finditer(pattern, text)
    ]


def code_cells(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def shown(cell: dict[str, Any]) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Return each output of a cell: its type, the formats it has, its text."""
    for output in cell["outputs"]:
        data = output.get("data", {})
        text = output.get("text", data.get("text/plain", output.get("evalue", "")))
        kind = output.get("name", output["output_type"])
        if text != ["Matplotlib is building the font cache; this may take a moment.\n"]:
            yield kind, tuple(sorted(data)), "".join(text)


def difference(stored: dict[str, Any], run: dict[str, Any]) -> str:
    """Say how the outputs of a cell differ; numbers may do so by 2 %."""
    claimed, found = list(shown(stored)), list(shown(run))
    if [one[:2] for one in claimed] != [one[:2] for one in found]:
        return f"{claimed} became {found}"
    pairs = zip(claimed, found, strict=True)
    return "\n".join(f"{a[2]}\nbecame\n{b[2]}" for a, b in pairs if not same_output(a[2], b[2]))


@dataclass(frozen=True)
class Run:
    """A notebook as it is stored, and as it is after running it here."""

    name: str
    stored: dict[str, Any]
    run: dict[str, Any]

    def printed(self) -> str:
        """Return the text of all outputs of the run."""
        return "\n".join(text for cell in code_cells(self.run) for _, _, text in shown(cell))


def load(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Running:
    """A notebook on its way, in a process and a kernel of its own."""

    folder: Path
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, name: str, folder: Path) -> Running:
        command = [sys.executable, str(FOLDER / "run.py"), "--out", str(folder), name]
        with (folder / "errors").open("wb") as errors:
            return cls(folder, subprocess.Popen(command, cwd=folder, stderr=errors))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Running]]:
    """Start all notebooks, so that they share the cores while the tests wait for the first."""
    found = {name: Running.start(name, tmp_path_factory.mktemp("notebook")) for name in NAMES}
    yield found
    for one in found.values():
        one.process.terminate()
        one.process.wait()


@pytest.fixture
def run(request: pytest.FixtureRequest, running: dict[str, Running]) -> Run:
    """Return a notebook that was run."""
    name, one = request.param, running[request.param]
    failed = one.process.wait()
    assert not failed, (one.folder / "errors").read_text(encoding="utf-8")
    return Run(name, load(FOLDER / f"{name}.ipynb"), load(one.folder / f"{name}.ipynb"))


def notebook(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("run", names, indirect=True)


def number(pattern: str, text: str) -> float:
    """Return the number in the first group of a pattern."""
    match = re.search(pattern, text)
    assert match is not None, f"{pattern!r} is not in:\n{text}"
    return float(match.group(1))


# ----- they run, and put out what is stored -------------------------------


@pytest.mark.sampled(1)
@notebook(*NAMES)
def test_it_runs_and_puts_out_what_is_stored(run: Run) -> None:
    pairs = zip(code_cells(run.stored), code_cells(run.run), strict=True)
    for place, (stored, new) in enumerate(pairs, start=1):
        assert stored["execution_count"] == new["execution_count"] == place
        assert not (found := difference(stored, new)), f"code cell {place}: {found}"


def test_a_difference_is_seen() -> None:
    def cell(text: str, **data: str) -> dict[str, Any]:
        return {"outputs": [{"output_type": "stream", "name": "stdout", "text": text, **data}]}

    assert not difference(cell("loss 0.500\n"), cell("loss 0.501\n"))
    assert difference(cell("loss 0.500\n"), cell("loss 0.600\n"))
    assert difference(cell("same: True\n"), cell("same: False\n"))
    assert difference(cell("a"), {"outputs": []})


# ----- what is stored -----------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_it_is_short_and_was_run_in_order(name: str) -> None:
    stored = load(FOLDER / f"{name}.ipynb")
    cells = code_cells(stored)
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    assert 5 <= len(cells) <= MOST_CELLS
    assert stored["cells"][0]["cell_type"] == "markdown"
    assert {kind for cell in cells for kind, _, _ in shown(cell)} <= {"stdout", "execute_result"}


@pytest.mark.parametrize("name", NAMES)
def test_it_does_not_tell_where_or_when_it_was_run(name: str) -> None:
    stored = load(FOLDER / f"{name}.ipynb")
    assert stored["metadata"] == KERNEL
    for cell in stored["cells"]:
        assert cell["metadata"] == {}
        for output in cell.get("outputs", []):
            output.get("data", {}).pop("image/png", None)
            assert not output.get("metadata")
    assert not personal(json.dumps(stored, ensure_ascii=False))


@pytest.mark.parametrize(
    "text",
    [
        "/home/anna/table.csv", "'/tmp/x/y'", r'"C:\\Users\\anna"', "2026-01-31T10:00",
        "at 10:31:07", "20 epochs in 0.4 s", "<Figure at 0x7f1a2b3c4d>", "UserWarning: no",
        "lib/python3.12/site-packages",
    ],
)  # fmt: skip
def test_what_tells_too_much_is_seen(text: str) -> None:
    assert personal(text)


def test_what_tells_nothing_passes() -> None:
    assert not personal("loss 0.5 · see https://example.org/home/x · 1 / (1 + exp(-z)) · 86 97 %")


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    stored = load(FOLDER / f"{name}.ipynb")
    text = "\n".join(
        "".join(cell["source"]) for cell in stored["cells"] if cell["cell_type"] == "markdown"
    )
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert links
    assert all((FOLDER / link).is_file() for link in links)


# ----- what they claim ----------------------------------------------------


@notebook("1-the-lesson")
def test_the_lesson_is_learned(run: Run) -> None:
    text = run.printed()
    before, after = number(r"before: (\S+)", text), number(r"after: (\S+)", text)
    assert after < before / 50
    assert "same: False" not in text
    assert text.count("True") == 3, "forward once, backward for two layers"
    answers = re.findall(r"^ ?\[+([01])\. +(0\.\d+)\]", text, re.MULTILINE)
    assert [right for right, _ in answers] == ["0", "1", "1", "0"]
    assert all(abs(float(right) - float(said)) < 0.1 for right, said in answers)
    assert number(r"\[1, 0, 0\] -> (\S+)", text) == pytest.approx(0.6975, abs=2e-3)


@notebook("2-a-table")
def test_the_table_goes_from_csv_to_file(run: Run) -> None:
    text = run.printed()
    scores = {
        learner: number(rf"accuracy +{learner} +(\S+)", text)
        for learner in ("network", "linear", "dummy")
    }
    assert scores["network"] > scores["dummy"] + 0.2
    assert abs(scores["network"] - scores["linear"]) < 0.02, "the text calls them the same"
    assert number(r"rows held out: (\S+)", text) > 0.9
    assert "texture    numeric, missing in some rows" in text
    assert "size       categorical, 3 values" in text
    assert "same answers: True" in text
    assert "diagnosis,probability of benign,probability of malignant\n" in text


@notebook("3-what-is-wrong")
def test_what_is_wrong_is_found_and_mended(run: Run) -> None:
    texts = ["".join(text for _, _, text in shown(cell)) for cell in code_cells(run.run)]
    share = [number(r"right: (\d+)%", text) for text in texts if "right: " in text]
    dead, mended, planted, right = share
    assert dead < 50 < 90 < mended, "unscaled input, then normalized"
    assert planted < 85 < 93 < right, "wrong derivative, then the right one"
    verdicts = next(text for text in texts if "findings" in text)
    assert re.search(r"1 +first +unscaled input", verdicts)
    assert "16 of 16 neurons of `first` are dead" in verdicts
    assert "try syn0.Normalization() as the first layer" in verdicts
    error = next(text for text in texts if "backpropagation says" in text)
    assert "layer 'second' or one after it" in error
    assert "gradients agree: True" in texts[-1]
    wrong, good = (number(rf"loss, {word} slope: (\S+)", texts[-1]) for word in ("wrong", "right"))
    assert good < wrong / 2


def test_without_the_planted_mistake_nothing_is_found() -> None:
    # So the notebook's error comes of `y * (1 - y)`, the slope of another function.
    def check(slope: Any) -> float:
        tanh = syn0.Activation(syn0.ops.tanh, derivative=slope)
        net = syn0.Sequential(syn0.Dense(3, activation=tanh), syn0.Dense(1), random_state=0)
        return syn0.check_gradients(net, [[1.0, -1.0], [0.5, 2.0]], [[1.0], [0.0]])

    assert check(lambda y: 1 - y * y) < 1e-6
    with pytest.raises(syn0.errors.GradientError):
        check(lambda y: y * (1 - y))
