"""Files that are damaged, foreign or made to do harm: refused with our own error, and no more."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mutants
import numpy as np
import pytest
import wares
from conftest import SEED, seeded
from wares import OWN, X, Y, digest, put_together, sealed, take_apart

import syn0
from syn0.errors import FileAccessError, FileFormatError
from syn0.files import container, registry
from syn0.files.refusal import Refused

TESTS = Path(__file__).parents[1]


@functools.cache
def small() -> bytes:
    """Return a file of a small network, fitted for an epoch."""
    net = syn0.Sequential(syn0.Dense(3, "tanh", name="h"), syn0.Dense(2, name="y"), random_state=0)
    net.fit(X, Y, optimizer=syn0.SGD(0.01, momentum=0.9), epochs=1, verbose=0)
    return content_of(net)


@functools.cache
def with_graphs() -> bytes:
    """Return a file of a network with layers and functions of its own."""
    case = OWN["layers"]
    net = case.make()
    case.fit(net, loss=wares.pinball)
    return content_of(net)


def content_of(net: Any) -> bytes:
    from syn0.saving import describe, packed

    return packed(*describe(net, net._trainer))


def refuse(content: bytes, folder: Path, *words: str) -> str:
    """Load a file, which must be refused in these words; return them."""
    place = folder / "bad.syn0"
    place.write_bytes(content)
    with pytest.raises(FileFormatError) as caught, mutants.limited():
        syn0.load(place)
    text = str(caught.value)
    assert text.startswith(f"{place} cannot be loaded: ")
    assert isinstance(caught.value, ValueError)
    for word in words:
        assert word in text
    return text


def with_model(content: bytes, change: Callable[[Any], Any]) -> bytes:
    """Return a file whose model was changed, with a checksum that is right."""
    header, data = take_apart(content)
    model = wares.model_of(header)
    change(model)
    return put_together(sealed(header, model), data)


# ----- the container ------------------------------------------------------


def headers() -> dict[str, tuple[bytes, str]]:
    """Return files with a bad container by what is wrong, each with words of the answer."""
    header, data = take_apart(small())
    entry = dict(header["state/W_h"])
    text = json.dumps(header).encode()

    def told(**changes: Any) -> bytes:
        return put_together({**header, "state/W_h": {**entry, **changes}}, data)

    gap = {**header, "state/W_h": {**entry, "shape": [0, 3], "data_offsets": [0, 0]}}
    return {
        "nothing": (b"", "it has 0 bytes"),
        "seven bytes": (b"\0" * 7, "it has 7 bytes"),
        "no header": (b"\0" * 8, "announce a header of 0 bytes"),
        "a header longer than the file": (small()[:100], "announce a header"),
        "a header of 2**63 bytes": (b"\xff" * 8 + small()[8:], "announce a header"),
        "a header of 100 MB": ((10**8).to_bytes(8, "little") + b"{}", "announce a header"),
        "a zip file": (b"PK\x03\x04" + bytes(200), "announce a header"),
        "a pickle": (b"\x80\x04cos\nsystem\n." + bytes(100), "announce a header"),
        "no UTF-8": (put_together(b'{"\xff":1}', b""), "its header is no JSON"),
        "no JSON": (put_together(b"{nothing}", b""), "its header is no JSON"),
        "a list": (put_together(b"[1, 2]", b""), "no JSON object"),
        "deep lists": (put_together(b"[" * 200_000, b""), "its header is no JSON"),
        "many values": (put_together(b"[" + b"1," * 500_000 + b"1]", b""), "500001 values"),
        "NaN": (put_together(b'{"a":NaN}', b""), "no number of JSON"),
        "a key twice": (put_together(text[:-1] + b', "state/W_h": {}}', data), "twice"),
        "metadata twice": (put_together(text[:-1] + b', "__metadata__": {}}', data), "twice"),
        "no metadata": (put_together({"W": entry}, data), "safetensors file of something else"),
        "other metadata": (
            put_together({**header, "__metadata__": {"format": "pt"}}, data), "of something else"
        ),
        "more metadata": (
            put_together({**header, "__metadata__": {**header["__metadata__"], "a": "b"}}, data),
            "of something else",
        ),
        "metadata of numbers": (
            put_together({**header, "__metadata__": {"syn0": 1}}, data), "are no text"
        ),
        "an unknown dtype": (told(dtype="F8_E4M3"), "it has the dtype 'F8_E4M3'"),
        "a dtype that is none": (told(dtype=["F32"]), "it has the dtype"),
        "a shape below zero": (told(shape=[-4, 3]), "it has the shape [-4, 3]"),
        "a shape of floats": (told(shape=[4.0, 3]), "it has the shape"),
        "a shape of booleans": (told(shape=[True, 3]), "it has the shape"),
        "a petabyte": (told(shape=[2**40, 2**40]), "bytes are needed"),
        "a product that overflows": (told(shape=[2**62, 4]), "it has the shape"),
        "zero times 2**62": (told(shape=[0, 2**62]), "it has the shape"),
        "rank 65": (told(shape=[1] * 65), "it has the shape"),
        "offsets backwards": (told(data_offsets=entry["data_offsets"][::-1]), "bytes are needed"),
        "offsets beyond the end": (told(data_offsets=[10**9, 10**9 + 48]), "do not fill"),
        "offsets of huge numbers": (told(data_offsets=[2**64, 2**64 + 48]), "do not fill"),
        "three offsets": (told(data_offsets=[0, 1, 2]), "it lies at"),
        "an unknown key of a tensor": (told(layout="C"), "is not described"),
        "a tensor that is a number": (put_together({**header, "a": 3}, data), "is not described"),
        "a hole": (put_together(gap, data), "do not fill"),
        "two in one place": (
            put_together({**header, "state/b_h": header["state/b_y"], "state/b_y": {
                **header["state/b_y"]}}, data), "do not fill",
        ),
        "bytes at the end": (small() + b"\0", "do not fill"),
        "bytes missing": (small()[:-1], "do not fill"),
    }  # fmt: skip


HEADERS = headers()


@pytest.mark.parametrize("name", HEADERS)
def test_a_bad_container_is_refused(name: str, tmp_path: Path) -> None:
    refuse(HEADERS[name][0], tmp_path, HEADERS[name][1])


def test_many_tensors_are_refused_before_the_library_sees_them(
    tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(container, "MOST_TENSORS", 5)
    refuse(small(), tmp_path, "at most 5")


# ----- what it says of the network ----------------------------------------


def put(*path: Any, value: Any) -> Callable[[Any], None]:
    """Return a change that puts a value at a place of the JSON."""

    def change(model: Any) -> None:
        for key in path[:-1]:
            model = model[key]
        model[path[-1]] = value

    return change


ENTRANCE = {
    "is": "record", "kind": "layers.Input", "fields": {"shape": None, "dtype": None, "name": None}
}  # fmt: skip
FLATTEN = {"is": "record", "kind": "layers.Flatten", "fields": {"name": None}}
LAYER = ("network", "layers", 1)
GRAPH = ("own", 1, "graphs", 0)
MODELS: dict[str, tuple[Callable[[], bytes], Callable[[Any], Any], str]] = {
    "an unknown field": (small, put("more", value=1), "unknown field"),
    "a missing field": (small, lambda m: m.pop("seed"), "missing required field `seed`"),
    "an unsafe switch": (small, put("unsafe", value=True), "unknown field"),
    "an import path": (small, put(*LAYER, "kind", value="os.system"), "it names 'os.system'"),
    "a builtin": (small, put(*LAYER, "kind", value="builtins.eval"), "it names"),
    "a private name": (small, put(*LAYER, "kind", value="layers.__class__"), "it names"),
    "the base of layers": (small, put(*LAYER, "kind", value="layers.Layer"), "it names"),
    "another family": (small, put(*LAYER, "kind", value="losses.Huber"), "has no field"),
    "a field that does not exist": (
        small, put(*LAYER, "fields", "__class__", value="x"), "has no field '__class__'"
    ),
    "a field of another type": (
        small, put(*LAYER, "fields", "use_bias", value="no"), "use_bias='no'"
    ),
    "units below 1": (small, put(*LAYER, "fields", "units", value=-3), "units"),
    "units without end": (small, put(*LAYER, "fields", "units", value=2**39), "has the shape"),
    "units beyond JSON": (
        small, put(*LAYER, "fields", "units", value=10**30), "not one of a model"
    ),
    "an unknown activation": (
        small, put(*LAYER, "fields", "activation", value="rellu"), "there is no activation"
    ),
    "a function that does not exist": (
        small,
        put(*LAYER, "fields", "activation", value={"is": "function", "name": "os.system"}),
        "names the function",
    ),
    "an initializer as activation": (
        small, put(*LAYER, "fields", "activation", value={"is": "initial"}), "cannot be loaded"
    ),
    "a name that is code": (
        small,
        put("network", "nodes", 1, "label", value="x = __import__('os')"),
        "cannot be the name",
    ),
    "an input that is code": (small, put("network", "input_names", 0, value="x\ny"), "cannot be"),
    "an output called class": (
        small, put("network", "output_names", 0, value="class"), "cannot be"
    ),
    "an input called y": (small, put("network", "input_names", 0, value="y"), "an input is called"),
    "a node that reads itself": (
        small, put("network", "nodes", 1, "inputs", value=[1]), "not there"
    ),
    "a node that reads a later one": (
        small, put("network", "nodes", 1, "inputs", value=[2]), "not there"
    ),
    "a layer that is not there": (small, put("network", "nodes", 1, "layer", value=9), "not there"),
    "two inputs of one": (small, put("network", "inputs", value=[0, 0]), "cannot be loaded"),
    "no outputs": (small, put("network", "outputs", value=[]), "not among its nodes"),
    "a frozen stranger": (small, put("network", "frozen", value=["z"]), "'z' is frozen"),
    "a settled stranger": (small, put("network", "settled", value=["z"]), "'z' is settled"),
    "another dtype": (small, put("network", "dtype", value="float64"), "float32 and float64"),
    "no such dtype": (small, put("network", "dtype", value="float16"), "not one of a model"),
    "another shape": (small, put("input_shapes", 0, value=[5]), "has the shape"),
    "a shape of a batch": (
        small,
        put("input_shapes", 0, value=[{"name": "batch", "scale": 1, "offset": 0, "divisor": 1}]),
        "a sample has the shape",
    ),
    "a seed below 0": (small, put("seed", value=-1), "not one of a model"),
    "another seed": (small, put("seed", value=5), "its seed"),
    "a checksum less": (small, lambda m: m["checksums"].pop("state/W_h"), "is in one only"),
    "another checksum": (small, put("checksums", "state/W_h", value="0" * 64), "the checksum"),
    "an unknown optimizer": (small, put("training", "optimizer", value="adamm"), "adamm"),
    "an optimizer of text": (
        small, put("training", "optimizer", "fields", "momentum", value="0.9"), "momentum="
    ),
    "momentum of 1": (
        small, put("training", "optimizer", "fields", "momentum", value=1.0), "momentum"
    ),
    "no slots": (
        small,
        put("training", "optimizer", "fields", "momentum", value=0.0),
        "belongs to nothing",
    ),
    "parameters that learn and are none": (
        small, put("training", "trainable", value=["W_z"]), "were learned"
    ),
    "a loss that is a layer": (
        small,
        put("training", "task", "losses", 0, value=FLATTEN),
        "are no losses",
    ),
    "a loss of an output that is not there": (
        small, put("training", "loss", value={"is": "output", "node": 99}), "the output 99"
    ),
    "two losses": (
        small, lambda m: m["training"]["task"]["losses"].append(None), "one of 1 outputs"
    ),
    "a history of other length": (small, put("history", "epochs", value=5), "history/loss"),
    "a history without keys": (small, put("history", "keys", value=[]), "its history"),
    "an own part that is not there": (
        small, put(*LAYER, "fields", "activation", value={"is": "own", "number": 7}), "own part 7"
    ),
    "an own part in itself": (
        with_graphs,
        put("own", 1, "fields", value={"a": {"is": "own", "number": 1}}),
        "own part 1",
    ),
    "an op that does not exist": (
        with_graphs,
        put(*GRAPH, "nodes", value=[{"is": "apply", "op": "eval", "inputs": [0]}]),
        "'eval'",
    ),
    "an op that trusts": (
        with_graphs,
        put(*GRAPH, "nodes", value=[{"is": "apply", "op": "unslice", "inputs": [0]}]),
        "'unslice'",
    ),
    "a value that reads itself": (
        with_graphs,
        put(*GRAPH, "nodes", value=[{"is": "apply", "op": "exp", "inputs": [0]}]),
        "comes after it",
    ),
    "an output beyond the graph": (with_graphs, put(*GRAPH, "outputs", value=[99]), "its value 99"),
    "a name that is code in a graph": (
        with_graphs, put(*GRAPH, "nodes", -1, "name", value="a; b"), "cannot be a name"
    ),
    "a parameter that is code": (
        with_graphs,
        lambda m: m["own"][1]["parameters"].update({"a b": m["own"][1]["parameters"]["gain"]}),
        "cannot be a name",
    ),
    "a constant that is not there": (
        with_graphs,
        put(*GRAPH, "nodes", 0, value={"is": "constant", "dtype": "float32", "tensor": 9}),
        "constant/9",
    ),
    "an attribute that the op has not": (
        with_graphs, put(*GRAPH, "nodes", -1, "attributes", value={"axis": 0}), "has the attributes"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_a_bad_description_is_refused(name: str, tmp_path: Path) -> None:
    base, change, words = MODELS[name]
    refuse(with_model(base(), change), tmp_path, words)


def test_a_newer_file_says_what_to_do(tmp_path: Path) -> None:
    header, data = take_apart(small())
    newer = sealed(header, '{"anything": [1, 2]}', format_version=2)
    refuse(put_together(newer, data), tmp_path, "version 2", "pip install --upgrade syn0")
    older = sealed(header, wares.model_of(header), format_version=0)
    refuse(put_together(older, data), tmp_path, "version 0", "expected: version 1")
    other = sealed(header, wares.model_of(header), format="another model")
    refuse(put_together(other, data), tmp_path, "it is of the format 'another model'")


@pytest.mark.parametrize("name", ["state/W_h", "state/learning_rate", "state/velocity_W_h"])
def test_numbers_that_are_not_finite_are_refused(name: str, tmp_path: Path) -> None:
    header, data = take_apart(small())
    begin, end = header[name]["data_offsets"]
    nan = np.full((end - begin) // 4, np.nan, "float32").tobytes()
    data = data[:begin] + nan + data[end:]
    model = {**wares.model_of(header), "checksums": wares.checked(header, data)}
    bad = put_together(sealed(header, model), data)
    refuse(bad, tmp_path, f"{name.removeprefix('state/')} holds numbers that are not finite")


def test_a_step_below_zero_is_refused(tmp_path: Path) -> None:
    header, data = take_apart(small())
    begin, end = header["state/step"]["data_offsets"]
    data = data[:begin] + np.int64(-5).tobytes() + data[end:]
    model = {**wares.model_of(header), "checksums": wares.checked(header, data)}
    refuse(put_together(sealed(header, model), data), tmp_path, "number of steps")


# ----- bombs --------------------------------------------------------------


def inside(layers: list[Any], times: int) -> dict[str, Any]:
    """Return a network as a layer, which goes through its last layer several times."""
    nodes = [{"layer": 0, "inputs": [], "label": None}]
    for _ in range(times):
        nodes.append({"layer": 1, "inputs": [len(nodes) - 1], "label": "a"})
    network = {
        "kind": "Model", "name": None, "dtype": "float32", "layers": layers, "nodes": nodes,
        "own_nodes": len(nodes), "inputs": [0], "outputs": [len(nodes) - 1],
        "input_names": ["x"], "output_names": ["a"], "frozen": [], "settled": [],
    }  # fmt: skip
    return {"is": "inside", "network": network, "residual": False}


@pytest.mark.parametrize(("depth", "times"), [(5, 40), (7, 1000), (7, 2)])
def test_networks_within_networks_do_not_multiply(depth: int, times: int, tmp_path: Path) -> None:
    """A billion layers in a few lines, as a billion laughs were once in a few of XML."""
    layer: Any = FLATTEN
    for _ in range(depth):
        layer = inside([ENTRANCE, layer], times)
    bomb = with_model(small(), put(*LAYER, value=layer))
    if times == 2:  # few: refused for another reason, its tensors
        refuse(bomb, tmp_path, "cannot be loaded")
    else:
        refuse(bomb, tmp_path, "one pass through its network is")


def test_networks_nested_deeply_are_refused(tmp_path: Path) -> None:
    layer: Any = FLATTEN
    for _ in range(60):
        layer = inside([ENTRANCE, layer], 1)
    refuse(with_model(small(), put(*LAYER, value=layer)), tmp_path, "deep")


def test_values_nested_deeply_are_refused(tmp_path: Path) -> None:
    value: Any = None
    for _ in range(300):
        value = {"is": "items", "items": [value]}
    refuse(with_model(small(), put("training", "loss", value=value)), tmp_path, "deep")
    header, data = take_apart(small())
    text = '{"is":"items","items":[' * 50_000
    refuse(put_together(sealed(header, text), data), tmp_path, "is no JSON")


def test_a_graph_that_is_long_is_refused(tmp_path: Path) -> None:
    nodes = [{"is": "argument", "number": 0}]
    nodes += [{"is": "apply", "op": "exp", "inputs": [i]} for i in range(30_000)]
    refuse(with_model(with_graphs(), put(*GRAPH, "nodes", value=nodes)), tmp_path, "one pass")


def test_a_mask_as_large_as_a_disk_is_never_made(tmp_path: Path) -> None:
    x = syn0.Input((4, 3), name="x")
    net = syn0.Model(x, syn0.Attention(causal=True)(x), random_state=0).build()
    content = content_of(net)
    million = [10**6, 3]
    shape = {"is": "items", "items": million}

    def change(model: Any) -> None:
        model["input_shapes"][0] = million
        model["network"]["layers"][0]["fields"]["shape"] = shape

    place = tmp_path / "long.syn0"
    place.write_bytes(with_model(content, change))
    with mutants.limited():
        assert syn0.load(place).input_shape == (10**6, 3)  # as it says: there is nothing in it


# ----- every byte, and many mutants ---------------------------------------


def test_every_byte_that_is_flipped_is_refused_or_no_part_of_the_data(tmp_path: Path) -> None:
    net = syn0.Sequential(syn0.Dense(1, name="h"), random_state=0).build((1,))
    place, whole = tmp_path / "net.syn0", bytearray(content_of(net))
    place.write_bytes(whole)
    wanted = digest(syn0.load(place))
    rng, same = seeded("every byte"), 0
    for i in range(len(whole)):
        whole[i] ^= (change := int(rng.integers(1, 256)))
        if not mutants.load_or_refuse(bytes(whole), place):
            same += 1
            assert digest(syn0.load(place)) == wanted
        whole[i] ^= change
    assert same < 20  # blanks at the end of the header may be other blanks


SCRIPT = """
    import sys, warnings
    warnings.simplefilter("error")
    sys.path[:0] = {paths!r}
    import resource
    from pathlib import Path
    import numpy as np
    import mutants, wares, test_hostile
    seed, count, place = {seed}, {count}, Path({place!r})
    bases = [test_hostile.small(), test_hostile.with_graphs()]
    for case in wares.OWN.values():
        net = case.make()
        case.fit(net, **case.options)
        bases.append(test_hostile.content_of(net))
    for base in bases:
        assert mutants.load_or_refuse(base, place) == ""
    rng = np.random.default_rng(seed)
    warm = [mutants.load_or_refuse(mutants.mutate(bases[0], rng), place) for _ in range(50)]
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    most = max(map(len, bases))
    # Twice the file and 64 MB: an array that is larger is a MemoryError, which is none of ours.
    resource.setrlimit(resource.RLIMIT_AS, (used + 2 * most + 64 * 2**20,) * 2)
    loaded = 0
    for number in range(count):
        content = mutants.mutate(bases[rng.integers(len(bases))], rng)
        try:
            loaded += mutants.load_or_refuse(content, place) == ""
        except BaseException:
            print("mutant", number, "of seed", seed, file=sys.stderr)
            raise
    print(loaded, number + 1)
