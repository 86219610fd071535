import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

import isthmus
from isthmus import Autoencoder, DivergenceError, FileFormatError, InputError
from isthmus.core.training.callbacks import StopTraining
from isthmus.core.training.settings import Settings
from isthmus.core.training.threads import choose_threads
from isthmus.parts.nets.mlp import MLP
from isthmus.support.threads import threads

DIGITS = (load_digits().images / 16).astype(np.float32)[:600]


def ae(**changes):
    return Autoencoder(**{"latent_dim": 4, "net": "mlp", "epochs": 3, "batch_size": 64, "random_state": 0, **changes})


def weights(model):
    return torch.cat([t.flatten().double() for t in model.objective_.state_dict().values()])


def same(a, b):
    return torch.equal(weights(a), weights(b))


def test_a_seed_gives_the_same_result_twice_and_leaves_the_global_stream_alone():
    torch.manual_seed(7)
    before = torch.get_rng_state()
    a, b = ae(variant="denoising").fit(DIGITS), ae(variant="denoising").fit(DIGITS)
    assert same(a, b)
    assert torch.equal(before, torch.get_rng_state())
    assert not same(a, ae(variant="denoising", random_state=1).fit(DIGITS))


def test_training_improves_on_the_start():
    short, long = ae(epochs=1).fit(DIGITS), ae(epochs=30).fit(DIGITS)
    assert long.score(DIGITS) > short.score(DIGITS)
    first, last = long.history_[0], long.history_[-1]
    assert last["validation_loss"] < first["validation_loss"]
    assert {"epoch", "seconds", "rate", "loss", "error", "validation_loss"} <= set(last)


def test_the_best_weights_are_kept():
    model = ae(epochs=12, validation_fraction=0.3).fit(DIGITS)
    best = min(entry["validation_loss"] for entry in model.history_)
    assert model.info_["best_validation_loss"] <= best
    assert model.history_[model.info_["best_epoch"] - 1]["validation_loss"] == pytest.approx(best)


def test_patience_stops():
    model = ae(variant="linear", net=None, epochs=200, patience=2).fit(DIGITS)
    assert len(model.history_) < 200


def test_a_callback_sees_everything_and_can_stop():
    seen = []

    def callback(event):
        seen.append(event.kind)
        if event.kind == "epoch" and event.epoch == 2:
            raise StopTraining

    model = ae(epochs=5, callbacks=[callback]).fit(DIGITS)
    assert len(model.history_) == 2
    assert not model.interrupted_
    assert seen[0] == "begin"
    assert seen[-1] == "end"
    assert seen.count("step") == 2 * 9


def test_ctrl_c_keeps_the_best_weights_and_warns():
    def callback(event):
        if event.kind == "step" and (event.epoch, event.step) == (3, 3):
            raise KeyboardInterrupt

    with pytest.warns(UserWarning, match="interrupted in epoch 3"):
        model = ae(epochs=9, callbacks=[callback]).fit(DIGITS)
    assert model.interrupted_
    assert len(model.history_) == 2
    assert same(model, ae(epochs=9, callbacks=[stop_after(2)]).fit(DIGITS))


def stop_after(epoch):
    def callback(event):
        if event.kind == "epoch" and event.epoch == epoch:
            raise StopTraining

    return callback


def test_a_loss_that_is_no_number_names_step_term_and_remedy():
    model = ae(learning_rate=1e30, validation_fraction=0.2)
    with pytest.raises(DivergenceError, match=r"step \d+ of epoch \d+ \(term: error\).*learning_rate"):
        model.fit(DIGITS)
    assert np.isfinite(model.reconstruct(DIGITS)).all()


def test_a_step_after_which_nothing_is_a_number_is_noticed_by_validation():
    model = ae(learning_rate=1e30, validation_fraction=0.2, batch_size=len(DIGITS), epochs=1)
    with pytest.raises(
        DivergenceError, match=r"the validation loss became \w+ at the end of epoch 1\. The best weights"
    ):
        model.fit(DIGITS)
    assert np.isfinite(model.reconstruct(DIGITS)).all()


def test_averaged_weights_are_what_is_kept():
    plain, averaged = (
        ae(epochs=5, validation_fraction=0).fit(DIGITS),
        ae(epochs=5, average=0.9, validation_fraction=0).fit(DIGITS),
    )
    assert not same(plain, averaged)
    assert averaged.score(DIGITS) == pytest.approx(plain.score(DIGITS), rel=0.2)


