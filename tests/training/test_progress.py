import io
import re
import sys
import threading
import types

import pytest
from fakes import LinearStep, data, explain, new_state
from rich.console import Console

from syn0.errors import ArgumentError, NonFiniteError
from syn0.training import LambdaCallback
from syn0.training import loop as loop_module
from syn0.training import progress as progress_module
from syn0.training.feeds import ResidentFeed
from syn0.training.loop import train
from syn0.training.progress import PlainDisplay, ProgressDisplay, _clock

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def fit(display, *callbacks, epochs=3, first=0, feed=None, evaluate=None):
    feed = feed or ResidentFeed(data(), batch_size=5)
    return train(
        LinearStep(),
        new_state(),
        feed,
        epochs=epochs,
        initial_step=first * feed.steps_per_epoch,
        samples=23,
        explain=explain,
        evaluate=evaluate,
        listeners=[display, *callbacks],
        choices=["loss mean_squared_error, batches of 5"],
    )


def terminal(**options) -> Console:
    options = {"force_terminal": True, "width": 120, "color_system": "standard", **options}
    return Console(file=io.StringIO(), **options)


def text_of(console: Console) -> str:
    return console.file.getvalue()


def screen_of(console: Console) -> list[str]:
    """Return what is left to see: carriage returns, cleared lines and steps up are obeyed."""
    rows, row, column = [""], 0, 0
    for piece in re.findall(r"\x1b\[[0-9;?]*[a-zA-Z]|\r|\n|[^\x1b\r\n]+", text_of(console)):
        if piece == "\n":
            row, column = row + 1, 0
            rows += [""] * (row == len(rows))
        elif piece == "\r":
            column = 0
        elif piece == "\x1b[2K":
            rows[row] = ""
        elif piece == "\x1b[1A":
            row -= 1
        elif piece[0] != "\x1b":
            rows[row] = rows[row][:column] + piece + rows[row][column + len(piece) :]
            column += len(piece)
    return [text for text in rows if text.strip()]


# ----- lines --------------------------------------------------------------


def test_plain_lines_when_nobody_watches(capsys) -> None:
    fit(ProgressDisplay(), evaluate=lambda: {"val_accuracy": 0.75})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "loss mean_squared_error, batches of 5"
    assert len(lines) == 5
    for number, line in enumerate(lines[1:4], 1):
        pattern = rf"epoch {number}/3  loss \S+  val_accuracy 0\.7500  [\d,]+ samples/s"
        assert re.fullmatch(pattern, line), line
    assert re.fullmatch(r"3 epochs in \d+\.\d s", lines[4])
    assert "\x1b" not in "".join(lines)


@pytest.mark.parametrize(("verbose", "shown"), [("auto", 21), (1, 21), (2, 100), (True, 21)])
def test_a_long_fit_is_thinned(capsys, verbose, shown) -> None:
    fit(ProgressDisplay(verbose), epochs=100)
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("epoch")]
    assert len(lines) == shown
    assert lines[0].startswith("epoch   1/100")
    assert lines[-1].startswith("epoch 100/100")


def test_the_last_epoch_is_shown_also_when_training_stops_early(capsys) -> None:
    stop = LambdaCallback(on_epoch_end=lambda e, run: run.stop("s", "so") if e.epoch == 6 else None)
    fit(ProgressDisplay(), stop, epochs=100)
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2].startswith("epoch   7/100")
    assert lines[-1] == "so"


def test_a_second_fit_goes_on_counting(capsys) -> None:
    fit(ProgressDisplay(), epochs=2, first=9)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("epoch 10/11  ")
    assert lines[-1].startswith("2 epochs in")


def test_what_callbacks_say_comes_after_their_epoch(capsys) -> None:
    said = LambdaCallback(
        on_epoch_end=lambda event, run: run.say(f"heard {event.epoch}"),
        on_fit_end=lambda event, run: run.say("restored"),
    )
    fit(ProgressDisplay(), said, epochs=2)
    lines = capsys.readouterr().out.splitlines()
    kinds = [line.split()[0] for line in lines[1:]]
    assert kinds == ["epoch", "heard", "epoch", "heard", "restored", "2"]


def test_silence(capsys) -> None:
    display = ProgressDisplay(0)
    fit(display)
    assert not display.wants_progress
    assert capsys.readouterr() == ("", "")


def test_an_interruption_is_always_told(capsys) -> None:
    def interrupted(verbose):
        callback = LambdaCallback(on_epoch_end=lambda event, run: event.epoch == 0 and press())
        fit(ProgressDisplay(verbose), callback)
        return capsys.readouterr()

    def press() -> None:
        import signal

        signal.raise_signal(signal.SIGINT)

    told = "interrupted after epoch 1, which is kept; call fit again to continue\n"
    assert interrupted(0) == ("", told)
    assert interrupted(2).out.endswith(told)


def test_an_error_is_left_to_speak_for_itself(capsys) -> None:
    arrays = data()
    arrays["y"][:] = float("nan")
    with pytest.raises(NonFiniteError):
        fit(ProgressDisplay(), feed=ResidentFeed(arrays))
    assert capsys.readouterr().out == "loss mean_squared_error, batches of 5\n"


