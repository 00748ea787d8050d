"""Section `rules` of the configuration: what a business says must, or must not, happen (docs/rules.md)."""

from datetime import date
from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from collector.section import Section
from mining.rules.templates import CLAUSES, UNARY, Actor, Template

Scalar = str | bool | int | float


def _several(value: object) -> object:
    """One activity or value may stand without a list."""
    return (value,) if isinstance(value, Scalar) else value


def _text(value: object) -> object:
    """A value as events hold it: a text."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


Activities = Annotated[tuple[str, ...], BeforeValidator(_several)]
Values = Annotated[tuple[Annotated[str, BeforeValidator(_text)], ...], BeforeValidator(_several)]
TESTS: Final = ("is_", "is_not", "above", "at_least", "below", "at_most", "known")


class Condition(Section):
    """A test of one field of an event or case. What is not known passes none but `known: false`."""

    field: str = Field(min_length=1, description="amount, outcome, a column (role, channel ..) or a further field")
    is_: Values = Field(default=(), alias="is", description="one of these values")
    is_not: Values = Field(default=(), description="known, and none of these")
    above: float | None = Field(default=None, allow_inf_nan=False, description="amounts in minor units")
    at_least: float | None = Field(default=None, allow_inf_nan=False)
    below: float | None = Field(default=None, allow_inf_nan=False)
    at_most: float | None = Field(default=None, allow_inf_nan=False)
    known: bool | None = None
    on: Literal["event", "case"] | None = Field(
        default=None, description="whose value; none: the event's, and of what belongs to a case else the case's"
    )

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not any(getattr(self, test) not in (None, ()) for test in TESTS):
            raise ValueError(
                f"condition on {self.field!r}: say is, is_not, above, at_least, below, at_most or known: true/false"
            )
        return self


class RuleSettings(Section):
    """One declared rule."""

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", description="by which it is known for good")
    name: dict[Literal["en", "zh-CN"], str] = Field(default_factory=dict, description="what people call it")
    process: str
    template: Template
    activity: Activities = Field(default=(), description="existence, absence, init, end: one of these")
    source: Activities = Field(default=(), description="all other templates: what comes first, one of these")
    target: Activities = Field(default=(), description="what comes second")
    at_least: int | None = Field(
        default=None, ge=1, description="existence: so often or more (1 where nothing is said)"
    )
    at_most: int | None = Field(default=None, ge=0, description="existence: so often or less")
    exactly: int | None = Field(default=None, ge=0, description="existence: so often")
    within_hours: float | None = Field(
        default=None, ge=0, le=1e6, description="from the end of one to the other's start"
    )
    not_before_hours: float = Field(default=0.0, ge=0, le=1e6, description="likewise: at least so long between them")
    actor: Actor | None = Field(default=None, description="the other one is by the same actor, or a different one")
    when: tuple[Condition, ...] = Field(default=(), description="the rule is for such events, or cases, only")
    counts_when: tuple[Condition, ...] = Field(default=(), description="only such events are the other one")
    since: date | None = Field(default=None, description="cases that began before that day are not judged")
    severity: Literal["info", "warning", "critical"] = "warning"
    price: int | None = Field(default=None, ge=0, description="what a breach costs, in minor units")

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        problem = self._problem()
        if problem:
            raise ValueError(f"rule {self.id!r}: {problem}")
        return self

    def _problem(self) -> str | None:
        one: tuple[str, ...] = ("activity",)
        two: tuple[str, ...] = ("source", "target")
        needed, others = (one, two) if self.template in UNARY else (two, one)
        for name in needed:
            if not any(getattr(self, name)) or not all(getattr(self, name)):
                return f"{self.template} needs {' and '.join(f'`{each}`' for each in needed)}: name an activity"
        if any(getattr(self, name) for name in others):
            return f"{self.template} takes {' and '.join(f'`{each}`' for each in needed)}, not `{others[0]}`"
        counted = [name for name in ("at_least", "at_most", "exactly") if getattr(self, name) is not None]
        if counted and self.template != "existence":
            return f"`{counted[0]}` is for existence only"
        if self.exactly is not None and len(counted) > 1:
            return "`exactly` stands alone"
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            return f"at_least, {self.at_least}, is more than at_most, {self.at_most}"
        bounded = [name for name in ("within_hours", "not_before_hours", "actor") if getattr(self, name)]
        if self.template in UNARY and (bounded or self.within_hours is not None):
            return f"`{(bounded or ['within_hours'])[0]}` is for templates of two activities; see `deadlines`"
        if self.within_hours is not None and self.not_before_hours > self.within_hours:
            return f"not_before_hours, {self.not_before_hours:g}, is more than within_hours, {self.within_hours:g}"
        if self.counts_when and (len(CLAUSES.get(self.template, ())) > 1 or self.template in ("init", "end")):
            return f"`counts_when` is not for {self.template}"
        return None

    @property
    def bounds(self) -> tuple[int, int | None]:
        """How often the activity must happen: at least, at most (None: any number)."""
        if self.exactly is not None:
            return self.exactly, self.exactly
        if self.template == "absence":
            return 0, 0
        return self.at_least if self.at_least is not None else int(self.at_most is None), self.at_most
