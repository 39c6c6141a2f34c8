"""Parameters and whole training runs in files: exact, checked, and never half written.

The files are in the format safetensors, which other programs read; nothing in them is ever
executed. A damaged one, or one of another model, is a FormatError, and nothing has changed.

>>> from tempfile import TemporaryDirectory
>>> from autograd_lite import nn
>>> mlp = nn.MLP([2, 3, 1], rng=1)
>>> with TemporaryDirectory() as folder:
...     save(mlp, folder + "/model.safetensors")
...     again = load_model(folder + "/model.safetensors")
>>> [p.data for p in again.parameters()] == [p.data for p in mlp.parameters()]
True
"""

from autograd_lite.storage.checkpoints import Checkpoint, read_checkpoint, save_checkpoint
from autograd_lite.storage.parameters import load_into, load_model, load_values, save

__all__ = [
    "Checkpoint", "load_into", "load_model", "load_values", "read_checkpoint", "save",
    "save_checkpoint",
]  # fmt: skip
