"""A plan as a page for a person: its phases, kernels, buffers, and what they cost."""

from __future__ import annotations

from syn0.engines.llvm.planning.memory import Call
from syn0.engines.llvm.planning.plan import Plan
from syn0.engines.llvm.planning.schedule import Group

WORDS = {"gemm": "product", "nest": "elements", "reduction": "column sum", "pack": "transpose"}


def page(plan: Plan) -> str:
    """Return a plan as text.

    The head tells what a step costs; below it each phase lists its kernels in order: what
    kind, which values they make, floating-point operations, bytes read and written.
    """
    lines = [*_head(plan)]
    for number, phase in enumerate(plan.phases, 1):
        lines += ["", f"phase {number}"]
        chained = {id(call) for group in phase.groups for call in group.chained}
        for group in phase.groups:
            calls = [call for call in group.calls if id(call) not in chained]
            if calls:
                lines.append(f"  {_group_title(plan, group)}")
                lines += [f"    {_call_line(call)}" for call in calls]
            if group.chained:
                shards = group.chained[0].rows
                lines.append(f"  each at once added to {_group_title(plan, Group(shards))}")
                lines += [f"    {_call_line(call)}" for call in group.chained]
    return "\n".join(lines)


def _head(plan: Plan) -> list[str]:
    calls = plan.calls
    moved = sum(_bytes(call) for call in calls)
    rows = f"{plan.rows} samples"
    if plan.by_rows:
        rows = f"any number of samples, {plan.rows} at a time"
    kernels = len({kernel.symbol for call in calls for kernel in call.kernels})
    barriers = 0 if plan.by_rows else len(plan.phases)
    found = [
        f"{plan.name} for {rows} on {plan.target.name}",
        f"  {_amount(plan.operations, 'FLOP', 1000)} a step, {_amount(moved, 'B', 1024)} read and "
        f"written by {len(calls)} calls of {kernels} kernels",
        f"  {barriers} barriers; memory {_amount(plan.arena_bytes, 'B', 1024)} for values "
        f"(at most {_amount(plan.least_bytes, 'B', 1024)} alive at a time)",
    ]
    if plan.state_bytes:
        found.append(
            f"  {_amount(plan.state_bytes, 'B', 1024)} of state in two copies: a step reads one "
            "and writes the other"
        )
    return found


def _group_title(plan: Plan, group: Group) -> str:
    count = group.rows.count
    if group.rows.batched:
        block = plan.rows if plan.by_rows else group.block
        return f"{count} samples" + (f", {block} at a time" if block < count else "")
    if count <= 1:
        return "one thread"
    if group.rows.shard:
        return f"{count} shards of {group.rows.shard} samples"
    block = group.block
    return f"{count} rows" + (f", {block} at a time" if block < count else "")


def _call_line(call: Call) -> str:
    kind = call.kernel.symbol.split("_")[0]
    cost = _amount(call.operations, "FLOP", 1000) if call.operations else ""
    size = _amount(_bytes(call), "B", 1024)
    label = call.label if len(call.label) <= 60 else call.label[:57] + "..."
    return f"{WORDS.get(kind, kind):<10} {label:<60} {cost:>12} {size:>10}"


def _bytes(call: Call) -> int:
    buffers = {id(b): b for b in (*call.writes, *(b for b, _ in call.reads))}
    return sum(b.bytes for b in buffers.values())


def _amount(number: float, unit: str, step: int) -> str:
    prefixes = ["", "k", "M", "G", "T"]
    while number >= step and len(prefixes) > 1:
        number /= step
        prefixes.pop(0)
    digits = f"{number:.3g}" if number < 999.5 else f"{number:.0f}"
    return f"{digits} {prefixes[0]}{unit}"
