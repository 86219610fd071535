"""The feature-map net: any size, parts of an image as the whole, and the start that knows the data."""

import pytest
import torch

from isthmus.core.model import Model
from isthmus.core.part import lookup
from isthmus.core.records import Batch
from isthmus.parts.nets.feature_map import FeatureMap, joined, neighbourhoods, patches
from isthmus.support.errors import InputError


def model(x=(3, None, None), net=None, typical=(3, 16, 16), latent_dim=5, bottleneck="plain"):
    parts = net or FeatureMap(4, 16, 2), lookup(f"bottleneck/{bottleneck}")(), lookup("likelihood/squared")()
    return Model(*parts, x, latent_dim, typical_shape=typical)


def trained(**options):
    """Return a model whose layers all do something."""
    torch.manual_seed(0)
    made = model(**options)
    for weight in made.parameters():
        torch.nn.init.normal_(weight, std=0.2)
    return made.eval()


@pytest.mark.parametrize("space", [(12,), (13,), (1,), (12, 8), (13, 9), (1, 1)])
def test_patches_are_joined_to_what_they_were_cut_from(space):
    x = torch.rand(2, 3, *space)
    cut = patches(x, 4)
    assert cut.shape == (2, 3 * 4 ** len(space), *(-(-side // 4) for side in space))
    whole = joined(cut, 4)
    for axis, side in enumerate(space, start=2):
        whole = whole.narrow(axis, 0, side)
    assert torch.equal(whole, x)


def test_a_image_is_continued_by_its_last_row_and_column():
    x = torch.arange(15.0).view(1, 1, 3, 5)
    whole = joined(patches(x, 4), 4)
    assert torch.equal(whole[0, 0, 3, :5], x[0, 0, 2])
    assert torch.equal(whole[0, 0, :3, 7], x[0, 0, :, 4])


@pytest.mark.parametrize("axes", [1, 2])
def test_neighbourhoods_are_what_a_convolution_sees(axes):
    z = torch.rand(2, 5, *[6, 7][:axes])
    conv = (torch.nn.Conv1d, torch.nn.Conv2d)[axes - 1](5, 4, 3, padding=1)
    seen = torch.einsum("od,nd...->no...", conv.weight.flatten(1), neighbourhoods(z))
    torch.testing.assert_close(seen + conv.bias.view(-1, *[1] * axes), conv(z))


@pytest.mark.parametrize("size", [(16, 16), (37, 21), (3, 50), (1, 1)])
def test_one_model_takes_images_of_any_size(size):
    made = trained()
    x = torch.rand(2, 3, *size)
    output = made(Batch(x, x))
    positions = tuple(-(-side // 4) for side in size)
    assert output.code.z.shape == (2, *positions, 5) == (2, *made.positions((3, *size)), 5)
    assert output.y.shape == x.shape
    alone = made.decode(output.code.z)
    assert alone.shape == (2, 3, 4 * positions[0], 4 * positions[1])
    torch.testing.assert_close(alone[..., : size[0], : size[1]], output.y)


def test_what_is_within_reach_is_all_that_a_pixel_depends_on():
    made = trained()
    x = torch.rand(1, 3, 64, 64, requires_grad=True)
    made(Batch(x, x)).y[0, :, 32:36, 32:36].sum().backward()
    seen = (x.grad != 0).any(0).any(0)
    rows, columns = seen.any(1).nonzero().flatten(), seen.any(0).nonzero().flatten()
    assert made.net.reach == 16
    for found in (rows, columns):
        assert (found.min().item(), found.max().item()) == (32 - made.net.reach, 35 + made.net.reach)


def test_it_starts_as_pca_of_patches_and_the_regression_from_the_codes_around():
    torch.manual_seed(0)
    x = torch.nn.functional.avg_pool2d(torch.randn(200, 1, 20, 20), 5, 1)
    made = model((1, 16, 16), FeatureMap(4, 8, 1), (1, 16, 16), latent_dim=3)
    made.initialize(Batch(x, x))
    error = made.eval()(Batch(x, x)).terms["error"].sum()
    flat = patches(x, 4).movedim(1, -1).flatten(0, -2)
    centred = flat - flat.mean(0)
    pca = torch.linalg.svdvals(centred)[3:].square().sum()
    assert error < 0.9 * pca  # the codes around a patch tell of it too


@pytest.mark.parametrize("bottleneck", ["gaussian", "topk"])
def test_any_bottleneck_codes_each_position(bottleneck):
    made = model(bottleneck=bottleneck)
    x = torch.rand(3, 3, 16, 24)
    made.initialize(Batch(x, x))
    made.train()(Batch(x, x)).terms["error"].sum().backward()
    assert made.eval()(Batch(x, x)).code.z.shape == (3, 4, 6, 5)


def test_parts_that_need_one_size_are_refused_with_those_that_do_not():
    with pytest.raises(InputError, match=r"the net 'mlp' needs rows of one size.*nets for any size: .*feature-map"):
        model(net=lookup("net/mlp")((8,)))
    with pytest.raises(InputError, match="the likelihood 'gaussian' needs rows of one size"):
        Model(
            FeatureMap(),
            lookup("bottleneck/plain")(),
            lookup("likelihood/gaussian")("feature"),
            (3, None, None),
            4,
            typical_shape=(3, 8, 8),
        )


@pytest.mark.parametrize("knobs", [{"stride": 0}, {"width": 0}, {"blocks": -1}])
def test_knobs_out_of_range_are_named(knobs):
    with pytest.raises(InputError, match=f"{next(iter(knobs))}="):
        FeatureMap(**knobs)


def test_rows_of_a_table_are_refused():
    with pytest.raises(InputError, match="images of shape"):
        Model(FeatureMap(), lookup("bottleneck/plain")(), lookup("likelihood/squared")(), (9,), 4)
