"""Names that people type: what is suggested exists, and what there is not is said."""

import pytest

import isthmus
from isthmus import Autoencoder, InputError
from isthmus.apps.cli.main import MODULES
from isthmus.apps.cli.settings import settings
from isthmus.core.part import names
from isthmus.core.training.precision import PRECISIONS
from isthmus.core.training.settings import SCHEDULES
from isthmus.data.tables.scale_names import SCALES
from isthmus.parts.catalogue import load_all
from isthmus.support.errors import unknown
from isthmus.support.synonyms import SYNONYMS, UNSUPPORTED, plain

load_all()

KNOWN = {
    **{kind: set(names(kind)) for kind in ("variant", "net", "likelihood", "corruption", "score", "prior", "data")},
    "device": {"cuda"},
    "precision": set(PRECISIONS),
    "schedule": set(SCHEDULES),
    "scale": set(SCALES),
    "parameter": {*settings(), "variant"},
    "command": set(MODULES),
}


@pytest.mark.parametrize("kind", SYNONYMS)
def test_only_names_that_exist_are_suggested(kind):
    assert set(SYNONYMS[kind].values()) <= KNOWN[kind]


@pytest.mark.parametrize("kind", SYNONYMS)
def test_a_name_of_ours_is_no_synonym_of_another(kind):
    mistaken = {name for name in KNOWN[kind] if SYNONYMS[kind].get(plain(name), name) != name}
    assert not mistaken


@pytest.mark.parametrize("kind", UNSUPPORTED)
def test_what_there_is_is_not_called_missing(kind):
    assert not {name for name in KNOWN[kind] if plain(name) in UNSUPPORTED[kind]}


@pytest.mark.parametrize("table", [SYNONYMS, UNSUPPORTED])
def test_the_tables_hold_plain_names_once(table):
    every = [name for kind in table.values() for name in kind]
    assert every == [plain(name) for name in every]
    assert not [name for kind in UNSUPPORTED for name in UNSUPPORTED[kind] if name in SYNONYMS[kind]]


VARIANTS = {
    "vae": "variational",
    "VAE": "variational",
    "beta-vae": "variational",
    "ae": "plain",
    "autoencoder": "plain",
    "dae": "denoising",
    "sae": "sparse",
    "cae": "contractive",
    "pca": "linear",
    "k-sparse": "topk",
}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_under_another_name(name):
    with pytest.raises(InputError, match=f"did you mean '{VARIANTS[name]}'"):
        Autoencoder(name, epochs=1).fit([[0.0, 1.0], [1.0, 0.0]])


WRONG = {"net": ("cnn", "conv"), "device": ("gpu", "cuda"), "prior": ("gmm", "mixture"), "data": ("csv", "table")}


@pytest.mark.parametrize("parameter", WRONG)
def test_other_parameters_under_another_name(parameter):
    name, meant = WRONG[parameter]
    with pytest.raises(InputError, match=f"did you mean '{meant}'"):
        Autoencoder(epochs=1, latent_dim=1, **{parameter: name}).fit([[0.0, 1.0], [1.0, 0.0]])


@pytest.mark.parametrize(("name", "said"), [("vq-vae", "no vector-quantized"), ("cnn", "that is a net")])
def test_what_there_is_not_is_said(name, said):
    with pytest.raises(InputError, match=f"unknown variant '{name}': .*{said}"):
        Autoencoder(name, epochs=1).fit([[0.0, 1.0], [1.0, 0.0]])


def test_parameters_and_classes_under_another_name():
    with pytest.raises(InputError, match="did you mean 'learning_rate'"):
        Autoencoder().set_params(lr=0.1)
    with pytest.raises(AttributeError, match="did you mean 'Variational'"):
        isthmus.VAE  # noqa: B018


def test_case_of_columns_is_kept():
    assert unknown("column", "Knd", ["Kind", "Size"]) == "unknown column 'Knd'; did you mean 'Kind'? Known: Kind, Size"
