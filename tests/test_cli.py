"""The command `syn0`: what it prints, and what it says to a wrong word."""

from __future__ import annotations

import subprocess
import sys
import typing
from pathlib import Path

import pytest

import syn0
from syn0 import cli
from syn0.lab import lesson


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command that succeeds and return what it prints, single-spaced."""
    cli.main(arguments)
    printed = capsys.readouterr()
    assert printed.err == ""
    return " ".join(printed.out.split())


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command that fails and return what it prints about it, single-spaced."""
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code not in (0, None)
    printed = capsys.readouterr()
    assert "Traceback" not in printed.err
    return " ".join((printed.out + printed.err).replace("│", " ").split())


def test_alone_it_shows_four_examples(capsys: pytest.CaptureFixture[str]) -> None:
    text = answer(capsys)
    assert len(cli.EXAMPLES) == 4
    for command, about in cli.EXAMPLES:
        assert f"{command} {about}" in text


def test_each_example_is_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    for command, _ in cli.EXAMPLES:
        assert command.split()[1] in answer(capsys, "--help")


def test_lesson(capsys: pytest.CaptureFixture[str]) -> None:
    text = answer(capsys, "lesson")
    for number in ("0.69751395", "0.96202137", "0.035", "0.955", "0.962", "0.053"):
        assert number in text
    assert "turns the bias off" in text


def test_lesson_code_prints_a_program_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["lesson", "--code"])
    assert capsys.readouterr().out == lesson.program().rstrip("\n") + "\n"


def test_lesson_step(capsys: pytest.CaptureFixture[str]) -> None:
    text = answer(capsys, "lesson", "--step")
    assert text.index("layer1 =") < text.index("layer2 =")


def test_lesson_activation(capsys: pytest.CaptureFixture[str]) -> None:
    assert "2 of 4 neurons of `hidden` are dead" in answer(capsys, "lesson", "--activation", "relu")


def test_lesson_until(capsys: pytest.CaptureFixture[str]) -> None:
    assert "was reached at step" in answer(capsys, "lesson", "--until", "0.01")


def test_the_help_page_lists_the_lessons_activations() -> None:
    assert typing.get_args(cli.Activation) == lesson.ACTIVATIONS
    assert typing.get_args(cli.Topic) == tuple(cli.STUDIES)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("topic", cli.STUDIES)
def test_study(topic: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = answer(capsys, "study", topic, "--quick")
    assert "2 seeds" in text
    assert any(word in text for word in ("shown", "refuted"))


def test_study_alone_lists_the_topics(capsys: pytest.CaptureFixture[str]) -> None:
    text = answer(capsys, "study")
    assert tuple(cli.QUESTIONS) == tuple(cli.STUDIES)
    for topic in cli.STUDIES:
        assert f"syn0 study {topic}" in text


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(capsys, "--version") == syn0.__version__


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["lessn"], ['Did you mean "lesson"?', "study", "tour"]),
        (["lesson", "--activation", "sigmod"], ["leaky_relu", 'Did you mean "sigmoid"?']),
        (["lesson", "--stp"], ["--step"]),
        (["lesson", "--until", "little"], ["--until", "little"]),
        (["lesson", "--until", "-1"], ["--until", "expected", "above 0"]),
        (["lesson", "--code", "--step"], ["choose one"]),
        (["lesson", "--code", "--until", "1"], ["leave out --until or --code"]),
        (["lesson", "extra"], ["'extra' is more than this command takes"]),
        (["study", "dropout"], ["activations", "descent", "backpropagation", "size"]),
        (["study", "size", "--quick", "--seeds", "1"], ["at least 2"]),
        (["study", "size", "--quick", "--plot", "curves.xyz"], [".png", ".svg"]),
        (["study", "size", "--quick", "--plot", "none/curves.png"], ["no folder"]),
    ],
)
def test_a_wrong_word_is_answered(
    arguments: list[str], words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    text = refusal(capsys, *arguments)
    for word in words:
        assert word in text


def test_a_plot_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "curves.svg"
    answer(capsys, "study", "descent", "--quick", "--plot", str(picture))
    assert "<svg" in picture.read_text(encoding="utf-8")


def test_without_matplotlib_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("matplotlib", "matplotlib.figure", "matplotlib.backends.backend_agg"):
        monkeypatch.setitem(sys.modules, name, None)
    text = refusal(capsys, "study", "descent", "--quick", "--plot", "curves.png")
    assert "pip install 'syn0[plots]'" in text


def test_the_installed_command_works_where_only_ascii_can_be_printed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "syn0.cli", "lesson"],
        capture_output=True,
        env={"PYTHONIOENCODING": "ascii", "PYTHONPATH": str(Path(syn0.__file__).parents[1])},
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert b"0.69751395" in done.stdout
