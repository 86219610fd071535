"""``isthmus tune``: the values of parameters with which an autoencoder does best."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isthmus.apps.cli.command import INTERRUPTED, Failure, command, option
from isthmus.apps.cli.inputs import data_options
from isthmus.apps.cli.model_options import model_options
from isthmus.apps.cli.output import drawable, figure, json_option, output_option, show, table, writable, writable_model
from isthmus.apps.cli.over import Over, spaces
from isthmus.apps.cli.reading_options import remember
from isthmus.apps.cli.rows import enough
from isthmus.apps.cli.train import anew, train
from isthmus.apps.cli.values import Named
from isthmus.support.errors import extra

if TYPE_CHECKING:
    from isthmus.tasks.tuning.results import Tuning

METRICS = ("auto", "reconstruction", "validation_loss", "probe")
LIMIT = 20
"""Trials that are shown to people; all are in the file of --table."""

OVER = (
    "What is tuned, and over which values: a range LOW..HIGH (on a logarithmic scale where HIGH is 100 times LOW, and "
    "for rates), or choices A|B|C. Names are those of the options of train, such as latent_dim, variant, net, beta"
)
METRIC = (
    "What is best. reconstruction: the fraction of the variance that is not reconstructed, and of the categories that "
    "are wrong. validation_loss: what training minimises. probe: the accuracy with which the --label is predicted from "
    "the codes. auto: the loss, or the reconstruction where what is tuned changes the loss [auto]"
)


def _writable(ctx: click.Context, param: click.Parameter, path: str | None) -> str | None:
    return None if path is None else writable(path)


def _drawable(ctx: click.Context, param: click.Parameter, path: str | None) -> str | None:
    return None if path is None else writable(drawable(path))


@command(
    "tune",
    "isthmus tune digits --over latent_dim=2..64,learning_rate=1e-4..1e-2 --epochs 10 -o best.safetensors",
    "isthmus tune cells.csv --label kind --over 'variant=plain|denoising,net=64,32|128,64' -o best.safetensors",
    "isthmus tune faces.parquet --variant variational --over beta=0.1..4 --minutes 9 --plot t.svg -o best.safetensors",
)
@data_options
@output_option("The best model, such as best.safetensors", checked=writable_model)
@option("--over", type=Over(), required=True, multiple=True, section="Tuning", help=OVER)
@option(
    "--trials", type=click.IntRange(min=1), section="Tuning", help="Trials [20, or as many as there are minutes for]"
)
@option(
    "--minutes", type=click.FloatRange(min=0, min_open=True), section="Tuning", help="End the trials after this time"
)
@option("--metric", type=Named(list(METRICS)), default="auto", section="Tuning", help=METRIC)
@option("--no-refit", is_flag=True, section="Tuning", help="Do not train the best model again on all rows")
@option(
    "--table", "to_table", metavar="PATH", callback=_writable, section="Tuning", help="Write all trials to a .csv file"
)
@option(
    "--plot",
    metavar="PATH",
    callback=_drawable,
    section="Tuning",
    help="Draw the metric against each parameter: .svg or .png",
)
@model_options
@json_option
def tune(
    read: Callable[[], Any],
    output: str,
    over: tuple[dict[str, str], ...],
    trials: int | None,
    minutes: float | None,
    metric: str,
    no_refit: bool,
    to_table: str | None,
    plot: str | None,
    variant: str | None,
    scale: str | None,
    max_categories: int | None,
    as_json: bool,
    **typed: Any,
) -> None:
    """Find the best values of parameters on DATA.

    Trains a model for each trial and measures it on rows that it was not trained on, the same for all. Values are
    suggested by Optuna; trials that are worse than half of the others are ended early. Other options are those of
    train, and the same in all trials. Ctrl-C ends the search and keeps the best model so far.
    """
    extra("optuna", "tune")
    import isthmus
    from isthmus.tasks.tuning import measures

    wanted = {name: text for one in over for name, text in one.items()}
    values = {name: value for name, value in typed.items() if value is not None}
    _check(wanted, {**values, "variant": variant, "scale": scale})
    about = {"scale": scale or ("common" if "scale" in wanted else None), "max_categories": max_categories}
    start = anew(variant or "plain", about, values)
    ranges = spaces(wanted, {str(param.name): param for param in train.params})
    rows = read()
    needs_labels = start.condition == "y" or (metric != "auto" and measures.METRICS[metric].needs_labels)
    if needs_labels and rows.y is None:
        raise Failure(f"{rows.name!r} has no labels; name their column with --label")
    with enough(rows.name, rows.left_out):
        result = isthmus.tune(
            rows.X,
            rows.y if needs_labels else None,
            over=ranges,
            autoencoder=start,
            trials=trials,
            minutes=minutes,
            metric=metric,
            refit=not no_refit,
            random_state=start.random_state,
        )
    remember(result.best, rows.reading)
    result.best.save(output)
    if to_table:
        _write_table(to_table, result)
    if plot:
        from isthmus.apps.figures.tuning import write_tuning_figure

        write_tuning_figure(plot, result, f"Tuning on {Path(rows.name).name}")
    show(_document(result, output, rows.name), _text(result, output), as_json)
    if result.interrupted:
        click.get_current_context().exit(INTERRUPTED)


def _check(wanted: dict[str, str], values: dict[str, Any]) -> None:
    """Refuse a parameter that is both tuned and set."""
    both = [name for name in wanted if values.get(name) is not None]
    if both:
        raise click.UsageError(
            f"{both[0]} is tuned and set: leave out --{both[0].replace('_', '-')}, or take it out of --over"
        )


def _names(result: Tuning) -> dict[str, str]:
    """Return what the parameters are called where they are typed, by their names."""
    return {name: name.rpartition("__")[2] for name in result.params}


def _lines(result: Tuning) -> list[dict[str, Any]]:
    """Return the trials as lines of a table, the best first."""
    names = _names(result)
    figures = {"trial": "trial", **names, result.metric: result.metric, "epochs": "epochs", "seconds": "seconds"}
    keys = {**figures, "state": "state", "why": "why"}
    return [{said: trial.get(key) for key, said in keys.items()} for trial in result.ranked()]


def _write_table(path: str, result: Tuning) -> None:
    from isthmus.support.atomic import atomic

    lines = _lines(result)
    with atomic(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)


def _document(result: Tuning, output: str, data: str) -> dict[str, Any]:
    names = _names(result)
    best = result.trials[result.best_trial - 1]
    return {
        "model": output,
        "data": data,
        "metric": result.metric,
        "best": {said: best[name] for name, said in names.items() if name in best},
        "best_trial": result.best_trial,
        "value": result.value,
        "refitted": result.refitted,
        "interrupted": result.interrupted,
        "trials": _lines(result),
        **({"by_latent_dim": result.by("latent_dim")} if _tuned_width(result) else {}),
    }


def _tuned_width(result: Tuning) -> bool:
    return "latent_dim" in result.params and bool(result.complete())


def _text(result: Tuning, output: str) -> str:
    lines = [{**line, result.metric: figure(line[result.metric])} for line in _lines(result)]
    without_reason = [
        {k: v for k, v in line.items() if k != "why" or any(one["why"] for one in lines)} for line in lines
    ]
    left = [f"… and {len(lines) - LIMIT} more: --table PATH writes all"] if len(lines) > LIMIT else []
    sections = ["\n".join([table(without_reason[:LIMIT]), *left]), _metric(result)]
    if _tuned_width(result):
        sections.append(_widths(result))
    return "\n\n".join([*sections, _best(result, output)])


def _metric(result: Tuning) -> str:
    """Say what the trials are measured by, and why."""
    from isthmus.tasks.tuning.measures import changing_the_loss

    changing = [name.rpartition("__")[2] for name in changing_the_loss(result.params)]
    why = f"\nThe losses of trials cannot be compared: they depend on {', '.join(changing)}." if changing else ""
    return f"{result.metric}: {result.about_metric}.{why}"


def _widths(result: Tuning) -> str:
    """Return the best trial for each size of a code, and what to make of it."""
    small = result.smallest()
    said = (
        "A wider code always holds more of a row, so the best is often the widest. "
        f"Within 10 % of the best: latent_dim {small['latent_dim']}, trial {small['trial']}, "
        f"{result.metric} {figure(small[result.metric])}."
    )
    widths = [{**line, result.metric: figure(line[result.metric])} for line in result.by("latent_dim")]
    return f"{table(widths)}\n{said}"


def _best(result: Tuning, output: str) -> str:
    document = _document(result, output, "")
    values = ", ".join(f"{name} {figure(value)}" for name, value in document["best"].items())
    trained = "trained again on all rows" if result.refitted else "as it was measured"
    ended = "interrupted; " if result.interrupted else ""
    return f"{output}: {ended}trial {result.best_trial}, {values}; {result.metric} {figure(result.value)}; {trained}"
