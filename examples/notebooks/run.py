"""Runs the notebooks from start to end and stores what they put out.

    python examples/notebooks/run.py             # stores it in the notebooks themselves
    python examples/notebooks/run.py --out DIR   # writes copies into another folder

Needs the `test` extra. Each notebook has a kernel and an empty folder of its own. Nothing is
stored that tells when, where or by whom it was run.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

HERE = Path(__file__).parent
SECONDS = 300  # for a cell, on however busy a machine


def run(path: Path, folder: Path) -> Any:
    """Return the notebook of a file as it is after running it in a folder."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=SECONDS, kernel_name="python3", record_timing=False,
        resources={"metadata": {"path": str(folder)}}, coalesce_streams=True,
        extra_arguments=["--IPKernelApp.log_level=40"],  # says each time that TCP is not encrypted
    )  # fmt: skip
    client.execute()
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        cell.metadata = {}
    return notebook


def main() -> None:
    """Run the notebooks of this folder."""
    import nbformat

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE, help="where to write them")
    parser.add_argument("names", nargs="*", help="which; all by default")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    for path in sorted(HERE.glob("*.ipynb")):
        if given.names and path.stem not in given.names:
            continue
        with TemporaryDirectory() as folder:
            # What people have set up for their own kernels stays out of it.
            os.environ["IPYTHONDIR"] = str(Path(folder, "ipython"))
            os.environ["JUPYTER_RUNTIME_DIR"] = str(Path(folder, "runtime"))
            work = Path(folder, "work")
            work.mkdir()
            nbformat.write(run(path, work), given.out / path.name)


if __name__ == "__main__":
    main()
