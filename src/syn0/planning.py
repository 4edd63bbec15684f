"""The plan by which the compiler runs a network, for a person to read."""

from __future__ import annotations

from typing import Any

from syn0.engines import choose
from syn0.engines.llvm import LLVMExecutable
from syn0.errors import ArgumentError, EngineError
from syn0.trainer import Trainer
from syn0.training.record import Record

PROGRAMS = ("train_step", "loss_and_gradient", "predict")


def plan_text(trainer: Trainer, program: str | None, batch_size: int | None) -> str:
    """Return the plan of a program of a network; see `Model.plan`."""
    model, record = trainer.model, trainer.record
    minimized = record is not None and record.plan.minimizer is not None
    trains = "loss_and_gradient" if minimized else "train_step"
    program = program or ("predict" if record is None else trains)
    if program not in PROGRAMS:
        raise ArgumentError(f"there is no program {program!r}.", expected=" or ".join(PROGRAMS))
    if batch_size is not None and (not isinstance(batch_size, int) or batch_size < 1):
        raise ArgumentError(f"batch_size is {batch_size!r}.", expected="a whole number from 1 on")
    engine, why = choose(model.engine)
    options: dict[str, Any] = {}
    if program != "predict":
        options = _options(program, record)
        batch_size = batch_size or (record.batch_size if record is not None else None)
    model.known_layout()
    executable = model.executable(program, **options)
    if not isinstance(executable, LLVMExecutable):
        raise EngineError(
            f"engine {engine.name} ({why}) runs the printed program line by line, without a plan.",
            mend="net.show_code() shows that program; plans belong to engine='llvm'",
        )
    return executable.plan_text(batch_size)


def _options(program: str, record: Record | None) -> dict[str, Any]:
    """Return what a program of training is made from: the last fit."""
    if record is None:
        raise ArgumentError(
            "the network has not been trained, so its loss and optimizer are not known.",
            mend="call net.fit first, or net.plan('predict')",
        )
    plan, minimizer = record.plan, record.plan.minimizer
    if program == "train_step":
        if minimizer is not None:
            raise ArgumentError(
                f"{plan.describe()} steps outside of the compiled programs.",
                mend="net.plan('loss_and_gradient') shows what it calls",
            )
        return {"task": record.task, "plan": plan}
    options = {"task": record.task, "trainable": tuple(plan.trainable)}
    return options if minimizer is None else {**options, "plan": plan}
