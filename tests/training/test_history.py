import copy
import math

import pytest

from syn0.training import History


def rows(*pairs) -> History:
    history = History()
    for pair in pairs:
        history.append(pair)
    return history


def test_it_is_a_mapping_of_lists() -> None:
    history = rows({"loss": 2, "accuracy": 0.5}, {"loss": 1, "accuracy": 0.75})
    assert dict(history) == {"loss": [2.0, 1.0], "accuracy": [0.5, 0.75]}
    assert history == {"loss": [2.0, 1.0], "accuracy": [0.5, 0.75]}
    assert list(history) == ["loss", "accuracy"]
    assert history.epochs == 2
    assert copy.deepcopy(history) == history


def test_columns_stay_aligned() -> None:
    history = rows({"loss": 1.0}, {"loss": 2.0, "val_loss": 3.0}, {"val_loss": 4.0})
    assert math.isnan(history["val_loss"][0])
    assert history["val_loss"][1:] == [3, 4]
    assert math.isnan(history["loss"][2])


def test_extend_adds_all_rows() -> None:
    history = rows({"loss": 1.0})
    history.extend(rows({"loss": 2.0}, {"loss": 3.0}))
    assert (history["loss"], history.epochs) == ([1, 2, 3], 3)


def test_an_unknown_name_is_a_key_error_with_a_hint() -> None:
    with pytest.raises(KeyError, match="did you mean 'accuracy'"):
        rows({"accuracy": 1.0})["acuracy"]
    with pytest.raises(KeyError, match="it is empty"):
        History()["loss"]
    assert "loss" not in History()
    assert History().get("loss") is None


def test_it_shows_itself() -> None:
    assert repr(History()) == "History(0 epochs)"
    assert repr(rows({"loss": 1e-5})) == "History(1 epoch: loss 1.000e-05 -> 1.000e-05)"


@pytest.mark.parametrize(("epochs", "shown"), [(0, 0), (1, 1), (20, 20), (21, 11), (1000, 20)])
def test_a_notebook_shows_a_table_of_some_twenty_rows(epochs, shown) -> None:
    history = History(first_epoch=100)
    for epoch in range(epochs):
        history.append({"<b>": float(epoch)})
    table = history._repr_html_()
    assert table.count("<tr>") == 1 + shown
    if epochs:
        assert "&lt;b&gt;" in table
        assert f"<tr><td>101</td><td>{0:.4f}</td></tr>" in table
        assert f"<tr><td>{100 + epochs}</td><td>{epochs - 1:.4f}</td></tr></tbody>" in table
