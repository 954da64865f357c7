"""The application: its commands, what they are told, and one line for whatever goes wrong."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from thalweg.cli.complaint import explain

# What every mistyped option raises. typer has its own copy of click from some version on, so the
# class is found through a child of it that typer always shows.
USAGE: type[BaseException] = typer.BadParameter.__mro__[1]


class OneLine(TyperGroup):
    """Commands whose errors are one line on stderr."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run and leave with the exit code."""
        extra["standalone_mode"] = False
        try:
            code = super().main(*args, **extra)
            sys.stdout.flush()
        except (BrokenPipeError, SystemExit):  # the second is what typer makes of the first
            # `thalweg rules | head` has seen enough; what is still buffered has nowhere to go.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = 0
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - said in one line
            usage = isinstance(error, USAGE)
            code = explain(ValueError(mistyped(error)) if usage else error)
        raise SystemExit(code if isinstance(code, int) else 0)


def mistyped(error: BaseException) -> str:
    """What a mistyped command or option is told."""
    said: str = error.format_message()  # type: ignore[attr-defined]
    return f"{said.rstrip('.')}; see `thalweg --help`"


app = typer.Typer(
    cls=OneLine,
    help="Optimizers for PyTorch, and what they do.",
    add_completion=False,
    rich_markup_mode="rich" if sys.stdout.isatty() else None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

TaskName = Annotated[
    str, typer.Argument(metavar="TASK", help="A task's name, or path/to/file.py:name.")
]
Epochs = Annotated[
    int | None, typer.Option(help="Passes over the training data; the task's usual number if none.")
]
Seed = Annotated[int, typer.Option(help="Fixes initial weights, data order and dropout.")]
Out = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Folder of checkpoints, record and page.")
]
Open = Annotated[bool, typer.Option("--open", help="Open the page in the browser afterwards.")]
Engine = Annotated[str, typer.Option(help="Who does the arithmetic: auto, cpu, eager.")]


def _say_version(wanted: bool) -> None:
    if wanted:
        from importlib import metadata

        print(f"thalweg {metadata.version('thalweg')}")
        raise typer.Exit()


@app.callback(invoke_without_command=True)
def begin(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_say_version, is_eager=True, help="Say the version and end."
        ),
    ] = False,
) -> None:
    """Optimizers for PyTorch: train with them, race them, read their equations."""
    if context.invoked_subcommand is None:
        print(context.get_help())


@app.command()
def train(
    task: TaskName,
    rule: Annotated[str, typer.Option(help="A rule's name; see `thalweg rules`.")] = "adam",
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="A hyper-parameter, such as lr=1e-3 or momentum='ramp(0.5, 0.9, epochs=10)'.",
        ),
    ] = None,
    epochs: Epochs = None,
    batch: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE", help="Samples a step, or full; the task's usual size if none."
        ),
    ] = None,
    seed: Seed = 0,
    out: Out = None,
    patience: Annotated[
        int | None, typer.Option(help="Stop after so many epochs without a new best on validation.")
    ] = None,
    clip_norm: Annotated[float | None, typer.Option(help="Longest gradient.")] = None,
    accumulate: Annotated[int, typer.Option(help="Take each batch in so many pieces.")] = 1,
    keep: Annotated[
        int, typer.Option(help="Snapshots to keep, for `thalweg terrain`; 50 are usual.")
    ] = 0,
    engine: Engine = "auto",
    open_page: Open = False,
) -> None:
    """Train a task with a rule. The same command again goes on where the run was."""
    from thalweg.cli.setting import read_all
    from thalweg.cli.train import Wish, train

    wish = Wish(
        task=task,
        rule=rule,
        hypers=read_all(settings or []),
        epochs=epochs,
        batch=read_batch(batch),
        seed=seed,
        patience=patience,
        clip_norm=clip_norm,
        accumulate=accumulate,
        engine=engine,
        keep=keep,
    )
    train(wish, out=out, open_page=open_page)


