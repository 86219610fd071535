import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus import Autoencoder, Images, Table
from isthmus.core import part as parts
from isthmus.core.part import arguments, build, describe, lookup, part, resolve, unbuilt_copy
from isthmus.parts.nets.ensemble import Ensemble
from isthmus.parts.nets.mlp import MLP
from isthmus.parts.schedules import Warmup
from isthmus.support.errors import FileFormatError, InputError
from isthmus.variants import Variational


@pytest.fixture
def registry(monkeypatch):
    monkeypatch.setattr(parts, "PARTS", dict(parts.PARTS))
    return parts.PARTS


def test_a_part_remembers_its_arguments_with_defaults(registry):
    @part("thing/first")
    class First:
        def __init__(self, a, b=2, *, c=(1, 2)):
            self.total = a + b

    assert arguments(First(1, c=[3])) == {"a": 1, "b": 2, "c": [3]}
    assert describe(First(1)) == {"part": "thing/first", "arguments": {"a": 1, "b": 2, "c": [1, 2]}}


def test_a_subclass_remembers_its_own_arguments(registry):
    @part("thing/base")
    class Base:
        def __init__(self, a):
            self.a = a

    @part("thing/child")
    class Child(Base):
        def __init__(self, b):
            super().__init__(b + 1)

    assert arguments(Child(1)) == {"b": 1}


def test_two_classes_cannot_bear_one_name(registry):
    @part("thing/one")
    class One: ...

    with pytest.raises(InputError, match="thing/one"):

        @part("thing/one")
        class Two: ...


def test_a_name_needs_a_kind():
    with pytest.raises(InputError, match="kind/name"):
        part("nameless")


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(PLAIN)
def test_plain_values_survive_json(value):
    assert repr(build(json.loads(json.dumps(describe(value), allow_nan=False)))) == repr(value)


def test_nested_parts_survive_json():
    variant = Variational(beta=Warmup(4.0, fraction=0.5), free_bits=0.1)
    again = build(json.loads(json.dumps(describe(variant))))
    assert isinstance(again, Variational)
    assert again.beta(0.25) == 2.0
    assert again.free_bits == 0.1


def test_fresh_copies_are_new_all_the_way_down():
    variant = Variational(beta=Warmup(4.0))
    assert unbuilt_copy(variant).beta is not variant.beta


def test_what_is_no_part_cannot_be_described():
    with pytest.raises(InputError, match="@part"):
        describe(object())


@pytest.mark.parametrize(
    "description",
    [
        {"part": "net/none-such", "arguments": {}},
        {"part": "schedule/warmup", "arguments": {"speed": 3}},
        {"part": "schedule/warmup"},
        {"part": 7, "arguments": {}},
        {},
    ],
)
def test_a_wrong_description_is_refused(description):
    with pytest.raises(FileFormatError):
        build(description)


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(InputError, match="did you mean 'denoising'"):
        lookup("variant/denoise")


def test_resolve_takes_names_and_parts_only():
    assert resolve("variant", "variational") == Variational()
    with pytest.raises(InputError, match="expected the name of a variant"):
        resolve("variant", 3)


def test_a_part_is_shown_with_the_arguments_that_are_no_defaults(registry):
    @part("thing/own")
    class Own:
        def __init__(self, a=1):
            pass

        def __repr__(self):
            return "my own"

    assert repr(Warmup()) == "Warmup()" and repr(Warmup(fraction=0.5)) == "Warmup(fraction=0.5)"
    assert repr(MLP()) == "MLP()" and repr(MLP((64, 32))) == "MLP(widths=(64, 32))"
    assert repr(Table(scale="none")) == "Table(scale='none')" and repr(Own(2)) == "my own"
    assert "beta=Warmup(value=2.0)" in repr(Variational(Warmup(2.0)))
    assert repr(Ensemble(MLP((8,)), 2)).count("MLP(widths=(8,))") == 1
    assert repr(Autoencoder(net=MLP((8,)), data=Images(crop=16))) == (
        "Autoencoder(data=Images(crop=16), net=MLP(widths=(8,)))"
    )


def test_what_a_part_learnt_is_cut_short():
    learnt = Table().learn([pd.DataFrame({"a": [f"name {n}" for n in range(9)], "b": range(9)})])
    assert len(repr(learnt)) < 600 and "Table(" in repr(learnt)
