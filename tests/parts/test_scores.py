"""Scores against scikit-learn's neighbours and closed forms."""

import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from isthmus import InputError
from isthmus.core.model import Model
from isthmus.core.part import lookup, names
from isthmus.core.records import Batch, Output
from isthmus.parts.catalogue import load_all
from isthmus.parts.scores.neighbours import smallest
from isthmus.parts.scores.residuals import asinh

load_all()

OF_ROWS = [name for name in names("score") if not lookup(f"score/{name}").images_only]
"""The others are in test_pooled_score.py and test_defects.py."""


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    made = Model(lookup("net/mlp")((8,)), lookup("bottleneck/plain")(), lookup("likelihood/squared")(), (5,), 2)
    return made.eval()


def outputs(model, x, **more):
    with torch.no_grad():
        return model(Batch(x, x, **more), False)


def points(score, output):
    """Return where rows stand, by the definition in the docstring."""
    x, rebuilt = output.batch.x, output.y
    residual = (torch.asinh(2 * x) - torch.asinh(2 * rebuilt)) / 2
    squashed = 10 * torch.asinh(x / 10) / score.reach
    return torch.cat([squashed, score.residual * torch.asinh(residual / (score.spread + 0.07))], 1)


@pytest.mark.parametrize(("neighbours", "fraction", "k"), [(1, 0.0, 1), (10, 0.0, 10), (3, 0.25, 20), (1, 0.5, 40)])
def test_neighbours_are_those_of_scikit_learn(model, neighbours, fraction, k):
    normal, x = outputs(model, torch.randn(80, 5)), outputs(model, torch.randn(20, 5))
    score = lookup("score/neighbours")(neighbours, fraction=fraction, local=0.0).fit([normal], model)
    search = NearestNeighbors(n_neighbors=k).fit(points(score, normal))
    expected = torch.from_numpy(search.kneighbors(points(score, x))[0]).mean(1)
    torch.testing.assert_close(score(x, model), expected.float(), rtol=1e-4, atol=1e-4)


def test_distances_are_measured_by_those_among_the_neighbours(model):
    normal, x = outputs(model, torch.randn(80, 5)), outputs(model, torch.randn(20, 5))
    score = lookup("score/neighbours")(4).fit([normal], model)
    search = NearestNeighbors(n_neighbors=4).fit(points(score, normal))
    among = search.kneighbors()[0].mean(1)
    among += 0.1 * among.mean() + 1e-3
    near, which = search.kneighbors(points(score, x))
    expected = near.mean(1) / among[which].mean(1) ** 0.5
    torch.testing.assert_close(score(x, model), torch.from_numpy(expected).float(), rtol=1e-4, atol=1e-4)


def test_an_element_reaches_as_far_as_its_eighth_power_says(model):
    x = torch.randn(100_000, 5) * torch.tensor([0.1, 1, 1, 1, 2])
    x[:100, 1] = 30.0  # a thousandth of the rows, far out
    known = lookup("score/neighbours")(max_rows=100).fit([outputs(model, x)], model)
    far = 10 * torch.asinh(torch.tensor(3.0)) * (1e-3 / 105) ** (1 / 8)
    torch.testing.assert_close(known.reach[:4], torch.tensor([0.5, far, 1, 1]), rtol=0.05, atol=0)
    assert 1.7 < known.reach[4] < 2
    shared = lookup("score/neighbours")(fraction=0.1, max_rows=100).fit([outputs(model, x)], model)
    assert torch.equal(shared.reach, torch.ones(5))


def test_asinh_is_torchs_at_every_size():
    x = torch.logspace(-30, 18, 500)
    x = torch.cat([-x, torch.zeros(1), x])
    torch.testing.assert_close(asinh(x), x.asinh(), rtol=1e-6, atol=0)


@pytest.mark.parametrize("n", [40, 2048, 4096, 4100])
@pytest.mark.parametrize("k", [1, 11, 39])
def test_the_smallest_are_found_in_order(n, k):
    values = torch.randn(30, n)
    found, indices = smallest(values, k)
    torch.testing.assert_close(found, values.sort(1).values[:, :k])
    torch.testing.assert_close(values.gather(1, indices), found)


def test_neighbours_keep_a_random_choice_of_rows(model):
    score = lookup("score/neighbours")(max_rows=30).fit([outputs(model, torch.randn(50, 5)) for _ in range(3)], model)
    assert score.references.shape == (30, 10)


@pytest.mark.parametrize("neighbours", [1, 20])
def test_a_normal_row_is_not_its_own_neighbour(model, neighbours):
    normal = outputs(model, torch.randn(50, 5))
    score = lookup("score/neighbours")(neighbours, local=0.0).fit([normal], model)
    stands = points(score, normal)
    distances = torch.cdist(stands, stands).sort(1).values[:, 1 : neighbours + 1]
    torch.testing.assert_close(score(normal, model), distances.mean(1), rtol=1e-4, atol=1e-4)


def test_a_contribution_is_what_a_row_gains_by_not_looking_at_a_column(model):
    normal, x = torch.rand(40, 5), torch.rand(7, 5)
    score = lookup("score/neighbours")().fit([outputs(model, normal)], model)
    found = score.contributions(outputs(model, x), model)
    x, normal = (10 * torch.asinh(side / 10) / score.reach for side in (x, normal))
    squares = (x[:, None] - normal).square()
    whole = squares.sum(2).amin(1)
    expected = torch.stack([whole - (squares.sum(2) - squares[..., j]).amin(1) for j in range(5)], 1)
    expected += 100 * score.reach * ((x - normal.amax(0)).relu() + (normal.amin(0) - x).relu())
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


