"""The lapped transform: orthogonal, and the same in parts as in one."""

import pytest
import torch

from isthmus.core.interfaces import Sizes
from isthmus.core.records import Batch
from isthmus.parts.bands import BLOCKS, Bands
from isthmus.parts.nets.lapped_transform import FILTERS, LappedTransform, Lapping, pair_of
from isthmus.support.errors import InputError


def net(channels=3, **knobs):
    made = LappedTransform(**knobs)
    numbers = made.code_width((channels, None, None))
    made.build(Sizes((channels, None, None), numbers, numbers, (channels, None, None)))
    return made


@pytest.mark.parametrize("side", FILTERS)
def test_both_ways_are_inverse_also_across_blocks_and_errors_count_alike(side):
    analysis, synthesis = pair_of(torch.tensor(FILTERS[side], dtype=torch.float64))
    torch.testing.assert_close(analysis @ synthesis.T, torch.eye(side, dtype=torch.float64))
    for one, other in ((analysis, synthesis), (synthesis, analysis)):
        next_block = one[:, side:] @ other[:, :side].T
        torch.testing.assert_close(next_block, torch.zeros_like(next_block))
    torch.testing.assert_close(synthesis.norm(dim=1), torch.ones(side, dtype=torch.float64))


def test_an_orthogonal_filter_gives_an_orthogonal_transform():
    turn = torch.linalg.qr(torch.rand(4, 4, dtype=torch.float64))[0]
    analysis, synthesis = pair_of(turn)
    torch.testing.assert_close(analysis, synthesis)


@pytest.mark.parametrize("side", FILTERS)
def test_a_constant_image_has_means_only(side):
    bands = Lapping(side)(torch.ones(1, 1, 3 * side, 2 * side))
    assert bands[:, :, 0].std() < 1e-5 and 0.7 * side < bands[:, :, 0].mean() < side
    assert bands[:, :, 1:].abs().max() < 1e-5


@pytest.mark.parametrize("condition", [0, 3])
def test_the_blocks_see_the_step_and_the_condition(condition):
    torch.manual_seed(0)
    made = LappedTransform(width=8, blocks=1)
    numbers = made.code_width((1, None, None))
    made.build(Sizes((1, None, None), numbers, numbers, (1, None, None), condition))
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    x, z = torch.zeros(2, 1, 32, 32), torch.randn(1, 1, 1, numbers).repeat(2, 1, 1, 1)
    conditions = {"c": torch.eye(2, 3)} if condition else {}
    one, other = made.decode(z, Batch(x, x, condition=conditions, step=torch.tensor([0.1, 0.1 if condition else 0.2])))
    assert not torch.allclose(one, other, atol=1e-3)
    if condition:
        with pytest.raises(ValueError, match="condition"):
            made.decode(z, Batch(x, x))


def test_rows_do_not_see_each_other():
    made, x = net(1, width=8, blocks=1), torch.rand(3, 1, 40, 33)
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.1)

    def passed(x):
        return made.decode(made.encode(Batch(x, x)), Batch(x, x))

    alone = torch.cat([passed(row[None]) for row in x])
    torch.testing.assert_close(passed(x), alone, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize(("channels", "shape"), [(1, (32, 32)), (3, (70, 100)), (2, (1, 1))])
def test_a_code_gives_the_image_back(channels, shape, block):
    torch.manual_seed(0)
    x = torch.rand(2, channels, *shape)
    made = net(channels, block=block)
    batch = Batch(x, x, step=torch.tensor([0.1, 0.2]))
    made.initialize_encoder(batch)
    h = made.encode(batch)
    assert h.shape == (2, *made.positions((channels, *shape)), channels * (4 * block) ** 2)
    torch.testing.assert_close(made.decode(h, batch), x, rtol=0, atol=1e-5)


@pytest.mark.parametrize("block", BLOCKS)
def test_bands_are_joined_and_taken_apart(block):
    bands = Bands(block)
    coarse, fine = torch.rand(2, 3, 16, 2, 5), torch.rand(2, 3, bands.waves, 8, 20)
    for before, after in zip((coarse, fine), bands.apart(bands.joined(coarse, fine)), strict=True):
        assert torch.equal(before, after)


@pytest.mark.parametrize("block", BLOCKS)
def test_a_part_gives_the_same_as_the_whole_within_the_reach(block):
    torch.manual_seed(0)
    made = net(block=block)
    cell = made.stride
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    x = torch.rand(1, 3, 12 * cell, 10 * cell)
    batch = Batch(x, x, step=torch.tensor([0.1]))
    whole = made.decode(made.encode(batch), batch)
    margin = -(-made.reach // cell) * cell
    part = x[..., :, : 4 * cell + margin]
    some = Batch(part, part, step=torch.tensor([0.1]))
    torch.testing.assert_close(
        made.decode(made.encode(some), some)[..., : 4 * cell], whole[..., : 4 * cell], rtol=0, atol=1e-5
    )


def test_other_codes_and_rows_are_refused():
    with pytest.raises(InputError, match="leave latent_dim out"):
        LappedTransform().build(Sizes((3, None, None), 64, 64, (3, None, None)))
    with pytest.raises(InputError, match="takes images"):
        LappedTransform().build(Sizes((3, 100), 64, 64, (3, 100)))
    with pytest.raises(InputError, match="at least 0"):
        LappedTransform(width=-1)
    with pytest.raises(InputError, match="block=6 .* expected 8 or 4"):
        LappedTransform(block=6)
