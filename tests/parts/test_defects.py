"""Scores of images by maps, pseudo-defects, and the term that weighs what a corruption changed."""

import numpy as np
import pytest
import torch

from isthmus import Images, InputError
from isthmus.core.graphs import HeatMap, Scored
from isthmus.core.model import Model
from isthmus.core.part import build, describe, lookup
from isthmus.core.records import Batch
from isthmus.core.tiles import in_tiles
from isthmus.parts.catalogue import load_all

load_all()


def score(name, *args, **knobs):
    return lookup(f"score/{name}")(*args, **knobs)


class Mean(torch.nn.Module):
    """Reconstructs every pixel as 0.5: a model of which all is known."""

    def mean(self, y):
        return y


def output_of(x):
    from isthmus.core.records import Code, Output

    y = torch.full_like(x, 0.5)
    return Output(Batch(x, x), y[:, :1, 0], Code(y[:, 0, 0, :1]), y, {})


class Known:
    likelihood = Mean()


def noise(n=8, side=48, channels=1, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + 0.05 * torch.randn(n, channels, side, side, generator=generator)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    net = lookup("net/unet")(widths=(8, 8), blocks=(1, 1))
    made = Model(
        net, lookup("bottleneck/plain")(), lookup("likelihood/squared")(), (1, None, None), 4, typical_shape=(1, 48, 48)
    )
    x = noise()
    made.initialize(Batch(x, x))
    return made.eval()


# -- each map ------------------------------------------------------------------------------------------------------


def test_sides_are_measured_by_their_own_tails():
    normal = noise(20)
    normal[:, :, :, 10] += 0.4  # bright streaks are normal
    fitted = score("repair", (0.7,)).fit([output_of(normal)], Known)
    flat = torch.full((1, 1, 48, 48), 0.5)
    bright, dark = flat.clone(), flat.clone()
    bright[0, 0, 20, 30], dark[0, 0, 20, 30] = 0.9, 0.1
    assert fitted(output_of(dark), Known) > 2 * fitted(output_of(bright), Known)


def test_a_tail_is_that_fraction_of_normal_pixels():
    normal = noise(40)
    fitted = score("values", (0.7,)).fit([output_of(normal)], Known)
    fraction = float((fitted.map(output_of(normal), Known) > 1).float().mean())
    assert fraction == pytest.approx(2e-3, rel=0.05)  # one in a thousand on each side
    assert torch.equal(fitted(output_of(normal), Known), fitted.map(output_of(normal), Known).flatten(1).amax(1))


def test_distances_are_those_to_the_nearest_patch():
    torch.manual_seed(0)
    normal, x = noise(3, 32), noise(1, 32, seed=1)
    fitted = score("patches", bank=100, blur=0.2).fit([output_of(normal)], Known)
    points = ((fitted.features(x).movedim(1, -1) - fitted.mean) @ fitted.whitening).flatten(0, -2)
    expected = torch.cdist(points.double(), fitted.references.double()).amin(1)
    torch.testing.assert_close(fitted._nearest(points).double(), expected, rtol=1e-3, atol=1e-3)
    assert fitted.kept_rows == len(fitted.references) == 100


def test_soft_whitening_does_not_raise_what_is_faint():
    torch.manual_seed(0)
    normal = 0.5 + 0.02 * torch.randn(6, 1, 48, 48) + 0.3 * torch.randn(6, 1, 1, 1)
    each = [score("patches", soft=soft).fit([output_of(normal)], Known).whitening.norm(dim=0) for soft in (0.0, 0.3)]
    raised, left = (float(axes.max() / axes.min()) for axes in each)
    assert raised > 20 and 3 < left < 3.5  # at most sqrt(1 + 1 / 0.3^2)


# -- joined --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def joined(model):
    torch.manual_seed(0)
    with torch.no_grad():
        x = noise(12)
        return score("defects", "pixels").fit([model(Batch(x, x), False)], model).eval()


@torch.no_grad()
def test_a_spot_is_the_maximum_of_the_joined_map(model, joined):
    x = noise(2, seed=5)
    x[0, 0, 30:34, 11:15] -= 0.3
    output = model(Batch(x, x), False)
    heat = joined.placed(joined.heat(output, model))
    row, column = divmod(int(heat[0].argmax()), 48)
    assert 28 <= row <= 35 and 9 <= column <= 16
    scores = joined(output, model)
    torch.testing.assert_close(scores, heat.flatten(1).amax(1))
    assert scores[0] > 2 * scores[1]


@torch.no_grad()
def test_what_is_usual_at_a_position_counts_less_there(model):
    torch.manual_seed(0)
    normal = noise(16)
    for image in normal:
        image[0, :4] += 0.3 * torch.randn(4, 48)  # the upper border of parts
    with_, without = (
        score("defects", "pixels", position).fit([model(Batch(normal, normal), False)], model)
        for position in (True, False)
    )
    assert with_.where[0, 0, 0].mean() > 1.2 and with_.where[0, 0, 8:].mean() < 1
    assert (without.where == 1).all()
    x = noise(1, seed=3)
    output = model(Batch(x, x), False)
    torch.testing.assert_close(without.placed(with_.heat(output, model)), with_.heat(output, model))


@torch.no_grad()
@pytest.mark.parametrize("light", ["as-is", "even"])
def test_large_images_are_scored_in_tiles_as_whole(model, joined, light):
    data = Images(crop=32, light=light).learn([noise(1, 90)[:, 0].numpy().clip(0, 1)])
    columns = data.read(noise(1, 200, seed=7)[:, 0].numpy().clip(0, 1))
    for kind, name in ((Scored, "score"), (HeatMap, "heat")):
        graph = kind(data, model, joined)
        torch.testing.assert_close(
            in_tiles(graph, columns, 64)[name], in_tiles(graph, columns, 512)[name], rtol=1e-3, atol=1e-3
        )


@torch.no_grad()
def test_a_joined_score_is_rebuilt_from_its_description(model, joined):
    again = build(describe(joined))
    again.load_state_dict(joined.state_dict())
    x = noise(1, seed=8)
    output = model(Batch(x, x), False)
    assert torch.equal(again(output, model), joined(output, model))


def test_what_holds_no_patches_is_left_where_no_rows_may_be_kept(joined):
    assert joined.keeps_rows and not joined.without_rows().keeps_rows
    assert [type(part).__name__ for part in joined.without_rows().scores] == ["Repair", "Values"]
    assert score("defects", scores=[score("patches")]).without_rows() is None


def test_values_count_twice_unless_in_even_light_and_lite0_three_times_as_much_as_pixels():
    made = score("defects", ("pixels", "lite0"))
    assert made.weights == (1.0, 2.0, 0.5, 1.5) and made.for_evened().weights == (1.0, 1.0, 0.5, 1.5)
    assert score("defects", "lite0").weights == score("defects", "pixels").weights == (1.0, 2.0, 1.0)
    own = score("defects", scores=[score("values"), score("patches")], weights=(3, 1))
    assert own.weights == own.for_evened().weights == (3, 1)
    with pytest.raises(InputError, match=r"weights=\(1, 2\) of the score 'defects': expected .* each of its 1 scores"):
        score("defects", scores=[score("values")], weights=(1, 2))


@torch.no_grad()
def test_maps_are_summed_by_their_weights(model):
    torch.manual_seed(0)
    x = noise(4)
    output = model(Batch(x, x), False)
    parts = [score("values", (0.7,)), score("values", (3.0,))]
    made = score("defects", scores=parts, weights=(2, 0.5)).fit([output], model)
    each = torch.cat([part.map(output, model) for part in made.scores], 1).sqrt().movedim(1, -1).flatten(0, -2)
    expected = made.surprisal(each)[:, 0] * 2 + made.surprisal(each)[:, 1] * 0.5
    torch.testing.assert_close(made.map(output, model).flatten(), expected)


@torch.no_grad()
@pytest.mark.parametrize(("channels", "side", "expected"), [(1, 16, 2), (3, 20, 2), (1, 12, 1), (4, 20, 1)])
def test_lite0_looks_at_patches_of_images_that_it_takes(channels, side, expected, monkeypatch):
    monkeypatch.setattr(lookup("features/lite0"), "available", lambda: True)
    made = score("defects")
    x = noise(3, side, channels)
    parts = made._for_images([x]).scores
    assert [type(part.features).__name__ for part in parts[2:]] == ["Pixels", "Lite0"][:expected]
    assert made.for_evened()._for_images([x]).weights[1] == 1
    monkeypatch.setattr(lookup("features/lite0"), "available", lambda: False)
    assert len(score("defects").scores) == 3


@torch.no_grad()
def test_one_pass_gives_the_score_and_the_map(model, joined):
    data = Images(crop=32).learn([noise(1, 60)[:, 0].numpy().clip(0, 1)])
    columns = data.read(noise(2, 60, seed=3)[:, 0].numpy().clip(0, 1))
    both = HeatMap(data, model, joined)({**columns, "threshold": torch.tensor([2.0, 3.0])})
    torch.testing.assert_close(both["score"], Scored(data, model, joined)(columns)["score"], rtol=0, atol=0)
    torch.testing.assert_close(both["heat"].flatten(1).amax(1), both["score"] / torch.tensor([2.0, 3.0]))


def test_pixels_are_looked_at_whatever_the_size(monkeypatch):
    monkeypatch.setattr(lookup("features/lite0"), "available", lambda: True)
    made = score("defects")._for_images([noise(1, 5)])
    assert [type(part.features).__name__ for part in made.scores[2:]] == ["Pixels"]  # which says that 5 are too few


def test_large_images_are_computed_in_smaller_tiles_where_the_reach_is_known(model, joined):
    data = Images(crop=32).learn([noise(1, 90)[:, 0].numpy().clip(0, 1)])
    assert HeatMap(data, model, joined).at_once == joined.at_once < model.net.at_once
    own = score("defects", scores=[score("patches")])
    own.scores[0].margin = None  # as of features that look at all of an image
    assert HeatMap(data, model, own).reach is None and HeatMap(data, model, own).at_once == model.net.at_once


def test_scores_without_a_map_are_refused():
    with pytest.raises(InputError, match="joins maps, but Tails has none"):
        score("defects", scores=[score("tails")])


# -- pseudo-defects ------------------------------------------------------------------------------------------------


def test_pseudo_defects_cover_a_part_of_most_images():
    torch.manual_seed(0)
    x = noise(200, 64)
    corrupted = lookup("corruption/pseudo-defects")()(Batch(x, x)).corrupted
    changed = ((corrupted - x).abs() > 0.02).float().mean((1, 2, 3))
    assert 0.7 < float((changed > 0).float().mean()) < 1
    assert 0.005 < float(changed[changed > 0].median()) < 0.3
    assert float(changed[changed > 0].quantile(0.1)) < 0.02 and float(changed.quantile(0.95)) > 0.15  # of many sizes


def test_pseudo_defects_repeat_with_the_seed():
    x = noise(4, 32, channels=3)
    made = []
    for _ in range(2):
        torch.manual_seed(3)
        made.append(lookup("corruption/pseudo-defects")()(Batch(x, x)).corrupted)
    assert torch.equal(*made) and made[0].isfinite().all()


@pytest.mark.parametrize("side", [2, 5, 9])
def test_pseudo_defects_fit_into_small_images(side):
    x = torch.rand(6, 1, side, side)
    assert lookup("corruption/pseudo-defects")()(Batch(x, x)).corrupted.isfinite().all()


@pytest.mark.parametrize(
    "knobs", [{"size": (0, 0.3)}, {"size": (2, 1.5)}, {"strength": (2, 1)}, {"number": 0}, {"size": 3}]
)
def test_pseudo_defects_out_of_range_are_refused(knobs):
    with pytest.raises(InputError, match="of the corruption 'pseudo-defects': expected"):
        lookup("corruption/pseudo-defects")(**knobs)


def test_the_repair_term_is_the_error_where_something_was_changed(model):
    x = noise(3)
    corrupted = x.clone()
    corrupted[0, 0, :5, :5] = 0
    output = model(Batch(x, corrupted), False)
    term = lookup("penalty/repair")()(output, model)
    expected = ((output.y - x)[0, 0, :5, :5]).square().sum()
    torch.testing.assert_close(term, torch.stack([expected, term.new_zeros(()), term.new_zeros(())]))


def test_variant_repairing_learns_to_remove_what_it_was_shown():
    from isthmus import Autoencoder, Images

    rng = np.random.default_rng(0)
    stripes = 0.5 + 0.3 * np.sin(np.arange(64) / 3)[None, None] + 0.02 * rng.standard_normal((12, 64, 64))
    X = stripes.astype(np.float32).clip(0, 1)
    model = Autoencoder("repairing", data=Images(crop=32, crops_per_image=16), epochs=20, batch_size=16, random_state=0)
    model.set_params(verbose=False, validation_fraction=0.0).fit(X)
    faulty = X[:4].copy()
    faulty[:, 20:26, 30:36] = 1.0
    repaired = model.reconstruct(faulty)[:, 20:26, 30:36]
    before, after = (np.square(part - X[:4, 20:26, 30:36]).mean() for part in (faulty[:, 20:26, 30:36], repaired))
    assert after < 0.35 * before
