"""The lapped transform: orthogonal, and the same in parts as in one."""

import pytest
import torch

from isthmus.core.interfaces import Sizes
from isthmus.core.records import Batch
from isthmus.parts.bands import CELL, apart, joined
from isthmus.parts.nets.lapped_transform import LappedTransform, Lapping, continued, lapped
from isthmus.support.errors import InputError


def net(channels=3, **knobs):
    made = LappedTransform(**knobs)
    numbers = channels * CELL**2
    made.build(Sizes((channels, None, None), numbers, numbers, (channels, None, None)))
    return made


@pytest.mark.parametrize("side", [4, 8])
def test_the_functions_are_orthonormal_also_to_those_of_the_next_block(side):
    rows = lapped(side)
    torch.testing.assert_close(rows @ rows.T, torch.eye(side, dtype=torch.float64))
    next_block = rows[:, side:] @ rows[:, :side].T
    torch.testing.assert_close(next_block, torch.zeros_like(next_block))


@pytest.mark.parametrize("side", [4, 8])
def test_a_constant_image_has_means_only(side):
    bands = Lapping(side)(torch.ones(1, 1, 3 * side, 2 * side))
    torch.testing.assert_close(bands[:, :, 0], torch.full((1, 1, 3, 2), float(side)))
    assert bands[:, :, 1:].abs().max() < 1e-5


@pytest.mark.parametrize(("channels", "shape"), [(1, (32, 32)), (3, (70, 100)), (2, (1, 1))])
def test_a_code_gives_the_image_back_and_has_its_energy(channels, shape):
    torch.manual_seed(0)
    x = torch.rand(2, channels, *shape)
    made = net(channels)
    batch = Batch(x, x, step=torch.tensor([0.1, 0.2]))
    made.initialize_encoder(batch)
    h = made.encode(batch)
    assert h.shape == (2, *made.positions((channels, *shape)), channels * CELL**2)
    torch.testing.assert_close(made.decode(h, batch), x, rtol=0, atol=1e-5)
    centred = continued(x - made.middle.view(-1, 1, 1), CELL)
    torch.testing.assert_close(h.square().sum(), centred.square().sum())


def test_bands_are_joined_and_taken_apart():
    coarse, fine = torch.rand(2, 3, 16, 2, 5), torch.rand(2, 3, 63, 8, 20)
    for before, after in zip((coarse, fine), apart(joined(coarse, fine)), strict=True):
        assert torch.equal(before, after)


def test_a_part_gives_the_same_as_the_whole_within_the_reach():
    torch.manual_seed(0)
    made = net()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    x = torch.rand(1, 3, 12 * CELL, 10 * CELL)
    batch = Batch(x, x, step=torch.tensor([0.1]))
    whole = made.decode(made.encode(batch), batch)
    margin = -(-made.reach // CELL) * CELL
    part = x[..., :, : 4 * CELL + margin]
    some = Batch(part, part, step=torch.tensor([0.1]))
    torch.testing.assert_close(
        made.decode(made.encode(some), some)[..., : 4 * CELL], whole[..., : 4 * CELL], rtol=0, atol=1e-5
    )


def test_other_codes_and_rows_are_refused():
    with pytest.raises(InputError, match="leave latent_dim out"):
        LappedTransform().build(Sizes((3, None, None), 64, 64, (3, None, None)))
    with pytest.raises(InputError, match="takes images"):
        LappedTransform().build(Sizes((3, 100), 64, 64, (3, 100)))
    with pytest.raises(InputError, match="at least 0"):
        LappedTransform(width=-1)
