"""Training: feeds, the loop, events, callbacks, progress and history."""

from syn0.training.callbacks import Callback, CSVLogger, LambdaCallback
from syn0.training.checkpoints import Checkpoint
from syn0.training.history import History
from syn0.training.monitors import EarlyStopping, ReduceLROnPlateau

__all__ = [
    "Callback",
    "CSVLogger",
    "Checkpoint",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "ReduceLROnPlateau",
]