def test_a_slow_epoch_gets_a_line_in_a_log(capsys, monkeypatch) -> None:
    monkeypatch.setattr(loop_module, "PROGRESS_INTERVAL", -1.0)
    monkeypatch.setattr(progress_module, "_PATIENCE", -1.0)
    fit(ProgressDisplay(), epochs=1)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + 4 + 1 + 1
    assert re.fullmatch(r"epoch 1/1  loss \S+  [\d,]+ samples/s  0:\d\d left", lines[1])


def test_a_log_stays_calm(capsys) -> None:
    display = PlainDisplay()
    display.bar("epoch 1/3", 0.1)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("bad", ["loud", 3, None])
def test_a_bad_verbose_is_refused(bad) -> None:
    with pytest.raises(ArgumentError, match="verbose is"):
        ProgressDisplay(bad)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (3725, "1:02:05"), (1e300, "99:59:59")]
)
def test_clock(seconds, text) -> None:
    assert _clock(seconds) == text


# ----- the live bar -------------------------------------------------------


def test_a_terminal_shows_a_bar_under_the_lines_and_takes_it_away(monkeypatch) -> None:
    monkeypatch.setattr(loop_module, "PROGRESS_INTERVAL", -1.0)
    console = terminal()
    fit(ProgressDisplay(console=console))
    text = text_of(console)
    shown = ESCAPE.sub("", text)
    assert "━" in shown
    assert re.search(r"epoch 2/3  loss \S+  [\d,]+ samples/s  0:\d\d left", shown)
    screen = screen_of(console)
    assert screen[0] == "loss mean_squared_error, batches of 5"
    assert [line[:9] for line in screen[1:4]] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]
    assert screen[4:] == [line for line in screen if line.startswith("3 epochs in")]
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1  # the cursor is back


def test_the_bar_fits_a_narrow_terminal(monkeypatch) -> None:
    monkeypatch.setattr(loop_module, "PROGRESS_INTERVAL", -1.0)
    console = terminal(width=40)
    fit(ProgressDisplay(console=console))
    bars = [x for x in re.split(r"[\r\n]", ESCAPE.sub("", text_of(console))) if "━" in x]
    assert bars
    assert max(map(len, bars)) <= 40


def test_no_color_is_respected(monkeypatch) -> None:
    monkeypatch.setattr(loop_module, "PROGRESS_INTERVAL", -1.0)

    def colors(console):
        fit(ProgressDisplay(console=console))
        return re.findall(r"\x1b\[[39][0-9]m", text_of(console))

    assert colors(terminal())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not colors(terminal())


def test_markup_in_names_is_shown_as_it_is() -> None:
    console = terminal()
    fit(ProgressDisplay(console=console), evaluate=lambda: {"val_[red]": 1.0})
    assert "val_[red] 1.0000" in ESCAPE.sub("", text_of(console))


def test_the_bar_is_gone_after_an_error() -> None:
    console = terminal()
    display = ProgressDisplay(console=console)
    with pytest.raises(ZeroDivisionError):
        fit(display, LambdaCallback(on_epoch_end=lambda event, run: 1 / 0))
    assert "\x1b[?25h" in text_of(console)
    assert "━" not in "".join(screen_of(console))
    display.close()  # closing twice does no harm


def test_the_standard_output_is_asked_at_the_start_of_each_fit(monkeypatch) -> None:
    stream = io.StringIO()
    stream.isatty = lambda: True
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setenv("TERM", "xterm")
    fit(ProgressDisplay())
    assert "\x1b[?25l" in stream.getvalue()


def test_another_thread_prints_lines(capsys) -> None:
    console = terminal()
    thread = threading.Thread(target=lambda: fit(ProgressDisplay(console=console)))
    thread.start()
    thread.join()
    assert text_of(console) == ""
    assert "epoch 3/3" in capsys.readouterr().out


def test_a_console_that_is_a_file_gets_lines(capsys) -> None:
    fit(ProgressDisplay(console=Console(file=io.StringIO())))
    assert "epoch 3/3" in capsys.readouterr().out


# ----- notebooks ----------------------------------------------------------


def test_a_notebook_shows_one_block_that_changes(monkeypatch) -> None:
    states = []

    class Handle:
        def update(self, shown):
            states.append(shown)

    def display(shown, display_id):
        assert display_id is True
        states.append(shown)
        return Handle()

    monkeypatch.setattr(loop_module, "PROGRESS_INTERVAL", -1.0)
    module = types.ModuleType("IPython.display")
    module.HTML, module.display = str, display
    monkeypatch.setitem(sys.modules, "IPython", types.ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    fit(ProgressDisplay(console=Console(force_jupyter=True)))
    assert states[0] == ""
    assert any('<progress max="1" value="0.3333"></progress> epoch 2/3' in s for s in states)
    assert "<progress" not in states[-1]
    assert states[-1].count("\n") == 4
