"""What is told of a finding in redesign: before against after, or why that cannot be said yet."""

from typing import Final

from api.bottlenecks.context import Context, Standing
from api.bottlenecks.model import Comparison, Redesign, Tone
from api.html_report.humanise import whole
from mining.bottlenecks.redesign import LEAST, LEAST_DAYS, Figure, Verdict

LABELS: Final = {"p50": "Median", "p90": "90 % take at most", "mean": "Mean"}


def redesign(standing: Standing, context: Context) -> Redesign:
    """Where the change stands."""
    say = context.say
    frozen = say("Baseline frozen on {day}.", day=standing.frozen.astimezone(context.zone).strftime("%Y-%m-%d"))
    if standing.done is None or standing.verdict is None:
        return Redesign(
            say("In redesign: enter the date when the change is done, and this will say what it brought."),
            "flat",
            frozen,
            (),
        )
    done = say("Done on {day}.", day=standing.done.astimezone(context.zone).strftime("%Y-%m-%d"))
    verdict = standing.verdict
    measured = say(
        "Measured: {before} in {before_days} days before, {after} in {after_days} days after.",
        before=whole(verdict.before),
        before_days=verdict.before_days,
        after=whole(verdict.after),
        after_days=verdict.after_days,
    )
    if verdict.missing is not None:
        return Redesign(_too_little(verdict, context), "flat", context.joined(frozen, done, measured), ())
    how = say(
        "Same weekdays and same mix of cases on both sides ({share} of what was measured has its like on the other "
        "side); intervals of 95 % by drawing whole days anew.",
        share=context.percent(verdict.covered),
    )
    shown = tuple(_comparison(name, verdict.figures[name], context) for name in LABELS)
    sentence, tone = _outcome(verdict, context)
    return Redesign(sentence, tone, context.joined(frozen, done, measured, how), shown)


def _too_little(verdict: Verdict, context: Context) -> str:
    match verdict.missing:
        case "days":
            return context.say(
                "Not enough data yet: {days} days on each side are needed; there are {before} before, {after} after.",
                days=LEAST_DAYS,
                before=verdict.before_days,
                after=verdict.after_days,
            )
        case "measured":
            return context.say(
                "Not enough data yet: {least} cases on each side are needed; there are {before} before, {after} after.",
                least=LEAST,
                before=whole(verdict.before),
                after=whole(verdict.after),
            )
        case _:
            return context.say(
                "Before and after can't be compared: only {share} has its like, by weekday and kind of case, on the "
                "other side.",
                share=context.percent(verdict.covered),
            )


def _outcome(verdict: Verdict, context: Context) -> tuple[str, Tone]:
    figure, mean = verdict.figures[verdict.decisive], verdict.figures["mean"]
    per_week = abs(mean.difference) * verdict.per_week / 3600
    values = {
        "figure": context.say("median") if verdict.decisive == "p50" else context.say("mean"),
        "before": context.duration(figure.before).text,
        "after": context.duration(figure.after).text,
        "hours": context.hours(per_week).text,
    }
    better = "It worked: {figure} {before} → {after}, {hours} a week less in the mean."
    worse = "It got worse: {figure} {before} → {after}, {hours} a week more in the mean."
    unclear = "Not to be told from chance: {figure} {before} → {after}, and the interval holds no change."
    told: dict[str | None, tuple[str, Tone]] = {"better": (better, "better"), "worse": (worse, "worse")}
    message, tone = told.get(verdict.outcome, (unclear, "flat"))
    return context.say(message, **values), tone


def _comparison(name: str, figure: Figure, context: Context) -> Comparison:
    def signed(seconds: float) -> str:
        shown = context.duration(abs(seconds)).text
        return f"−{shown}" if seconds < 0 else f"+{shown}" if seconds > 0 else shown

    return Comparison(
        context.say(LABELS[name]),
        context.duration(figure.before),
        context.duration(figure.after),
        signed(figure.difference),
        context.say("{low} to {high}", low=signed(figure.low), high=signed(figure.high)),
    )