def test_contributions_keep_their_digits_where_distances_nearly_cancel():
    score = lookup("score/neighbours")(rows=200, width=64)
    score.references.copy_(torch.rand(200, 128))
    x = torch.rand(9, 64)
    found = score.contributions(Output(Batch(x, x), x, None, x, {}), None).double()
    x, normal = 10 * torch.asinh(x.double() / 10), score.references[:, :64].double()
    squares = (x[:, None] - normal).square()
    whole = squares.sum(2)
    nearer = whole.amin(1)[:, None] - (whole[..., None] - squares).amin(1)
    excess = (x - normal.amax(0)).relu() + (normal.amin(0) - x).relu()
    expected = nearer + 100 * excess
    assert ((found - expected).abs() <= 5e-6 * (expected + nearer.std())).all()


def test_elements_of_one_column_contribute_alike(model):
    normal, x = torch.rand(40, 5), torch.rand(7, 5)
    x[:, 3:] = 9
    feature = torch.tensor([0, 1, 2, 3, 3])
    score = lookup("score/neighbours")().fit([outputs(model, normal)], model)
    found = score.contributions(outputs(model, x, feature=feature), model)
    assert (found[:, 3:] > found[:, :3].amax()).all()


def test_residuals_are_measured_by_their_usual_size(model):
    normal, x = outputs(model, torch.randn(50, 5)), outputs(model, torch.randn(6, 5))
    score = lookup("score/residual")().fit([normal], model)
    usual, new = ((torch.asinh(2 * o.batch.x) - torch.asinh(2 * o.y)) / 2 for o in (normal, x))
    expected = torch.log(1 + (new / (usual.square().mean(0).sqrt() + 0.03)) ** 2)
    torch.testing.assert_close(score(x, model), expected.mean(1))
    inside = (x.batch.x >= normal.batch.x.amin(0)) & (x.batch.x <= normal.batch.x.amax(0))
    torch.testing.assert_close(score.contributions(x, model)[inside], expected[inside])


def test_missing_cells_contribute_nothing(model):
    normal, x = torch.rand(40, 5), torch.full((1, 5), 9.0)
    observed = torch.tensor([[True, False, True, True, True]])
    score = lookup("score/neighbours")().fit([outputs(model, normal)], model)
    found = score.contributions(outputs(model, x, observed=observed), model)
    assert found[0, 1] == 0 and (found[0, [0, 2, 3, 4]] > 0).all()


def test_the_error_is_the_mean_squared_error(model):
    output = outputs(model, torch.randn(6, 5))
    score = lookup("score/error")().fit([output], model)
    torch.testing.assert_close(score(output, model), (output.y - output.batch.x).square().mean(1))
    torch.testing.assert_close(score.contributions(output, model), (output.y - output.batch.x).square())


@pytest.mark.parametrize("name", [name for name in OF_ROWS if not lookup(f"score/{name}").needs_known])
def test_a_value_beyond_its_range_contributes_more_than_any_other(model, name):
    normal, x = torch.rand(60, 5), torch.rand(5, 5)
    x[torch.arange(5), torch.arange(5)] = 1.5
    score = lookup(f"score/{name}")().fit([outputs(model, normal)], model)
    assert (score.contributions(outputs(model, x), model).argmax(1) == torch.arange(5)).all()


@pytest.mark.parametrize("name", OF_ROWS)
def test_every_score_can_be_written_and_rebuilt(model, name):
    from isthmus.core.part import build, describe

    normal = outputs(model, torch.randn(30, 5))
    score = lookup(f"score/{name}")().fit_known([normal], [outputs(model, torch.randn(3, 5))], model)
    again = build(describe(score))
    again.load_state_dict(score.state_dict())
    torch.testing.assert_close(again(normal, model), score(normal, model))
    assert score(normal, model).shape == (30,)
    assert score.contributions(normal, model).shape == (30, 5)
    assert (score.contributions(normal, model) >= 0).all()
    assert score.contributions(outputs(model, torch.empty(0, 5)), model).shape == (0, 5)


@pytest.mark.parametrize(
    "knobs", [{"neighbours": 0}, {"fraction": 1.0}, {"residual": -1.0}, {"local": 2.0}, {"max_rows": 1}]
)
def test_knobs_out_of_range_are_named(knobs):
    with pytest.raises(InputError, match=next(iter(knobs))):
        lookup("score/neighbours")(**knobs)


def test_the_worst_channel_counts():
    torch.manual_seed(0)
    net = lookup("net/mlp")((8,))
    model = Model(net, lookup("bottleneck/plain")(), lookup("likelihood/squared")(), (3, 4), 2).eval()
    x = torch.randn(20, 3, 4)
    output = outputs(model, x)
    score = lookup("score/channel")().fit([output], model)
    error = (x - output.y).square().mean(2)
    torch.testing.assert_close(score(output, model), error.max(1).values)
    odd = x.clone()
    odd[:, 1] = 50.0
    assert (score.contributions(outputs(model, odd), model).sum(2).argmax(1) == 1).all()


def test_error_and_code_are_measured_by_what_is_usual(model):
    normal, x = outputs(model, torch.randn(300, 5)), outputs(model, torch.randn(20, 5))
    score = lookup("score/monitoring")().fit([normal], model)
    q = (x.batch.x - x.y).square().mean(1) / (normal.batch.x - normal.y).square().mean()
    centre, variance = normal.code.z.mean(0), normal.code.z.var(0, correction=0)
    t2 = ((x.code.z - centre).square() / (variance + 1e-3)).mean(1)
    torch.testing.assert_close(score(x, model), q + t2, rtol=1e-4, atol=1e-4)
    assert score(normal, model).mean().item() == pytest.approx(2, abs=0.1)
