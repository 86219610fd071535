"""``isthmus export``: a part of a model as a file that other programs run."""

from __future__ import annotations

from isthmus.apps.cli.command import command, option, tell
from isthmus.apps.cli.inputs import load, model_argument
from isthmus.apps.cli.output import figure, json_option, output_option, show


@command(
    "export",
    "isthmus export digits.safetensors -o digits.onnx",
    "isthmus export detector.safetensors -o score.onnx",
    "isthmus export digits.safetensors -o encoder.onnx --part encode",
)
@model_argument
@output_option("The file: .onnx, or .pt2 for a program of torch.export, which takes encoded columns")
@option(
    "--part",
    metavar="NAME",
    default=None,
    section="In and out",
    help="encode, decode, reconstruct, score, explain, impute, denoise …; default: score of a detector, impute of an "
    "imputer, denoise of a denoiser, else reconstruct",
)
@json_option
def export(model: str, output: str, part: str | None, as_json: bool) -> None:
    """Write a model as an ONNX file that gives the same numbers.

    Scaling, categories, gaps and units are inside, so that it runs without isthmus. The file is compared with the model
    before it appears under its name.
    """
    from isthmus.apps.export import export as onnx

    estimator = load(model, "Autoencoder", "AnomalyDetector", "Imputer", "Denoiser")
    chosen = onnx.checked(estimator, output, part)
    tell(f"exporting {chosen} of {model} …")
    done = onnx.export(estimator, output, chosen)
    trial = done.trial
    document = {"output": output, "model": model, "part": done.part, "inputs": done.inputs, "outputs": done.outputs}
    document |= {"trial": vars(trial)}
    jumped = f", but for {figure(trial.jumped)} at which the model itself jumps" if trial.jumped else ""
    near = f"within {trial.difference:.1e} of number and spread{jumped}"
    lines = [
        f"{output}: {done.part}, from {_named(done.inputs)} to {_named(done.outputs)}",
        f"compared with the model on {figure(trial.rows)} rows: {near}",
        f"1,000 rows take {figure(trial.milliseconds)} ms, in PyTorch {figure(trial.torch_milliseconds)} ms",
    ]
    show(document, "\n".join(lines), as_json)


def _named(ports: list[dict[str, object]]) -> str:
    """Return the names of inputs or outputs, the first ones of many."""
    names = [str(port["name"]) for port in ports]
    encoded = "encoded columns " if ports[0]["kind"] == "encoded" else ""
    return encoded + (", ".join(names) if len(names) <= 6 else f"{', '.join(names[:5])} … ({len(names)} in all)")
