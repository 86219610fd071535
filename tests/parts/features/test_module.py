"""A user's own module as features."""

import pytest
import torch
from torch import nn

from isthmus.core.part import describe
from isthmus.parts.features.module import ModuleFeatures
from isthmus.support.errors import InputError


def test_a_copy_is_frozen_and_the_module_of_the_user_stays_as_it_is():
    module = nn.Sequential(nn.Conv2d(1, 5, 3, 2, 1), nn.BatchNorm2d(5)).train()
    features = ModuleFeatures(module, maps=5, stride=2)
    assert all(parameter.requires_grad for parameter in module.parameters()) and module[1].training
    assert not any(parameter.requires_grad for parameter in features.module.parameters())
    x = torch.rand(2, 1, 9, 12)
    before = features(x)
    with torch.no_grad():
        module[0].weight.zero_()
    assert torch.equal(features(x), before)


def test_maps_of_another_shape_are_refused():
    features = ModuleFeatures(nn.Conv2d(1, 5, 3), maps=5, stride=1)
    with pytest.raises(InputError, match=r"Conv2d returns maps of shape \(1, 5, 6, 6\).*would be \(1, 5, 8, 8\)"):
        features(torch.rand(1, 1, 8, 8))


def test_a_module_without_a_name_works_and_is_not_saved():
    with pytest.raises(InputError, match="decorated with @part"):
        describe(ModuleFeatures(nn.Conv2d(1, 5, 1), maps=5, stride=1))


@pytest.mark.parametrize("wrong", [{"maps": 0}, {"stride": 0}, {"reach": -1}, {"smallest": 0}])
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(InputError, match="of the features 'module': expected at least"):
        ModuleFeatures(nn.Identity(), **{"maps": 1, "stride": 1, **wrong})


def test_what_is_no_module_is_refused():
    with pytest.raises(InputError, match="take an nn.Module, not 'vgg'"):
        ModuleFeatures("vgg", maps=1, stride=1)
