"""Names that people type on the command line: which one is meant, and what there is not."""

import pytest

TYPED = {
    "fit": "did you mean 'train'?",
    "train digits -o m --variant vae": "did you mean 'variational'?",
    "train digits -o m --variant AE": "did you mean 'plain'?",
    "train digits -o m --variant vq-vae": "no vector-quantized autoencoder",
    "train digits -o m --precision bf16": "did you mean 'bfloat16'?",
    "train digits -o m --lr 0.1": "Did you mean '--learning-rate'?",
    "train digits -o m --random-state 1": "Did you mean '--seed'?",
    "train digits -o m --latent 3": "Did you mean '--latent-dim'?",
}


@pytest.mark.parametrize("line", TYPED)
def test_what_is_typed_under_another_name_ends_with_2(isthmus, line):
    assert TYPED[line] in isthmus(*line.split(), code=2).err


@pytest.mark.parametrize(("option", "meant"), [("--net cnn", "'conv'"), ("--device gpu", "'cuda'")])
def test_what_training_does_not_know_ends_with_1(isthmus, option, meant, tmp_path):
    done = isthmus("train", "digits", "--rows", "0:60", "-o", tmp_path / "m", *option.split(), code=1)
    assert f"did you mean {meant}?" in done.err
