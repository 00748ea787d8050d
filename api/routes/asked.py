"""What a request asks for: filters, language, page."""

from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

from fastapi import Depends, Query, Request
from pydantic import BeforeValidator, Field

from api.knowing import Knowing
from api.paging import DEFAULT_LIMIT, MAX_LIMIT
from api.routes.answers import may_see_actors
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.languages import LANGUAGES, Language, best_language
from mining.config import ProcessConfig
from mining.filters import Attribute, Filters, Succession, Window

HOUR: Final = 3_600_000_000
MOST: Final = 1 << 53
"""The largest whole number that every JSON reader keeps."""
# What a form leaves empty arrives as an empty text and asks for nothing.
Empty = BeforeValidator(lambda value: None if value == "" else value)
Hours = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Whole = Annotated[int, Field(ge=0, le=MOST)]
Minor = Annotated[int, Field(ge=-MOST, le=MOST)]
Share = Annotated[float, Field(ge=0, le=1)]
Order = Literal["direct", "eventual", "not_direct", "never"]


@dataclass(frozen=True)
class FilterQuery:
    """The filters as they stand in an address; cases pass for which all of them hold."""

    from_: Annotated[str | None, Query(alias="from", description="cases that end then or later: a date or time")] = None
    to: Annotated[str | None, Query(description="cases that start before: a time, or a date, which is taken in")] = None
    window: Annotated[
        Window | None,
        Empty,
        Query(
            description="what of a case must lie between `from` and `to`: any moment (touches), all, its start, its end"
        ),
    ] = None
    activity: Annotated[str | None, Query(description="cases with this activity")] = None
    role: Annotated[str | None, Query(description="cases in which this role acted")] = None
    system: Annotated[str | None, Query(description="cases that this system touched")] = None
    channel: Annotated[str | None, Query()] = None
    platform: Annotated[str | None, Query()] = None
    where: Annotated[
        list[str] | None,
        Query(
            description="`name=value`: cases with an event on which this column or field has this value, or another "
            "value given for the same name; several names must all hold"
        ),
    ] = None
    where_not: Annotated[list[str] | None, Query(description="`name=value`: cases without such an event")] = None
    without: Annotated[list[str] | None, Query(description="cases without this activity, nor any other given")] = None
    starts_with: Annotated[list[str] | None, Query(description="cases whose first activity is this, or another")] = None
    ends_with: Annotated[list[str] | None, Query(description="cases whose last activity is this, or another")] = None
    path_from: Annotated[str | None, Query(description="with `path_to`: cases in which that one comes after")] = None
    path_to: Annotated[str | None, Query(description="the activity that comes after `path_from`")] = None
    path: Annotated[
        Order | None,
        Empty,
        Query(
            description="how: direct (the default), eventual (some time later), or that it does not: not_direct, never"
        ),
    ] = None
    path_hours: Annotated[
        Hours | None, Empty, Query(description="at most so long between the end of one and the start of the other")
    ] = None
    min_hours: Annotated[Hours | None, Empty, Query(description="cases that take at least so long")] = None
    max_hours: Annotated[Hours | None, Empty, Query(description="cases that take at most so long")] = None
    min_events: Annotated[Whole | None, Empty, Query(description="cases with so many events or more")] = None
    max_events: Annotated[Whole | None, Empty, Query(description="cases with so many events or fewer")] = None
    min_amount: Annotated[
        Minor | None, Empty, Query(description="cases with an event of this amount (minor units) or more")
    ] = None
    max_amount: Annotated[Minor | None, Empty, Query(description="the same event has this amount or less")] = None
    state: Annotated[
        Literal["open", "closed"] | None, Empty, Query(description="cases without, or with, an end activity")
    ] = None
    variant: Annotated[str | None, Query(description="id of a variant, as /variants gives it")] = None
    min_share: Annotated[Share | None, Empty, Query(description="cases of variants at least this common")] = None

    def filters(self, config: ProcessConfig) -> Filters:
        """As the miner takes them; a date or a time without a zone is in the process's. Empty texts ask for nothing.

        PermanentError names the parameter that makes no sense.
        """
        for least, most in (("min_hours", "max_hours"), ("min_events", "max_events"), ("min_amount", "max_amount")):
            low, high = getattr(self, least), getattr(self, most)
            if low is not None and high is not None and low > high:
                raise PermanentError(f"{most}: {high} is less than {least}, {low}")
        return Filters(
            from_=moment("from", self.from_, config.zone) if self.from_ else None,
            to=moment("to", self.to, config.zone, end_of_day=True) if self.to else None,
            window=(self.window if self.from_ or self.to else None) or "touches",
            activity=self.activity or None,
            role=self.role or None,
            system=self.system or None,
            channel=self.channel or None,
            platform=self.platform or None,
            where=(*_attributes("where", self.where), *_attributes("where_not", self.where_not, negated=True)),
            without=_texts(self.without),
            starts_with=_texts(self.starts_with),
            ends_with=_texts(self.ends_with),
            follows=self._succession(),
            min_duration=_hours(self.min_hours),
            max_duration=_hours(self.max_hours),
            min_events=self.min_events,
            max_events=self.max_events,
            min_amount=self.min_amount,
            max_amount=self.max_amount,
            state=self.state,
            end_activities=config.end_activities if self.state else (),
            variant=self.variant or None,
            min_share=self.min_share or None,
        )

    def _succession(self) -> tuple[Succession, ...]:
        if not self.path_from and not self.path_to:
            return ()
        for name in ("path_from", "path_to"):
            if not getattr(self, name):
                raise PermanentError(f"{name}: name this activity, too")
        assert self.path_from is not None
        assert self.path_to is not None
        order = self.path or "direct"
        direct, negated = order in ("direct", "not_direct"), order in ("not_direct", "never")
        return (Succession(self.path_from, self.path_to, direct, _hours(self.path_hours), negated),)

    def query(self) -> dict[str, str | list[str]]:
        """What is asked, by the names in the address."""
        found: dict[str, str | list[str]] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, list):
                value = [one for one in value if one]
            if value not in (None, "", []):
                name = field.name.rstrip("_")
                found[name] = (
                    value if isinstance(value, list) else f"{value:.15g}" if isinstance(value, float) else str(value)
                )
        return found