"""


def check_mutants(count: int, seed: int, folder: Path) -> None:
    """Load so many mutants in a process of their own, whose memory is limited."""
    paths = [str(Path(__file__).parent), str(TESTS)]
    script = SCRIPT.format(paths=paths, seed=seed, count=count, place=str(folder / "mutant.syn0"))
    done = run(script)
    loaded, tried = map(int, done.split())
    assert tried == count
    assert loaded < count / 4, "most changes must be noticed"


def run(script: str) -> str:
    """Run a script in a process of its own; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True
    )
    assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
    return done.stdout.strip()


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="limits memory as Linux does")
def test_mutants_are_refused_with_our_own_error(tmp_path: Path) -> None:
    check_mutants(150, SEED, tmp_path)


LARGE = """
    import os, resource, syn0
    small, large = {small!r}, {large!r}
    syn0.load(small)
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    most = used + 2 * os.path.getsize(large) + 64 * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    print(syn0.load(large).output_shape)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="limits memory as Linux does")
def test_a_large_file_needs_twice_its_size_at_most(tmp_path: Path) -> None:
    for name, units in (("small", 3), ("large", 4000)):
        net = syn0.Sequential(syn0.Dense(units, initializer="zeros", name="h"), random_state=0)
        net.build((4000,)).save(tmp_path / name)
    script = LARGE.format(small=str(tmp_path / "small"), large=str(tmp_path / "large"))
    assert run(script) == "(4000,)"


# ----- what loading does to the machine -----------------------------------

AUDIT = """
    import sys
    sys.path[:0] = {paths!r}
    from pathlib import Path
    import mutants, test_hostile, syn0
    place = Path({place!r})
    place.write_bytes(test_hostile.with_graphs())
    syn0.load(place)  # brings the modules in that it needs
    bad = [place.with_name(f"{{i}}.syn0") for i in range(len(test_hostile.MODELS))]
    for path, (base, change, _) in zip(bad, test_hostile.MODELS.values()):
        path.write_bytes(test_hostile.with_model(base(), change))
    allowed = {{"builtins.id", "object.__getattr__", "object.__setattr__"}}
    seen = []

    def hook(event, arguments):
        if not watching:
            return
        if event == "open":
            name, mode, flags = arguments
            import os
            if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC) or not str(
                    name).endswith(".syn0") and not isinstance(name, int):
                seen.append((event, arguments))
        elif event not in allowed:
            seen.append((event, arguments))

    watching = False
    sys.addaudithook(hook)
    before = set(sys.modules)
    for path in (place, *bad):
        watching = True
        try:
            syn0.load(path)
        except syn0.errors.FileFormatError:
            pass
        finally:
            watching = False
    assert set(sys.modules) == before, set(sys.modules) - before
    assert not seen, seen[:5]
    watching = True
    compile("1", "a", "eval")  # the hook does watch
    watching = False
    assert seen
    print("nothing")
