import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syn0.errors import ArgumentError, DataError
from syn0.schedules import CosineDecay
from syn0.training.feeds import ResidentFeed, StepTable, resolve_batch_size


def rows_of_epoch(feed: ResidentFeed, epoch: int, name: str = "x") -> list[np.ndarray]:
    first = epoch * feed.steps_per_epoch
    return [feed.batch(first + i)[name] for i in range(feed.steps_per_epoch)]


@given(st.integers(1, 40), st.integers(1, 45), st.integers(0, 3), st.booleans())
def test_an_epoch_takes_each_sample_once_in_the_drawn_order(n, batch_size, epoch, shuffle) -> None:
    feed = ResidentFeed({"x": np.arange(n)}, batch_size=batch_size, seed=7, shuffle=shuffle)
    batches = rows_of_epoch(feed, epoch)
    mixed = shuffle and batch_size < n
    order = np.random.default_rng([7, epoch]).permutation(n) if mixed else np.arange(n)
    np.testing.assert_array_equal(np.concatenate(batches), order)
    assert [len(b) for b in batches[:-1]] == [min(batch_size, n)] * (len(batches) - 1)
    assert 1 <= len(batches[-1]) <= batch_size


def test_a_batch_depends_on_its_step_alone() -> None:
    tables = {"learning_rate": StepTable(lambda step: 1 / (1 + step))}
    arrays = {"x": np.arange(10), "y": np.arange(10) * 2}
    feed = ResidentFeed(arrays, batch_size=3, seed=1, tables=tables)
    forward = {step: feed.batch(step) for step in range(12)}
    for step in (11, 0, 7, 7, 3):
        again = feed.batch(step)
        for name in ("x", "y", "learning_rate"):
            np.testing.assert_array_equal(again[name], forward[step][name])
        np.testing.assert_array_equal(again["y"], 2 * again["x"])


def test_orders_differ_between_epochs_and_seeds() -> None:
    feed = ResidentFeed({"x": np.arange(50)}, batch_size=10, seed=1)
    other = ResidentFeed({"x": np.arange(50)}, batch_size=10, seed=2)
    orders = [feed.order(0).tolist(), feed.order(1).tolist(), other.order(0).tolist()]
    assert len(set(map(tuple, orders))) == 3


def test_an_order_of_ones_own() -> None:
    asked = []

    def rolled(first: int, count: int) -> np.ndarray:
        asked.append((first, count))
        return np.array([np.roll(np.arange(5), -epoch) for epoch in range(first, first + count)])

    feed = ResidentFeed({"x": np.arange(5)}, batch_size=2, orders=rolled)
    assert [feed.batch(step)["x"].tolist() for step in (0, 2, 3, 5)] == [[0, 1], [4], [1, 2], [0]]
    assert feed.orders(1, 3)[:, 0].tolist() == [1, 2, 3]
    assert feed.orders(2, 2)[:, 0].tolist() == [2, 3]
    assert asked == [(0, 1), (1, 1), (1, 3)]  # what is known is not drawn again


def test_arrays_keep_their_dtype_and_are_not_copied_unshuffled() -> None:
    images = np.zeros((9, 2, 2), "uint8")
    batch = ResidentFeed({"x": images}, batch_size=4).batch(1)
    assert batch["x"].dtype == "uint8"
    assert batch["x"].shape == (4, 2, 2)
    assert np.shares_memory(ResidentFeed({"x": images}, batch_size=None).batch(3)["x"], images)


@pytest.mark.parametrize(
    ("given_size", "samples", "found"),
    [("auto", 50, 50), ("auto", 900, 200), (None, 9, 9), (64, 9, 9)],
)
def test_batch_size(given_size, samples, found) -> None:
    assert ResidentFeed({"x": np.zeros(samples)}, batch_size=given_size).batch_size == found


def test_batch_size_of_an_unknown_number_of_samples() -> None:
    assert (resolve_batch_size("auto"), resolve_batch_size(5000)) == (200, 5000)


@pytest.mark.parametrize("bad", [0, -1, True, 2.5, "all"])
def test_a_bad_batch_size_is_refused(bad) -> None:
    with pytest.raises(ArgumentError, match="batch_size is"):
        ResidentFeed({"x": np.zeros(3)}, batch_size=bad)


def test_lengths_that_differ_are_named() -> None:
    with pytest.raises(DataError, match="x has 3, y has 4"):
        ResidentFeed({"x": np.zeros(3), "y": np.zeros(4)})
    with pytest.raises(DataError, match="there are no samples"):
        ResidentFeed({"x": np.zeros((0, 2))})


def test_a_table_counts_updates_from_its_offset() -> None:
    table = StepTable(float, "float64", offset=100)
    feed = ResidentFeed({"x": np.zeros(4)}, batch_size=2, tables={"learning_rate": table})
    assert [feed.batch(s)["learning_rate"].item() for s in range(4)] == [100, 101, 102, 103]
    assert feed.batch(0)["learning_rate"].shape == ()


def test_a_schedule_is_asked_for_an_epoch_at_once() -> None:
    schedule = CosineDecay(0.1, 50)
    rows = StepTable(schedule, "float64", offset=3).rows(4, 20)
    np.testing.assert_allclose(rows, [schedule(step) for step in range(7, 27)], rtol=1e-14)


def test_a_schedule_that_is_not_finite_is_named_with_its_step() -> None:
    table = StepTable(lambda step: 1.0 if step < 5 else float("nan"))
    assert table.rows(0, 5).dtype == "float32"
    with pytest.raises(ArgumentError, match="gives nan at step 5"):
        table.rows(3, 4)
