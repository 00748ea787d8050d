"""The commands and what they have in common: one line on stderr and exit code 2 for a wrong input."""

import sys

import typer

from api.cli import collector, demo, doctor, erase, export, import_, mine, miner, remap, serve
from api.cli.alerts import app as alerts
from api.cli.dashboards import app as dashboards
from api.cli.dead_letters import app as dead_letters
from api.cli.mapping import app as mapping
from collector.vocabulary.errors import HoutaiError, RetryableError

app = typer.Typer(
    name="houtai",
    help="Watches how a company's work really flows, finds where it hurts, and says what to change.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("serve")(serve.serve)
app.command("mine")(mine.mine)
app.command("import")(import_.import_)
app.command("export")(export.export)
app.command("demo")(demo.demo)
app.command("doctor")(doctor.doctor)
app.command("collector")(serve.collector)
app.command("miner")(miner.miner)
app.add_typer(dashboards, name="dashboards")
app.add_typer(alerts, name="alerts")
app.add_typer(mapping, name="mapping")
app.add_typer(dead_letters, name="dead-letters")
app.command("remap")(remap.remap)
app.command("erase")(erase.erase)
app.command("receiver", hidden=True)(collector.receiver)
app.command("converter", hidden=True)(collector.converter)


def main() -> None:
    """Run the command line."""
    try:
        app()
    except HoutaiError as error:
        print(f"houtai: {error}", file=sys.stderr)
        # The same call may succeed later: whoever watches over this process may start it again.
        raise SystemExit(1 if isinstance(error, RetryableError) else 2) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except BrokenPipeError:
        # The reader of our standard output went away (`| head`); nothing is wrong.
        sys.stderr.close()
        raise SystemExit(0) from None