def _texts(values: list[str] | None) -> tuple[str, ...]:
    return tuple(value for value in values or () if value)


def _hours(value: float | None) -> int | None:
    return None if value is None else round(value * HOUR)


def _attributes(name: str, values: list[str] | None, negated: bool = False) -> tuple[Attribute, ...]:
    """One for each column or field that is named."""
    found: dict[str, list[str]] = {}
    for value in _texts(values):
        field, sign, wanted = value.partition("=")
        if not field or not sign:
            raise PermanentError(f"{name}: {value!r} is no name=value")
        found.setdefault(field, []).append(wanted)
    return tuple(Attribute(field, tuple(wanted), negated) for field, wanted in found.items())


def allowed(request: Request, asked: Annotated[FilterQuery, Depends()]) -> FilterQuery:
    """The filters; 403 where they single out an actor for somebody who may not see figures by actor."""
    named = {attribute.partition("=")[0] for attribute in (*(asked.where or ()), *(asked.where_not or ()))}
    if "actor" in named:
        may_see_actors(request, "actor")
    return asked


Asked = Annotated[FilterQuery, Depends(allowed)]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="items at most")]
Cursor = Annotated[str | None, Query(description="the `next` of the part before")]
LIMIT = DEFAULT_LIMIT


def moment(name: str, value: str, zone: ZoneInfo, end_of_day: bool = False) -> int:
    """An ISO 8601 date or time in µs UTC; PermanentError names the parameter where it is neither."""
    try:
        if len(value) == 10:
            day = date.fromisoformat(value) + timedelta(days=1 if end_of_day else 0)
            found = datetime.combine(day, time(), zone)
        else:
            # A plus in an address that was not escaped arrives as a space.
            found = datetime.fromisoformat(value.replace(" ", "+") if value.count(":") > 2 else value)
        if found.tzinfo is None:
            found = found.replace(tzinfo=zone)
        gone = found.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise PermanentError(f"{name}: {value!r} is no date or time (write 2026-01-31 or 2026-01-31T08:00Z)") from error
    return gone // timedelta(microseconds=1)


def language(request: Request) -> Language:
    """By `?lang=`, then the cookie, then Accept-Language. PermanentError for an unknown `lang`."""
    asked = request.query_params.get("lang")
    if asked is not None:
        for known in LANGUAGES:
            if asked.lower() in (known.lower(), known.split("-")[0]):
                return known
        raise PermanentError(f"lang: {asked!r} is none of {', '.join(LANGUAGES)}")
    kept = request.cookies.get("houtai_lang")
    for known in LANGUAGES:
        if kept == known:
            return known
    return best_language(request.headers.get("accept-language"))


def knowing(request: Request) -> Knowing:
    """The app's knowledge."""
    found = request.app.state.knowing
    assert isinstance(found, Knowing)
    return found


Lang = Annotated[Language, Depends(language)]
Knows = Annotated[Knowing, Depends(knowing)]