"""


def test_loading_imports_runs_connects_to_and_writes_nothing(tmp_path: Path) -> None:
    paths = [str(Path(__file__).parent), str(TESTS)]
    assert run(AUDIT.format(paths=paths, place=str(tmp_path / "net.syn0"))) == "nothing"


# ----- paths --------------------------------------------------------------


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileAccessError, match=r"nowhere\.syn0 cannot be read: No such file"):
        syn0.load(tmp_path / "nowhere.syn0")
    with pytest.raises((FileAccessError, FileFormatError), match="cannot be"):
        syn0.load(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with names")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.syn0")
    with pytest.raises(FileFormatError, match="a pipe or a device"):
        syn0.load(tmp_path / "pipe.syn0")


# ----- the closed list ----------------------------------------------------


def test_the_list_of_classes_is_complete() -> None:
    from syn0 import activations, initializers, losses, metrics, optimizers, penalties, schedules
    from syn0.names import Record

    named = set(registry.NAMES)
    # Bases, a schedule that is stored as its function, and what is no setting of anything.
    left_out = set("Initializer Loss Metric Decision Optimizer Schedule FunctionSchedule".split())
    for room in (activations, initializers, losses, metrics, optimizers, penalties, schedules):
        for name, kind in vars(room).items():
            record = isinstance(kind, type) and issubclass(kind, Record) and kind is not Record
            if record and not name.startswith("_") and name not in left_out:
                assert kind in named, name
    for name in syn0.layers.__all__:
        assert name == "Layer" or getattr(syn0.layers, name) in named


def test_a_field_takes_what_its_annotation_says() -> None:
    with pytest.raises(Refused, match="use_bias=1"):
        registry.make("layers.Dense", {"units": 3, "use_bias": 1})
    with pytest.raises(Refused, match=r"activation=\(1,\)"):
        registry.make("layers.Dense", {"units": 3, "activation": (1,)})
    assert registry.make("layers.Dense", {"units": 3}) == syn0.Dense(3)
