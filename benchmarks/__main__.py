"""``python -m benchmarks [dense | images | scaling | workload ...]``: syn0 beside its peers.

Prints tables, and writes what was measured and a picture of it into a folder.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks import cores

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    arguments = _arguments()
    cores.keep_to(arguments.threads)  # before NumPy and the others count the cores
    arguments.results.mkdir(parents=True, exist_ok=True)
    if arguments.what == ["scaling"]:
        _scaling(arguments)
    else:
        _compare(arguments)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "what", nargs="*", default=["dense"], help="dense, images, scaling, or workloads"
    )
    parser.add_argument("--threads", type=int, default=2, help="how many cores all may use")
    parser.add_argument("--rounds", type=int, default=7, help="how often each runs, in turn")
    parser.add_argument("--seconds", type=float, default=0.3, help="how long at a time")
    parser.add_argument("--first", type=int, default=3, help="fresh processes for first steps")
    parser.add_argument(
        "--peers", default="torch,jax,onnxruntime,sklearn,numpy", help="beside syn0"
    )
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder to write to")
    return parser.parse_args()


def _compare(arguments: argparse.Namespace) -> None:
    from benchmarks import peers, picture
    from benchmarks.measuring import measure
    from benchmarks.report import Report
    from benchmarks.suites import BY_NAME, SUITES

    suites = {suite: [w.name for w in workloads] for suite, workloads in SUITES.items()}
    names = [name for word in arguments.what for name in suites.get(word, [word])]
    unknown = [name for name in names if name not in BY_NAME]
    if unknown:
        sys.exit(f"there is no workload {unknown[0]!r}; there are {', '.join(BY_NAME)}")
    results = []
    for name in names:
        print(f"{name}: {BY_NAME[name].says} ...", file=sys.stderr, flush=True)
        found = measure(
            BY_NAME[name], arguments.peers.split(","), arguments.threads,
            rounds=arguments.rounds, seconds=arguments.seconds, first_calls=arguments.first,
        )  # fmt: skip
        results.append(found)
    report = Report(
        cores.processor(), arguments.threads, arguments.rounds, peers.versions(), results
    )
    print(report.text())
    stem = arguments.results / "-".join(arguments.what)
    report.save(stem.with_suffix(".json"))
    picture.draw_report(report, stem.with_suffix(".svg"))


def _scaling(arguments: argparse.Namespace) -> None:
    from benchmarks import picture, scaling

    found = []
    for sweep in scaling.sweeps(
        arguments.threads, rounds=arguments.rounds, seconds=arguments.seconds / 3
    ):
        print(scaling.text(sweep), end="\n\n", flush=True)
        found.append(sweep)
    scaling.save(found, arguments.results / "scaling.json")
    picture.draw_scaling(found, arguments.results / "scaling.svg")


if __name__ == "__main__":
    main()
