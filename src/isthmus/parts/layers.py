"""Plain modules that any kind of part may use; nothing is registered here."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from itertools import pairwise
from typing import Any, cast

import torch
from torch import Tensor, nn

from isthmus.support.errors import InputError, unknown

ACTIVATIONS: dict[str, type[nn.Module]] = {"gelu": nn.GELU, "silu": nn.SiLU, "relu": nn.ReLU, "tanh": nn.Tanh}


FLOOR = 1e-3
"""Components below this fraction of the first one's variance are not stretched to unit variance: noise would be."""


CONSTANT = 1e-12
"""The variance of a channel that is the same everywhere, but for rounding, in the units of x."""


BLOCK = 8
"""Side of a block of `dct`."""


CONV: tuple[Any, ...] = (nn.Conv1d, nn.Conv2d)
TRANSPOSED: tuple[Any, ...] = (nn.ConvTranspose1d, nn.ConvTranspose2d)
FUNCTIONAL: tuple[Any, ...] = (nn.functional.conv1d, nn.functional.conv2d)
POOL: tuple[Callable[..., Tensor], ...] = (nn.functional.avg_pool1d, nn.functional.avg_pool2d)
"""For rows of one axis (windows of signals) and of two (images), beside the channels."""


def activation(name: str) -> nn.Module:
    """Return a new activation by its name."""
    if name not in ACTIVATIONS:
        raise InputError(unknown("activation", name, ACTIVATIONS))
    return ACTIVATIONS[name]()


def stack(widths: Sequence[int], act: str, norm: bool = True) -> nn.Sequential:
    """Return linear layers of these widths, an activation after all but the last, which starts at zero.

    `norm` puts LayerNorm before all but the first.
    """
    layers: list[nn.Module] = []
    for index, (a, b) in enumerate(pairwise(widths)):
        layers += [nn.LayerNorm(a)] if index and norm else []
        layers += [nn.Linear(a, b), activation(act)]
    return nn.Sequential(*zero_last(layers[:-1]))


def kernels(module: nn.Module) -> list[nn.Parameter]:
    """Return the weights of linear layers and convolutions that are matrices of at least two rows and columns."""
    kinds = (nn.Linear, *CONV, *TRANSPOSED)
    weights = [cast(nn.Parameter, layer.weight) for layer in module.modules() if isinstance(layer, kinds)]
    return [weight for weight in weights if min(weight.flatten(1).shape) > 1]


def zero_last(layers: list[nn.Module]) -> list[nn.Module]:
    """Set weights and bias of the last layer to zero: what it ends starts as if it were not there."""
    for parameter in layers[-1].parameters():
        nn.init.zeros_(parameter)
    return layers


class LinearSkip(nn.Module):
    """``W x + body(x)``: a linear path that carries what a linear map can, and a body that learns the rest.

    The body starts at zero, so that training starts from the linear path's solution.

    Parameters
    ----------
    body : nn.Module
        Maps (batch, d_in) to (batch, d_out); its last layer is zero at the start.
    d_in, d_out : int
        Sizes of a row.
    """

    def __init__(self, body: nn.Module, d_in: int, d_out: int) -> None:
        super().__init__()
        self.linear = nn.Linear(d_in, d_out)
        self.body = body

    def forward(self, x: Tensor) -> Tensor:
        """Return the sum of both paths."""
        linear: Tensor = self.linear(x)
        rest: Tensor = self.body(x)
        return linear + rest