def test_sample_weights_pull():
    bright = DIGITS.mean((1, 2)) > np.median(DIGITS.mean((1, 2)))
    weight = np.where(bright, 1.0, 0.0)
    model = ae(epochs=20).fit(DIGITS, sample_weight=weight)
    even = ae(epochs=20).fit(DIGITS)
    share = model.reconstruction_error(DIGITS)[bright].mean() / model.reconstruction_error(DIGITS)[~bright].mean()
    assert share < even.reconstruction_error(DIGITS)[bright].mean() / even.reconstruction_error(DIGITS)[~bright].mean()


VARIANTS = ["plain", "denoising", "variational"]


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("average", [None, 0.9])
def test_a_killed_training_resumes_bit_for_bit(tmp_path, variant, average):
    class Killed(Exception): ...

    def kill(event):
        if event.kind == "step" and (event.epoch, event.step) == (3, 4):
            raise Killed

    path = tmp_path / "c.safetensors"
    knobs = {"variant": variant, "average": average, "epochs": 4}
    with pytest.raises(Killed):
        ae(**knobs, callbacks=[kill]).fit(DIGITS, checkpoint=path)
    resumed = ae(**knobs).fit(DIGITS, checkpoint=path, resume=True)
    whole = ae(**knobs).fit(DIGITS)
    assert same(resumed, whole)
    assert [without_seconds(entry) for entry in resumed.history_] == [without_seconds(e) for e in whole.history_]


def without_seconds(entry):
    return {name: value for name, value in entry.items() if name != "seconds"}


def test_a_checkpoint_within_an_epoch_resumes_bit_for_bit(tmp_path, monkeypatch):
    monkeypatch.setattr("isthmus.core.training.loop.CHECKPOINT_SECONDS", 0.0)

    class Killed(Exception): ...

    def kill(event):
        if event.kind == "step" and (event.epoch, event.step) == (2, 5):
            raise Killed

    path = tmp_path / "c.safetensors"
    with pytest.raises(Killed):
        ae(variant="denoising", callbacks=[kill]).fit(DIGITS, checkpoint=path)
    resumed = ae(variant="denoising").fit(DIGITS, checkpoint=path, resume=True)
    assert same(resumed, ae(variant="denoising").fit(DIGITS))


def test_sigkill_and_resume(tmp_path):
    np.save(tmp_path / "x.npy", DIGITS)
    code = textwrap.dedent(
        """
        import os, signal, sys, numpy
        from isthmus import Autoencoder
        x, kill = numpy.load("x.npy"), sys.argv[1] == "kill"
        def callback(event):
            if kill and event.kind == "step" and event.epoch == 3:
                os.kill(os.getpid(), signal.SIGKILL)
        model = Autoencoder(latent_dim=4, net="mlp", epochs=4, batch_size=64, random_state=0, callbacks=[callback])
        model.fit(x, checkpoint="c.safetensors", resume=sys.argv[1] == "resume").save(sys.argv[1] + ".safetensors")
        """
    )
    environment = {**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())}

    def run(how):
        return subprocess.run([sys.executable, "-c", code, how], cwd=tmp_path, env=environment).returncode

    assert run("kill") == -signal.SIGKILL
    assert run("resume") == 0
    assert same(isthmus.load(tmp_path / "resume.safetensors"), ae(epochs=4).fit(DIGITS))


def test_a_checkpoint_of_other_groups_of_weights_is_refused(tmp_path, monkeypatch):
    ae(epochs=1).fit(DIGITS, checkpoint=tmp_path / "c.safetensors")
    monkeypatch.setattr(MLP, "orthogonal", lambda net: [net.encoder.linear.weight])
    with pytest.raises(InputError, match="another optimizer .then {'model': 2}, now {'model': 3}"):
        ae(epochs=1).fit(DIGITS, checkpoint=tmp_path / "c.safetensors", resume=True)


def test_a_checkpoint_of_something_else_is_refused(tmp_path):
    path = tmp_path / "c.safetensors"
    model = ae(epochs=1).fit(DIGITS, checkpoint=path)
    with pytest.raises(InputError, match="another data"):
        ae(epochs=1).fit(DIGITS[::-1], checkpoint=path, resume=True)
    with pytest.raises(InputError, match="another learning_rate.*then 0.004, now 0.5"):
        ae(epochs=1, learning_rate=0.5).fit(DIGITS, checkpoint=path, resume=True)
    with pytest.raises(InputError, match="another model"):
        ae(epochs=1, latent_dim=5).fit(DIGITS, checkpoint=path, resume=True)
    model.save(tmp_path / "model.safetensors")
    with pytest.raises(FileFormatError, match="not a checkpoint"):
        ae(epochs=1).fit(DIGITS, checkpoint=tmp_path / "model.safetensors", resume=True)
    with pytest.raises(FileFormatError, match="checkpoint"):
        isthmus.load(path)


