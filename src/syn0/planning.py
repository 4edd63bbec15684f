"""The plan by which the compiler runs a network, for a person to read."""

from __future__ import annotations

from typing import Any

from syn0.engines import choose
from syn0.engines.llvm import LLVMExecutable
from syn0.errors import ArgumentError, EngineError
from syn0.trainer import Trainer

PROGRAMS = ("train_step", "predict")


def plan_text(trainer: Trainer, program: str | None, batch_size: int | None) -> str:
    """Return the plan of a program of a network; see `Model.plan`."""
    model, record = trainer.model, trainer.record
    program = program or ("predict" if record is None else "train_step")
    if program not in PROGRAMS:
        raise ArgumentError(f"there is no program {program!r}.", expected=" or ".join(PROGRAMS))
    if batch_size is not None and (not isinstance(batch_size, int) or batch_size < 1):
        raise ArgumentError(f"batch_size is {batch_size!r}.", expected="a whole number from 1 on")
    engine, why = choose(model.engine)
    options: dict[str, Any] = {}
    if program == "train_step":
        if record is None:
            raise ArgumentError(
                "the network has not been trained, so its loss and optimizer are not known.",
                mend="call net.fit first, or net.plan('predict')",
            )
        options = {"task": record.task, "plan": record.plan}
        batch_size = batch_size or record.batch_size
    model.known_layout()
    executable = model.executable(program, **options)
    if not isinstance(executable, LLVMExecutable):
        raise EngineError(
            f"engine {engine.name} ({why}) runs the printed program line by line, without a plan.",
            mend="net.show_code() shows that program; plans belong to engine='llvm'",
        )
    return executable.plan_text(batch_size)
