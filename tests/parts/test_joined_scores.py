"""Surprisals, tails and joined scores: closed forms, what is left out, and what adds up."""

import numpy as np
import pytest
import torch

import isthmus
from isthmus.core.part import PARTS, build, describe, part
from isthmus.core.terms import Score
from isthmus.parts.scores.joined import Joined
from isthmus.parts.scores.neighbours import Neighbours
from isthmus.parts.scores.residuals import Residual
from isthmus.parts.scores.surprisal import Surprisal, counts
from isthmus.parts.scores.tails import Tails
from isthmus.support.errors import InputError

RNG = np.random.default_rng(0)
NORMAL = (RNG.normal(size=(400, 2)) @ RNG.normal(size=(2, 4)) + 0.1 * RNG.normal(size=(400, 4))).astype(np.float32)


def surprisal(x, last=0.0):
    made = Surprisal(x.shape[1], last)
    made.learn(x)
    return made


def detector(X=NORMAL, **settings):
    ae = isthmus.Autoencoder(latent_dim=2, epochs=3, verbose=False)
    return isthmus.AnomalyDetector(ae, random_state=0, **settings).fit(X)


def test_the_surprisal_is_that_of_the_empirical_tail_and_exponential_beyond():
    x = torch.from_numpy(RNG.exponential(size=(100_000, 1))).float()
    made = surprisal(x)
    at = torch.tensor([[0.5], [2.0], [5.0]])
    torch.testing.assert_close(made(at), at, rtol=0.05, atol=0.03)  # -log P(X >= x) = x
    top = x.max()
    torch.testing.assert_close(
        made(top[None, None] + 3) - made(top[None, None]), torch.tensor([[3.0]]), rtol=0.1, atol=0
    )


def test_the_surprisal_rises_and_starts_at_nothing():
    made = surprisal(torch.from_numpy(RNG.normal(size=(50, 3))).float(), last=0.1)
    values = made(torch.linspace(-10, 10, 400)[:, None].expand(-1, 3))
    assert (values.diff(dim=0) >= 0).all() and (values[0] >= 0).all() and (values[0] < 0.05).all()


def test_of_equal_values_the_surprisal_is_that_of_all_of_them():
    x = torch.tensor([0.0] * 90 + [1.0] * 10)[:, None]
    torch.testing.assert_close(surprisal(x)(torch.tensor([[0.0], [1.0]]))[:, 0].exp(), torch.tensor([1.01, 10.1]))
    assert counts(5, 1)[0] == 5 and counts(1, 1).tolist() == [1] * 24


def test_any_value_is_finite_where_all_were_equal():
    made = surprisal(torch.full((20, 1), 3.0))
    assert made(torch.tensor([[3.0]])) < 0.1 < 100 < made(torch.tensor([[4.0]])) < 1e5


def test_tails_see_both_sides_and_say_which_column():
    fitted = detector(scorer="tails")
    row = np.median(NORMAL, axis=0)
    strange = np.stack([row, row, row])
    strange[1, 2], strange[2, 2] = 50, -50
    scores, explained = fitted.anomaly_score(strange), fitted.explain(strange)
    assert (scores[1:] > 3 * scores[0]).all()
    assert (explained[1:].argmax(1) == 2).all()
    assert fitted.score_.kept_rows == 0


def test_contributions_add_up_to_the_score():
    fitted = detector()
    assert describe(fitted.score_)["part"] == "score/joined"
    X = np.concatenate([NORMAL[:50], NORMAL[:50] * [1, 1, 9, 1]]).astype(np.float32)
    np.testing.assert_allclose(fitted.explain(X).sum(1), fitted.anomaly_score(X), rtol=1e-3)


def test_a_score_that_never_varies_is_left_out_and_said(still):
    with pytest.warns(UserWarning, match=r"the score still\(\) is the same for all .* it is left out"):
        fitted = detector(scorer=Joined([Tails(), still], [1, 2]))
    assert [type(score).__name__ for score in fitted.score_.scores] == ["Tails"] and fitted.score_.weights == (1,)


@pytest.fixture
def still():
    @part("score/still")
    class Still(Score):
        """The same for all rows."""

        def fit(self, outputs, model):
            return self

        def forward(self, output, model):
            return torch.ones(len(output.batch))

    yield Still()
    PARTS.pop("score/still")


def test_without_rows_the_others_remain():
    fitted = detector(keep_rows=False)
    assert [type(score).__name__ for score in fitted.score_.scores] == ["Tails", "Residual"]
    assert fitted.score_.kept_rows == 0 and "references" not in " ".join(fitted.score_.state_dict())
    assert Joined([Neighbours()]).without_rows() is None


def test_of_contaminated_rows_neighbours_are_many():
    joined = Joined().for_contaminated(0.1)
    assert joined.scores[0].fraction == 0.1 and joined.weights == Joined().weights


@pytest.mark.parametrize("weights", [[1], [1, 0, 1], [1, 1, -1]])
def test_weights_are_checked(weights):
    with pytest.raises(InputError, match="expected a positive number for each of its 3 scores"):
        Joined(weights=weights)


def test_a_description_builds_the_same(tmp_path):
    fitted = detector(scorer=Joined([Residual(), Neighbours(3)], [1, 0.5]))
    fitted.save(tmp_path / "d.safetensors")
    again = isthmus.load(tmp_path / "d.safetensors")
    np.testing.assert_array_equal(again.anomaly_score(NORMAL), fitted.anomaly_score(NORMAL))
    assert again.score_.weights == (1, 0.5) and build(describe(Joined())).weights == Joined().weights


def test_rows_that_occur_several_times_are_their_own_neighbours():
    rare, often = np.full((1, 4), 5.0, np.float32), np.full((60, 4), -5.0, np.float32)
    fitted = detector(np.concatenate([NORMAL, rare, often]), scorer="neighbours").score_
    assert fitted.repeats and int(fitted.repeated.sum()) == 1
    scores = detector(np.concatenate([NORMAL, rare, often]), scorer="neighbours").anomaly_score(
        np.concatenate([rare, often[:1]])
    )
    assert scores[1] < scores[0]
