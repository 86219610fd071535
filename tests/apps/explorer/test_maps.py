"""Maps, neighbours and colours by themselves."""

from threading import Barrier, Thread

import numpy as np
import pytest

from isthmus.apps.explorer.colours import MISSING, of_labels
from isthmus.apps.explorer.maps import maps, umap
from isthmus.apps.explorer.maps.near import Nearest
from isthmus.apps.explorer.once import once
from isthmus.apps.report.labels import labels_of

CODES = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32) * [3, 1, 2, 0.1] + [5, 0, 0, 0]
CODES = CODES.astype(np.float32)


def test_pca_finds_the_widest_directions():
    found = maps.principal(CODES)
    assert np.abs(found.axes[:, [0, 2]]).argmax(1).tolist() == [0, 1]
    assert np.abs(found.points).max() == pytest.approx(1)
    assert found.at(CODES) == pytest.approx(found.points, abs=1e-6)


def test_pca_of_codes_longer_than_there_are_examples():
    long = np.pad(CODES, ((0, 0), (0, 100)))
    np.testing.assert_allclose(maps.principal(long).points, maps.principal(CODES).points, atol=1e-5)
    two = maps.principal(long[:2])
    assert two.axes.shape == (2, 104) and two.axes @ two.axes.T == pytest.approx(np.eye(2), abs=1e-5)


def test_a_place_far_out_does_not_press_the_others_together():
    places = np.random.default_rng(0).normal(size=(2000, 2)).astype(np.float32)
    assert np.abs(maps.Frame.around(places).scaled(places)).max() == pytest.approx(1)
    places[7] = [500, 100]
    found = maps.Frame.around(places).scaled(places)
    assert np.abs(found[7]).max() > 50 and (np.abs(found) <= 1).all(1).mean() > 0.99
    assert np.abs(found[:7]).max() > 0.1


@pytest.mark.parametrize("made", [maps.principal(CODES), maps.numbers(CODES, 3, 1), maps.numbers(CODES, 2, 2)])
def test_a_code_is_kept_on_the_way_to_the_plane_and_back(made):
    points = made.at(CODES)
    for code, point in zip(CODES, points, strict=True):
        assert made.codes(point[None], code)[0] == pytest.approx(code, abs=1e-4)
    assert made.at(made.codes(points)) == pytest.approx(points, abs=1e-4)


def test_the_rest_of_a_code_is_its_mean():
    found = maps.numbers(CODES, 1, 2).codes(np.zeros((1, 2), np.float32))[0]
    assert found[[0, 3]] == pytest.approx(CODES.mean(0)[[0, 3]])


def test_equal_codes_lie_in_the_middle():
    found = maps.principal(np.ones((3, 4), np.float32))
    assert not found.points.any() and np.isfinite(found.codes(np.ones((1, 2), np.float32))).all()


def test_a_free_map_is_blended_from_the_nearest():
    places = CODES[:, :2] * 2
    free = maps.Free(Nearest(CODES), places)
    assert free.codes(free.points[:3]) == pytest.approx(CODES[:3], abs=1e-3)
    assert free.at(CODES[:3]) == pytest.approx(free.points[:3], abs=1e-3)


def test_neighbours_are_exact_and_leave_the_point_out():
    index, distance = Nearest(CODES).to(CODES[7], 5, but=7)
    expected = np.linalg.norm(CODES - CODES[7], axis=1)
    order = np.argsort(expected)[1:6]
    assert index.tolist() == order.tolist() and distance == pytest.approx(expected[order], rel=1e-5)
    assert len(Nearest(CODES[:3]).to(CODES[0], 8, but=0)[0]) == 2


@pytest.mark.slow
def test_umap_lays_others_among_the_fitted():
    pytest.importorskip("umap")
    groups = np.random.default_rng(0).normal(size=(120, 5)).astype(np.float32) + 20 * (np.arange(120) % 2)[:, None]
    told = []
    places = umap.laid_out(groups.astype(np.float32), lambda *stage: told.append(stage), limit=60)
    near = np.array([Nearest(places).to(place, 1, but=at)[0][0] for at, place in enumerate(places)])
    assert all(any(word in stage for stage, _, _ in told) for word in ("library", "neighbours", "among"))
    done, total = zip(*((done, total) for stage, done, total in told if "round" in stage), strict=True)
    assert set(total) == {total[0]} and list(done) == sorted(done) and done[-1] == total[0] > 1
    assert places.shape == (120, 2) and np.mean(near % 2 == np.arange(120) % 2) > 0.95


def test_a_failure_in_the_background_is_told(monkeypatch):
    monkeypatch.setattr(umap, "laid_out", lambda codes, tell: 1 / 0)
    made = umap.Background(CODES)
    made.wait()
    assert made.positions is None and "ZeroDivisionError" in made.failure


def test_labels_are_classes_or_numbers():
    named = of_labels(np.array(["b", None, "a"], dtype=object), "label")
    assert named.names == ["a", "b"] and named.values.tolist() == [1, MISSING, 0]
    assert of_labels(np.array([10, 9]), "label").names == ["9", "10"]
    assert of_labels(labels_of([10.0, 9.0], 2), "label").names == ["9", "10"]
    numbers = of_labels(np.linspace(0, 1, 40), "label")
    assert numbers.names is None and numbers.bounds[0] < 0.1


def test_what_is_computed_once_is_computed_once_by_many_threads():
    class Slow:
        calls = 0

        @once
        def value(self):
            Slow.calls += 1
            return Slow.calls

    slow, together, found = Slow(), Barrier(8), []

    def ask():
        together.wait()
        found.append(slow.value)

    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [1] * 8 and isinstance(Slow.value, once)