@app.command()
def race(
    task: TaskName,
    rules: Annotated[
        str,
        typer.Option(
            metavar="A,B,...",
            help="Rules, or gradient-descent, momentum, nesterov; other=adam calls one otherwise, "
            "mine=file.py:rule races your own.",
        ),
    ] = "gradient-descent,sgd,momentum,adam",
    points: Annotated[
        int, typer.Option(help="Trials of each rule; the first is its default.")
    ] = 16,
    seeds: Annotated[int, typer.Option(help="Final runs of each rule.")] = 10,
    epochs: Epochs = None,
    batch: Annotated[int | None, typer.Option(help="Size of a mini-batch.")] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Cut points and seeds until the race fits.")
    ] = None,
    defaults_only: Annotated[
        bool, typer.Option("--defaults-only", help="Tune nothing: published defaults alone.")
    ] = False,
    widen: Annotated[
        bool, typer.Option("--widen", help="More points for all where a best lies at an edge.")
    ] = False,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="RULE.NAME=VALUE",
            help="State a hyper-parameter, such as adam.beta2=0.99; it is not searched then.",
        ),
    ] = None,
    spans: Annotated[
        list[str] | None,
        typer.Option(
            "--range", metavar="RULE.NAME=LOW:HIGH", help="Where to search: adam.lr=1e-4:1e-1."
        ),
    ] = None,
    design: Annotated[int, typer.Option(help="Fixes the points, and with them all seeds.")] = 0,
    on: Annotated[
        str, typer.Option(help="Who runs: processes, here, ray, or an address ray://...")
    ] = "processes",
    workers: Annotated[
        int | None, typer.Option(help="Runs at once; one for each core if not said.")
    ] = None,
    one_by_one: Annotated[
        bool, typer.Option("--one-by-one", help="Don't run small models many at once.")
    ] = False,
    collect: Annotated[
        bool, typer.Option("--collect", help="Run nothing; report what DIR has so far.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the ledger and the reports.")
    ] = None,
    open_page: Open = False,
) -> None:
    """Find out which rule trains a model best. The same command again goes on where it was."""
    from thalweg.cli.race import Asked, race

    asked = Asked(
        task=task,
        rules=rules,
        points=1 if defaults_only else points,
        seeds=seeds,
        epochs=epochs,
        batch=batch,
        minutes=minutes,
        widen=widen,
        settings=settings or [],
        spans=spans or [],
        design=design,
        on=on,
        workers=workers,
        batched=not one_by_one,
        collect=collect,
    )
    race(asked, out=out, open_page=open_page)