def principal_axes(x: Tensor, k: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return mean (d,), the first k principal axes (k, d), and the variances (k,) along them.

    Fewer than k are returned where the rows do not span k dimensions.
    """
    mean = x.mean(0)
    centred = x - mean
    n, d = x.shape
    k = min(k, n, d)
    if d <= max(2048, 8 * k) and n > 1:
        values, vectors = torch.linalg.eigh((centred.T @ centred).double() / (n - 1))
        axes, variance = vectors.flip(1)[:, :k].T, values.flip(0)[:k]
    else:
        _, singular, vectors = torch.svd_lowrank(centred, q=min(k + 10, n, d), niter=4)
        axes, variance = vectors[:, :k].T.double(), singular[:k].double().square() / max(n - 1, 1)
    kept = variance > variance[:1].clamp_min(1e-12) * 1e-7
    return mean, axes[kept].to(x.dtype), variance[kept].to(x.dtype)


def centre(layers: nn.Module, x: Tensor) -> None:
    """Let the first linear layer of some see x less its mean at the start."""
    first = next(layer for layer in layers.modules() if isinstance(layer, nn.Linear))
    first.bias.copy_(-first.weight @ x.mean(0))


def whiten(linear: nn.Linear, x: Tensor, k: int) -> Tensor:
    """Set the first k outputs of a linear layer to the whitened principal components of x, the others to zero.

    Where x has fewer than k components the rest are random mixtures of them, of unit variance too.

    Returns
    -------
    Tensor of shape (k,)
        The fraction of noise in each component's variance, by probabilistic PCA (Tipping & Bishop 1999): the mean
        variance of the components left out, over its own.
    """
    mean, axes, variance = principal_axes(x, k)
    rows = axes / variance.clamp_min(FLOOR * variance[:1]).sqrt()[:, None] if len(variance) else axes
    left = (x.var(0).sum() - variance.sum()).clamp_min(0) / max(1, x.shape[1] - len(variance))
    noise = torch.ones(k, dtype=x.dtype, device=x.device)
    noise[: len(variance)] = (left / variance).clamp_max(1)
    if len(rows) < k:
        mix = torch.randn(k - len(rows), len(rows), dtype=rows.dtype, device=rows.device)
        rows = torch.cat([rows, nn.functional.normalize(mix, dim=1) @ rows])
    linear.weight.zero_()
    linear.bias.zero_()
    linear.weight[:k] = rows
    linear.bias[:k] = -rows @ mean
    return noise


def regress(linear: nn.Linear, z: Tensor, y: Tensor, ridge: float = 1e-3) -> None:
    """Set a linear layer to the ridge regression from z (n, k) to y (n, d)."""
    z_mean, y_mean = z.mean(0), y.mean(0)
    a, b = z - z_mean, y - y_mean
    gram = (a.T @ a).double()
    scale = gram.diagonal().mean().clamp_min(1e-12)
    gram.diagonal().add_(ridge * scale)
    weight = torch.linalg.solve(gram, (a.T @ b).double()).T.to(linear.weight.dtype)
    linear.weight.copy_(weight)
    linear.bias.copy_(y_mean - weight @ z_mean)


def fitted_lines(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Return slope and shift of the line from x to y, for each channel; a slope of 1 where x is the same everywhere."""
    x, y = (rows.transpose(0, 1).flatten(1).double() for rows in (x, y))
    x_mean, y_mean = x.mean(1), y.mean(1)
    x = x - x_mean[:, None]
    energy = x.square().sum(1)
    slope = (x * (y - y_mean[:, None])).sum(1) / energy
    slope = torch.where(energy > CONSTANT * x.shape[1], slope, 1.0)
    return slope, y_mean - slope * x_mean


def channels_last(maps: Tensor) -> Tensor:
    """Return maps of images with the channels of a position side by side in memory: convolutions are faster.

    In an exported graph, whose sizes are symbols, maps stay as they are.
    """
    if maps.dim() != 4 or torch.compiler.is_exporting():
        return maps
    return maps.movedim(1, -1).contiguous().movedim(-1, 1)


def continued(x: Tensor, stride: int) -> Tensor:
    """Return x continued at its end by its last row and column, so that sides are multiples of the stride.

    What continues it is found by index, and nothing depends on whether a side is a multiple of the stride, so that one
    graph serves all sizes.
    """
    if stride == 1:
        return x
    missing = [(side + stride - 1) // stride * stride - side for side in reversed(x.shape[2:])]
    return nn.functional.pad(x, [length for side in missing for length in (0, side)], mode="replicate")


def cropped(x: Tensor, space: Sequence[int | None]) -> Tensor:
    """Return the first elements along each axis behind the channels; all where the length is None.

    They are taken by index: a slice would ask whether it is shorter than the axis, and a graph would keep the answer.
    """
    for axis, side in enumerate(space, start=2):
        x = x if side is None else x.index_select(axis, torch.arange(side, device=x.device))
    return x


def blurred(x: Tensor, width: float) -> Tensor:
    """Return images averaged by a Gaussian of a standard deviation in pixels; borders are continued.

    It looks at `blur_reach` pixels to each side.
    """
    side = blur_reach(width)
    weights = [math.exp(-0.5 * (offset / width) ** 2) for offset in range(-side, side + 1)]
    weights = [weight / sum(weights) for weight in weights]
    x = nn.functional.pad(x, (side,) * 4, mode="replicate")
    return filtered(filtered(x, 3, weights), 2, weights)


def filtered(x: Tensor, axis: int, weights: Sequence[float]) -> Tensor:
    """Return the weighted sums of neighbours along an axis of images, without its ends.

    Sums of shifted images are 4 to 20 times as fast on CPUs as a convolution of few channels; exported, they would be
    many nodes.
    """
    if torch.compiler.is_exporting():
        shape = (x.shape[1], 1, *(len(weights) if axis == along else 1 for along in (2, 3)))
        return nn.functional.conv2d(x, x.new_tensor(weights).view(shape[1:]).expand(shape), groups=x.shape[1])
    length = x.shape[axis] - len(weights) + 1
    total = x.narrow(axis, 0, length) * weights[0]
    for offset, weight in enumerate(weights[1:], 1):
        total.add_(x.narrow(axis, offset, length), alpha=weight)
    return total


def blur_reach(width: float) -> int:
    """Return at how many pixels to each side `blurred` looks.

    Examples
    --------
    >>> blur_reach(1.5)
    5
    """
    return math.ceil(3 * width)


def whole_cells(x: Tensor, stride: int) -> Tensor:
    """Return x without what its sides have beyond multiples of the stride; sides that are shorter are continued to it.

    One graph serves all sizes.
    """
    for axis, side in enumerate(x.shape[2:], 2):
        cells = torch.sym_max(side // stride, 1)  # type: ignore[no-untyped-call]  # torch leaves it so
        elements = torch.arange(cells * stride, device=x.device)
        x = x.index_select(axis, elements.clamp(max=side - 1))
    return x


def dct(axes: int) -> Tensor:
    """Return the orthonormal basis of a block: cosines, of shape (BLOCK^axes, 1, BLOCK, …)."""
    i = torch.arange(BLOCK, device="cpu")  # numbers also where layers are built without memory
    k = i[:, None]
    one = torch.cos(math.pi * k * (2 * i + 1) / (2 * BLOCK)) * math.sqrt(2 / BLOCK)
    one[0] /= math.sqrt(2)
    return (one if axes == 1 else torch.einsum("ai,bj->abij", one, one).flatten(0, 1)).unsqueeze(1)


def transformed(x: Tensor, basis: Tensor, stride: int) -> Tensor:
    """Return the coefficients of each channel of x, of shape (batch, channels, functions, *grid)."""
    with exactly(x):
        each = FUNCTIONAL[x.ndim - 3](x.flatten(0, 1).unsqueeze(1), basis, stride=stride)
    return torch.unflatten(each, 0, x.shape[:2])


def exactly(x: Tensor) -> AbstractContextManager[None]:
    """Compute products in float32 inside the block, although those around it may be computed in bfloat16."""
    return torch.autocast(x.device.type, enabled=False)
