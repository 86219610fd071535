"""What parts say of themselves, so that nobody asks for their names."""

import numpy as np
import pandas as pd
import pytest
import torch

from isthmus import Autoencoder
from isthmus.core.part import describe, lookup
from isthmus.variants import SEVERAL, variants


def mixed():
    return lookup("likelihood/mixed")((("squared", 3), ("bernoulli", 2), ("categorical", 4)))


def test_another_likelihood_is_for_the_numbers_only():
    gaussian = lookup("likelihood/gaussian")(floor=0.5)
    changed = mixed().with_numbers(gaussian)
    names = [type(member).part_name for member in changed.members]
    assert names == ["likelihood/gaussian", "likelihood/bernoulli", "likelihood/categorical"]
    assert describe(changed)["arguments"]["groups"][0][0] == describe(gaussian)
    assert lookup("likelihood/squared")().with_numbers(gaussian) is gaussian


def test_another_likelihood_is_for_each_column_of_categories():
    groups = (("squared", 3), ("categorical", 2), ("categorical", 4))
    changed = lookup("likelihood/mixed")(groups).with_categories(lookup("likelihood/categorical")(weight=5.0))
    assert [member.weight for member in list(changed.members)[1:]] == [5.0, 5.0]
    squared = lookup("likelihood/squared")()
    assert squared.with_categories(changed) is squared


def test_bounds_are_taken_away():
    y = torch.tensor([[2.0]])
    assert lookup("likelihood/squared")(bounds=(0.0, 1.0)).unbounded().mean(y) == 2
    both = mixed()
    assert both.unbounded() is both


@pytest.mark.parametrize("name", [name for name, cls in variants().items() if not cls.images_only])
def test_a_variant_says_what_its_objective_is(name):
    variant = variants()[name]()
    objective = Autoencoder(variant, 2, epochs=1, verbose=False).fit(np.random.default_rng(0).normal(size=(30, 4)))
    assert variant.masks == objective.objective_.masks
    assert variant.has_posterior == objective.objective_.model.has_posterior


def test_members_are_several_where_there_are_categories():
    frame = pd.DataFrame({"a": np.arange(30.0), "b": list("xyz") * 10})
    made = variants()["denoising"](members=None)
    copies = [
        Autoencoder(made, 2, epochs=1, verbose=False).fit(X).objective_.model.net.copies for X in (frame, frame[["a"]])
    ]
    assert copies == [SEVERAL, 1]