@app.command()
def terrain(
    what: Annotated[
        str, typer.Argument(metavar="RUN|SURFACE", help="A run's folder, or a surface's name.")
    ],
    directions: Annotated[
        str | None, typer.Option(help="random, pca, hessian or between; pca where a run kept some.")
    ] = None,
    other: Annotated[
        str | None, typer.Option(metavar="RUN", help="A second run, to look between the two.")
    ] = None,
    size: Annotated[int | None, typer.Option(help="Points along each side; 51 of a run.")] = None,
    samples: Annotated[int, typer.Option(help="Of the training data; 0 takes all.")] = 1024,
    mode: Annotated[
        str | None, typer.Option(help="Batch normalisation: running, batch or recalibrated.")
    ] = None,
    window: Annotated[
        str | None,
        typer.Option("--range", metavar="R|A:B,C:D", help="Window, in units of the directions."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of samples and random directions.")] = 0,
    task: Annotated[
        str | None, typer.Option(metavar="FILE.py:NAME", help="The run's task, if it is yours.")
    ] = None,
    rules: Annotated[
        str, typer.Option(metavar="A,B,...", help="On a surface: send these rules over it.")
    ] = "",
    steps: Annotated[int, typer.Option(help="On a surface: steps of each rule.")] = 200,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of terrain.json and terrain.html.")
    ] = None,
    open_page: Open = False,
) -> None:
    """Draw what a loss looks like. The same command again goes on where it was."""
    from thalweg.cli.terrain import Asked, draw

    asked = Asked(
        what=what,
        directions=directions,
        other=other,
        size=size,
        samples=samples,
        mode=mode,
        window=window,
        seed=seed,
        task=task,
        rules=[name for name in rules.split(",") if name],
        steps=steps,
    )
    draw(asked, out=out, open_page=open_page)


@app.command()
def doctor(
    patient: Annotated[
        str | None,
        typer.Argument(metavar="RUN", help="A run's folder, or a task: path/to/file.py:name."),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(help="The run's task, where it is one of your own: path/to/file.py:name."),
    ] = None,
    post_mortem: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Read logs and checkpoints only: a run, CSV or JSON."),
    ] = None,
    fork: Annotated[
        bool, typer.Option("--fork", help="Try the change beside the unchanged run.")
    ] = False,
    steps: Annotated[int, typer.Option(help="Steps of each side of the fork.")] = 100,
    epochs: Annotated[
        int | None, typer.Option(help="For a task: train so many epochs first.")
    ] = None,
    rule: Annotated[str, typer.Option(help="For a task: train with this rule.")] = "adam",
    as_json: Annotated[bool, typer.Option("--json", help="Print the diagnosis as JSON.")] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the report; the run's if none.")
    ] = None,
    open_page: Open = False,
) -> None:
    """Say what is wrong with a run and what to change. The run itself stays as it is."""
    from thalweg.cli.doctor import Complaint, doctor

    asked = Complaint(
        patient=patient,
        task=task,
        post_mortem=post_mortem,
        fork=fork,
        steps=steps,
        epochs=epochs,
        rule=rule,
    )
    doctor(asked, as_json=as_json, out=out, open_page=open_page)


@app.command()
def rules() -> None:
    """List the rules."""
    from thalweg.cli.show import list_rules

    list_rules()


@app.command()
def show(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="A rule's name.")],
    engine: Annotated[
        str | None, typer.Option(help="Also the program that this engine runs: cpu.")
    ] = None,
) -> None:
    """Show a rule: its equation, its defaults and who says so, its state, its presets."""
    from thalweg.cli.show import show_rule

    show_rule(rule, engine)


@app.command()
def cite(
    rules: Annotated[list[str], typer.Argument(metavar="RULE...", help="Names of rules.")],
) -> None:
    """Print where rules come from, as BibTeX."""
    from thalweg.cli.show import cite_rules

    cite_rules(rules)


@app.command()
def tasks() -> None:
    """List the tasks."""
    from thalweg.cli.show import list_tasks

    list_tasks()


@app.command()
def serve(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="Whose runs and races are shown; here if not said."),
    ] = None,
    port: Annotated[int, typer.Option(help="Where to listen; 0 takes any that is free.")] = 8470,
    host: Annotated[
        str, typer.Option(help="The address to listen at; others than this machine need --expose.")
    ] = "127.0.0.1",
    expose: Annotated[
        bool, typer.Option("--expose", help="Let others on the network in who have the link.")
    ] = False,
    no_open: Annotated[
        bool, typer.Option("--no-open", help="Print the link; don't open the browser.")
    ] = False,
) -> None:
    """Look at surfaces, runs and races in a page, and let the rules run there."""
    from thalweg.cli.serve import serve

    serve(folder, host=host, port=port, expose=expose, open_page=not no_open)


def read_batch(text: str | None) -> int | str | None:
    """A batch size: a number, None for "full", and "task" where nothing is said.

    >>> read_batch("64"), read_batch("full"), read_batch(None)
    (64, None, 'task')
    """
    if text is None or text == "full":
        return "task" if text is None else None
    # isdecimal() takes digits of every script; int() reads them all.
    if not text.isdecimal() or len(text) > 12:
        raise ValueError(f"--batch {text!r} is neither a whole number nor full; 64 is usual")
    return int(text)