def test_more_epochs_than_the_checkpoint_has_name_the_remedy(tmp_path):
    path = tmp_path / "c.safetensors"
    ae(epochs=1).fit(DIGITS, checkpoint=path)
    with pytest.raises(InputError, match="training of 1 epoch, not 3.*resume with epochs=1, then .* for 2 more.*warm_"):
        ae(epochs=3).fit(DIGITS, checkpoint=path, resume=True)


def test_epochs_count_from_one(tmp_path):
    seen = []
    path = tmp_path / "c.safetensors"
    model = ae(epochs=2, callbacks=[lambda event: seen.append((event.kind, event.epoch))]).fit(DIGITS, checkpoint=path)
    assert [kind for kind in dict.fromkeys(seen) if kind[0] != "step"] == [
        ("begin", 1), ("epoch", 1), ("checkpoint", 1), ("epoch", 2), ("checkpoint", 2), ("end", 2),
    ]  # fmt: skip
    losses = {entry["epoch"]: entry["validation_loss"] for entry in model.history_}
    assert losses[model.info_["best_epoch"]] == min(losses.values())
    assert ae(epochs=1, validation_fraction=0).fit(DIGITS).info_["best_epoch"] is None
    unmoved = ae(epochs=1, learning_rate=0.0).fit(DIGITS)
    assert unmoved.info_["best_epoch"] == 0, "the start"


def test_another_thread_count_is_said(tmp_path, caplog):
    path = tmp_path / "c.safetensors"
    large = {"epochs": 1, "net": MLP((512, 512)), "batch_size": 256}
    ae(**large).fit(DIGITS, checkpoint=path)
    with threads(torch.get_num_threads() + 1):
        ae(**large).fit(DIGITS, checkpoint=path, resume=True)
    assert "threads" in caplog.text


@pytest.mark.parametrize(("schedule", "peak"), [("cosine", 0.1), ("one-cycle", 0.3)])
def test_the_rate_rises_once_and_falls_to_zero(schedule, peak):
    settings = Settings(1, 1, learning_rate=2.0, schedule=schedule)
    rates = [settings.rate(t / 100) for t in range(101)]
    assert max(rates) == settings.rate(peak) == 2.0
    assert rates == sorted(rates[: round(100 * peak)]) + sorted(rates[round(100 * peak) :], reverse=True)
    assert rates[-1] == pytest.approx(0)
    assert Settings(1, 1, learning_rate=2.0, schedule="constant").rate(0.7) == 2.0


def test_small_steps_take_one_thread_and_give_it_back():
    with threads(2):
        assert ae(epochs=1).fit(DIGITS, checkpoint=None) is not None
        assert torch.get_num_threads() == 2
    assert choose_threads(10_000, 64) == 1
    assert choose_threads(1_000_000, 256) is None


def test_partial_fit_fixes_the_schema_and_goes_on():
    model = ae()
    for _ in range(6):
        model.partial_fit(DIGITS[:300])
    first = model.score(DIGITS)
    for _ in range(6):
        model.partial_fit(DIGITS[300:])
    assert model.score(DIGITS) > first
    assert len(model.history_) == 12
    with pytest.raises(InputError, match="shape"):
        model.partial_fit(DIGITS[:, :4])


def test_a_saved_model_is_trained_further(tmp_path):
    path = tmp_path / "m.safetensors"
    first = ae(epochs=5).fit(DIGITS[:300])
    first.save(path)
    before = isthmus.load(path).score(DIGITS)
    further = isthmus.load(path).set_params(warm_start=True, epochs=10, learning_rate=1e-3).fit(DIGITS)
    assert further.score(DIGITS) > before
    assert len(further.history_) == 15
    still = isthmus.load(path).set_params(warm_start=True, epochs=1, learning_rate=0.0).fit(DIGITS)
    assert same(still, first)


def test_the_logs_of_callbacks(tmp_path):
    import csv

    from isthmus.core.training.callbacks import CSVLog, TensorBoard

    model = ae(callbacks=[CSVLog(tmp_path / "log.csv"), TensorBoard(tmp_path / "tb")]).fit(DIGITS)
    with open(tmp_path / "log.csv") as file:
        entries = list(csv.DictReader(file))
    assert [int(entry["epoch"]) for entry in entries] == [entry["epoch"] for entry in model.history_] == [1, 2, 3]
    assert [float(entry["loss"]) for entry in entries] == pytest.approx([entry["loss"] for entry in model.history_])
    assert any((tmp_path / "tb").iterdir())
