"""Tiles: the numbers of the whole image, of every graph that gives a map, for nets and odd sizes."""

from functools import partial
from math import prod

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus import Images
from isthmus.core import graphs, tiles
from isthmus.core.model import Model
from isthmus.core.part import lookup, names
from isthmus.core.records import Batch
from isthmus.core.tiles import in_tiles
from isthmus.parts.catalogue import load_all
from isthmus.support.errors import InputError

load_all()

SMALL = {"stride": 4, "width": 8, "blocks": 1}
KNOBS = {name: {"widths": (8, 12), "blocks": (1, 1)} for name in ("lapped", "unet")}
NETS = {
    name: partial(lookup(f"net/{name}"), **KNOBS.get(name, {}))
    for name in names("net")
    if lookup(f"net/{name}").any_size and not lookup(f"net/{name}").windows_only
}
NETS["small"] = partial(lookup("net/feature-map"), **SMALL)
NETS["lapped closely"] = partial(lookup("net/lapped"), 2, (8,), (1,))
NETS["members"] = partial(lookup("net/ensemble"), NETS["small"](), 5)
SCORES = [name for name in names("score") if lookup(f"score/{name}").has_map]


def scored(kind, name, data, model):
    x = torch.rand(8, *model.typical_shape)
    outputs = [model(Batch(x, x), False)]
    return kind(data, model, lookup(f"score/{name}")().fit(outputs, model))


GRAPHS = {"encode": graphs.Encode, "reconstruct": graphs.Reconstruct, "error": graphs.Error, "map": graphs.ErrorMap}
GRAPHS |= {f"score {name}": partial(scored, graphs.Scored, name) for name in SCORES}
GRAPHS |= {f"heat {name}": partial(scored, graphs.HeatMap, name) for name in SCORES}
GRAPHS |= {f"contributions {name}": partial(scored, graphs.Contributions, name) for name in SCORES}


def graph(name="reconstruct", net="small", channels=3):
    torch.manual_seed(0)
    made = NETS[net]()
    model = Model(
        made,
        lookup("bottleneck/plain")(),
        lookup("likelihood/squared")(),
        (channels, None, None),
        made.code_width((channels, None, None)) or 5,
        typical_shape=(channels, 16, 16),
    )
    for weight in model.parameters():
        torch.nn.init.normal_(weight, std=0.1 if weight.numel() < 10_000 else 0.02)
    data = Images().learn([torch.rand(2, 16, 16, channels).numpy()])
    return GRAPHS[name](data, model).eval()


def pictures(height, width, n=2, channels=3):
    return {"pixels": torch.randint(256, (n, channels, height, width), dtype=torch.uint8)}


@given(space=st.lists(st.integers(1, 70), min_size=1, max_size=2), side=st.integers(1, 40), reach=st.integers(0, 20))
def test_tiles_answer_for_each_element_once(space, side, reach):
    counted = torch.zeros(space)
    for tile in tiles.tiles(tuple(space), side, reach, 4):
        counted[tuple(slice(*span) for span in tile.inner)] += 1
        for (start, end), (first, last), length in zip(tile.inner, tile.outer, space, strict=True):
            assert start % 4 == first % 4 == 0
            assert end == length or end % 4 == 0
            assert first <= max(start - reach, 0) and last >= min(end + reach, length)
    assert (counted == 1).all()


@torch.no_grad()
def same(part, columns, side):
    whole, apart = part(columns), in_tiles(part, columns, side)
    assert whole.keys() == apart.keys()
    for key, tensor in whole.items():
        torch.testing.assert_close(apart[key], tensor, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", GRAPHS)
@settings(max_examples=10, deadline=None)
@given(height=st.integers(1, 70), width=st.integers(1, 70), side=st.integers(8, 40))
def test_tiles_give_the_numbers_of_the_whole(name, height, width, side):
    part = graph(name)
    same(part, pictures(max(height, part.smallest), max(width, part.smallest)), side)


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("name", GRAPHS)
def test_they_do_for_every_net_of_any_size(name, net):
    same(graph(name, net), pictures(61, 83), 24)


@torch.no_grad()
def test_small_images_are_computed_whole_and_large_ones_in_tiles(monkeypatch):
    seen = []
    part = graph()
    cut = part.data.cut
    monkeypatch.setattr(part.data, "cut", lambda columns, spans: seen.append(spans) or cut(columns, spans))
    in_tiles(part, pictures(40, 40))
    assert not seen
    monkeypatch.setattr(type(part.model.net), "at_once", 3 * (16 + 2 * part.model.net.reach) ** 2)
    in_tiles(part, pictures(40, 40))
    assert len(seen) == 4
    assert all(prod(end - start for start, end in spans) <= part.at_once for spans in seen)


def test_a_piece_of_many_rows_has_no_more_numbers_than_the_net_computes_at_once():
    seen = []

    def doubled(columns):
        seen.append(columns["x"].numel())
        return {"y": 2 * columns["x"]}

    x = torch.arange(100.0).view(10, 10)
    torch.testing.assert_close(graphs.in_pieces(doubled, {"x": x}, 10, 35)["y"], 2 * x)
    assert seen == [30, 30, 30, 10]


@torch.no_grad()
def test_a_large_image_that_is_looked_at_as_a_whole_is_refused(monkeypatch):
    part = graph()
    monkeypatch.setattr(type(part.model.net), "at_once", 100)
    part.model.net.reach = None
    with pytest.raises(InputError, match="an image of 9 x 20 with 3 channels is larger.*the net looks at all of it"):
        in_tiles(part, pictures(9, 20))
