"""The command line: thalweg train, race, rules, show, cite, tasks."""


def main() -> None:
    """Run the command line and leave with its exit code: 0, 2 for bad input, 130 for Ctrl-C."""
    from thalweg.cli.complaint import explain

    try:
        from thalweg.cli.app import app

        app(prog_name="thalweg")
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - said in one line
        # Only what comes up before the application stands, such as a missing library.
        raise SystemExit(explain(error)) from None
