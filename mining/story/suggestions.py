"""What to try: levers as sentences."""

from typing import Final

from collector.vocabulary.languages import Language, text
from mining.findings.facts import Fact, Gain
from mining.report import Suggestion
from mining.story import errors, fields, slips
from mining.story.durations import humanise
from mining.story.steps import detail
from mining.story.words import located, number, words

SAVES: Final = ("undo_change", "fix_segment")
"""Levers that take away the whole loss when they work; their gain is the loss, its interval that of the loss."""


def suggestions(fact: Fact, language: Language) -> tuple[Suggestion, ...]:
    """The levers of a fact, best first, with what each would gain where the data say it."""
    result = []
    for place, (lever, owner) in enumerate(fact.levers):
        known = fact.gains.get(lever)
        if known is None and place == 0 and lever in SAVES and "lost_low" in fact.figures and fact.confidence >= 0.8:
            known = Gain(fact.hours_per_week, number(fact.figures, "lost_low"), number(fact.figures, "lost_high"))
        gain = None if known is None else round(known.hours, 1)
        interval = None if known is None else (round(known.low, 1), round(known.high, 1))
        result.append(Suggestion(lever, owner, _detail(lever, fact, language), gain, interval))
    return tuple(result)


def _detail(lever: str, fact: Fact, language: Language) -> str:
    activity = str(fact.subject.get("activity", ""))
    f = fact.figures
    match lever:
        case "cover_hours":
            return text(
                language,
                "Put one person on duty at {activity} from {begin} to {end} h.",
                activity=activity,
                begin=words(fact.figures, "try_from"),
                end=words(fact.figures, "try_to"),
            )
        case "automate_simple":
            return text(language, "Let the system decide the plain cases of {activity} by rule.", activity=activity)
        case "release_often" if "release_s" in f:
            return text(
                language,
                "Do {activity} every {every}: half of all cases then wait under {then}, now over {now}.",
                activity=activity,
                every=humanise(number(f, "release_s"), language),
                then=humanise(number(f, "then_s"), language),
                now=humanise(number(f, "p50_s"), language),
            )
        case "release_often":
            return text(language, "Do {activity} several times a day instead of in one go.", activity=activity)
        case "trigger_at_once":
            return text(language, "Start {activity} by the event that makes it possible.", activity=activity)
        case "add_capacity" if "add_from" in f:
            return text(
                language,
                "Train or lend one more person for {activity} from {begin} to {end} h: one case in ten then waits over "
                "{then}, now over {now}.",
                activity=activity,
                begin=words(f, "add_from"),
                end=words(f, "add_to"),
                then=humanise(number(f, "then_p90_s"), language),
                now=humanise(number(f, "p90_s"), language),
            )
        case "hand_over":
            return text(
                language,
                "Hand over what is still open at {activity} when the shift ends, or cover the hours by turns.",
                activity=activity,
            )
        case "bound_overtaking":
            return text(
                language,
                "Let nothing overtake for long at {activity}. First come, first served, one case in ten waits over "
                "{then}, now over {now}; the sum of all waiting stays.",
                activity=activity,
                then=humanise(number(f, "in_order_p90_s"), language),
                now=humanise(number(f, "p90_s"), language),
            )
        case "remind_after":
            return text(
                language,
                "Send a reminder, or go on by a time-out, where {activity} has been waited for over {limit}, as a "
                "quarter of all cases do.",
                activity=activity,
                limit=humanise(number(f, "remind_s"), language),
            )
        case "add_capacity":
            return text(language, "Train or lend one more person for {activity} at its busy hours.", activity=activity)
        case "undo_change":
            return text(language, "Look at what was released or changed at that time, and roll it back.")
        case "fix_segment" if fact.segment:
            name, value = located(fact.segment[0], language)
            return text(
                language,
                "Look at what is done differently for {field} {value}, and mend it there.",
                field=name,
                value=value,
            )
        case "check_at_entry":
            return text(language, "Check the entry where it is made, so that it needs no correction later.")
        case "block_shortcut":
            return text(language, "Have the system refuse the step until the one before it is done.")
        case "enforce_rule":
            return text(language, "Have the system check the rule where the step is done.")
        case "remind_in_time":
            return text(language, "Have the system remind whoever is next before the time is up.")
        case "settle_model":
            return text(language, "Decide whether this may be: if so draw it into the model, if not have it stopped.")
        case "clear_stuck":
            return text(language, "Go through the list now and move each case on or close it.")
        case "watch_stuck":
            return text(language, "Remind the owner by itself when a case stands longer than usual.")
        case "restore_flow":
            return text(language, "Look now whether the system runs, and whether what calls it still reaches it.")
        case "work_by_hand":
            return text(
                language, "Work through the list of open cases by hand until it runs again, earliest deadline first."
            )
        case "train_or_help":
            return text(language, "Watch a few cases together with someone quick, and share what helps.")
        case _:
            return (
                detail(lever, fact, language)
                or errors.detail(lever, language)
                or slips.detail(lever, language)
                or fields.detail(lever, language)
                or text(language, "Go through the example cases with the people who did them.")
            )
