"""Features of every name, for tests: with their weights."""

import functools

import torch
from torch import nn

from isthmus.core.part import lookup, names, part
from isthmus.parts.catalogue import load_all

load_all()

NAMES = [name for name in names("features") if lookup(f"features/{name}").__module__.startswith("isthmus.")]


@part("module/edges")
class Edges(nn.Module):
    """A user's module: differences of means of 4 x 4 pixels, of red or grey alone."""

    def __init__(self, maps=2):
        super().__init__()
        self.conv = nn.Conv2d(1, maps, 3, padding=1)

    def forward(self, x):
        return self.conv(nn.functional.avg_pool2d(x[:, :1], 4))


def arguments(name):
    """Return the arguments that features need."""
    return {"module": Edges(), "maps": 2, "stride": 4, "reach": 4} if name == "module" else {}


@functools.cache
def features(name):
    """Return features with their weights, one object for each name."""
    torch.manual_seed(0)
    made = lookup(f"features/{name}")(**arguments(name))
    made.initialize()
    return made
