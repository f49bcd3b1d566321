"""`supervisor fleet`: many supervisors that share work over NATS; one file per command."""

from __future__ import annotations

import typer

from supervisor.cli.fleet import auth, dlq, doctor, drain, plan, setup, simulate, status

app = typer.Typer(
    name="fleet",
    help="Share work with other supervisors, over NATS.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command("setup", short_help="Have the servers hold what a fleet needs.")(setup.setup)
app.command("status", short_help="Show its hosts, and what waits.")(status.status)
app.command("doctor", short_help="Look for problems of the fleet, and say what to do.")(
    doctor.doctor
)
app.command("plan", short_help="Show how many hosts there should be, and why.")(plan.plan)
app.command("simulate", short_help="Play a fleet of any size, and what goes wrong in it.")(
    simulate.simulate
)
app.command("drain", short_help="Have a host take no more work of the fleet.")(drain.drain)
app.add_typer(auth.app, name="auth")
app.add_typer(dlq.app, name="dlq")
