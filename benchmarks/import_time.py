"""How much longer `import syn0` takes than `import numpy`: best of 10, alternating.

    python benchmarks/import_time.py

The bar is 0.05 s on top of NumPy. Two figures are printed: the bare import, and the
import with what building a network loads.
"""

from __future__ import annotations

import subprocess
import sys
import time

ROUNDS = 10
LIMIT = 0.05
STATEMENTS = {
    "numpy": "import numpy",
    "numpy, syn0": "import numpy, syn0",
    "numpy, syn0.Sequential": "import numpy, syn0; syn0.Sequential",
}


def seconds(statement: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return time.perf_counter() - start


def main() -> None:
    best = dict.fromkeys(STATEMENTS, float("inf"))
    for _ in range(ROUNDS):
        for name, statement in STATEMENTS.items():
            best[name] = min(best[name], seconds(statement))
    for name, took in best.items():
        print(f"{name:24} {took:.3f} s   {took - best['numpy']:+.3f} s over numpy")
    if best["numpy, syn0"] - best["numpy"] > LIMIT:
        sys.exit(f"import syn0 takes more than {LIMIT} s over numpy")


if __name__ == "__main__":
    main()
