"""What a request asks for: filters, language, page."""

from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, Query, Request

from api.knowing import Knowing
from api.paging import DEFAULT_LIMIT, MAX_LIMIT
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.languages import LANGUAGES, Language, best_language
from mining.filters import Filters


@dataclass(frozen=True)
class FilterQuery:
    """The filters as they stand in an address."""

    from_: Annotated[str | None, Query(alias="from", description="cases that end then or later: a date or time")] = None
    to: Annotated[str | None, Query(description="cases that start before: a time, or a date, which is taken in")] = None
    activity: Annotated[str | None, Query(description="cases with this activity")] = None
    role: Annotated[str | None, Query(description="cases in which this role acted")] = None
    system: Annotated[str | None, Query(description="cases that this system touched")] = None
    channel: Annotated[str | None, Query()] = None
    platform: Annotated[str | None, Query()] = None
    variant: Annotated[str | None, Query(description="id of a variant, as /variants gives it")] = None
    min_share: Annotated[float | None, Query(ge=0, le=1, description="cases of variants at least this common")] = None

    def filters(self, zone: ZoneInfo) -> Filters:
        """As the miner takes them; a date or a time without a zone is in `zone`. Empty texts ask for nothing."""
        return Filters(
            from_=moment("from", self.from_, zone) if self.from_ else None,
            to=moment("to", self.to, zone, end_of_day=True) if self.to else None,
            activity=self.activity or None,
            role=self.role or None,
            system=self.system or None,
            channel=self.channel or None,
            platform=self.platform or None,
            variant=self.variant or None,
            min_share=self.min_share or None,
        )

    def query(self) -> dict[str, str]:
        """What is asked, by the names in the address."""
        asked = {field.name.rstrip("_"): getattr(self, field.name) for field in fields(self)}
        return {name: str(value) for name, value in asked.items() if value not in (None, "")}


Asked = Annotated[FilterQuery, Depends()]
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
