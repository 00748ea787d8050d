"""What goes on over time, the aggregated spectrum, and how activities and people stand to each other, over HTTP."""

from collections import Counter
from urllib.parse import quote

import pytest

from tests.integration.api.client import TestClient
from tests.unit.api.test_api import ORDER, everything, get

MANAGER = {"Authorization": "Bearer manager-token-0123456789"}
VIEWER = {"Authorization": "Bearer viewer-token-0123456789"}


@pytest.mark.parametrize("limit", [7, 50])
@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("over-time", ("begin",)),
        ("over-time?bucket=week&channel=search", ("begin",)),
        ("eventually-follows", ("source", "target")),
        ("concurrency", ("left", "right")),
        ("working-together", ("left", "right")),
        ("working-together?by=actor", ("left", "right")),
        ("performance-spectrum?bucket=day", ("source", "target", "begin")),
    ],
)
def test_page_by_page_is_the_list_whole(client: TestClient, path: str, names: tuple[str, ...], limit: int) -> None:
    parts = everything(client, f"{ORDER}/{path}", limit)
    assert parts == everything(client, f"{ORDER}/{path}", 1000)
    assert parts
    assert len({tuple(row[name] for name in names) for row in parts}) == len(parts)


def test_over_time_adds_up_to_the_log(client: TestClient) -> None:
    log = get(client, f"{ORDER}/report")["log"]
    for bucket in ("hour", "day", "week", "month"):
        rows = everything(client, f"{ORDER}/over-time?bucket={bucket}", 1000)
        assert sum(row["started"] for row in rows) == log["cases"]
        assert sum(row["ended"] for row in rows) == log["cases"] - log["open_cases"]
        assert sum(row["events"] for row in rows) == log["events"]
        assert rows[-1]["open"] == log["open_cases"]
        assert [row["end"] for row in rows[:-1]] == [row["begin"] for row in rows[1:]]
        for row in rows[:50]:
            assert row["in_progress"] == pytest.approx(sum(a["in_progress"] for a in row["activities"]))
            assert row["queued"] == pytest.approx(sum(a["queued"] for a in row["activities"]))
    days = everything(client, f"{ORDER}/over-time?from=2026-01-07&to=2026-01-08", 1000)
    assert len(days) == 2
    assert days[0]["begin"].startswith(("2026-01-06T", "2026-01-07T"))
    assert everything(client, f"{ORDER}/over-time?activity=Nothing", 10) == []
    assert client.get(f"{ORDER}/over-time?bucket=minute").status_code == 422


def test_the_aggregated_spectrum_adds_up_to_the_single_cases(client: TestClient) -> None:
    ends = f"source={quote('Ship')}&target={quote('Deliver')}"
    single = everything(client, f"{ORDER}/performance-spectrum?{ends}", 1000)
    rows = everything(client, f"{ORDER}/performance-spectrum?{ends}&bucket=hour", 1000)
    assert {(row["source"], row["target"]) for row in rows} == {("Ship", "Deliver")}
    classes = [sum(row["by_quartile"][n] for row in rows) for n in range(4)]
    quartiles = rows[0]["quartiles_s"]
    assert classes == [Counter(sum(row["seconds"] > q for q in quartiles) for row in single)[n] for n in range(4)]
    assert sum(row["count"] for row in rows) == len(single)
    assert sum(row["total_s"] for row in rows) == pytest.approx(sum(row["seconds"] for row in single))
    hours = Counter(row["begin"][:13] for row in single)
    assert {row["begin"][:13]: row["count"] for row in rows} == hours
    edges = {(e["source"], e["target"]): e["count"] for e in get(client, f"{ORDER}/report")["edges"]}
    whole: Counter[tuple[str, str]] = Counter()
    for row in everything(client, f"{ORDER}/performance-spectrum?bucket=day", 1000):
        whole[row["source"], row["target"]] += row["count"]
    assert whole == edges
    assert get(client, f"{ORDER}/performance-spectrum?bucket=day&source=nothing")["items"] == []


def test_eventually_follows_agrees_with_the_filter(client: TestClient) -> None:
    rows = everything(client, f"{ORDER}/eventually-follows", 1000)
    assert [row["cases"] for row in rows] == sorted((row["cases"] for row in rows), reverse=True)
    one = next(row for row in rows if (row["source"], row["target"]) == ("Pay", "Ship"))
    pair = get(client, f"{ORDER}/eventually-follows?source=Pay&target=Ship")["items"]
    assert pair == [one]
    log = get(client, f"{ORDER}/report?path_from=Pay&path_to=Ship&path=eventual")["log"]
    assert one["cases"] == log["cases"]
    soon = get(client, f"{ORDER}/eventually-follows?source=Pay&target=Ship&within_hours=5")["items"]
    kept = get(client, f"{ORDER}/report?path_from=Pay&path_to=Ship&path=eventual&path_hours=5")["log"]["cases"]
    assert [row["cases"] for row in soon] == ([kept] if kept else [])
    after = everything(client, f"{ORDER}/eventually-follows?source=Pay&target=", 1000)
    assert after == [row for row in rows if row["source"] == "Pay"]
    assert get(client, f"{ORDER}/eventually-follows?source=Pay&target=Nothing")["items"] == []
    again = get(client, f"{ORDER}/eventually-follows?source=Pay&target=Pay")["items"]
    assert again == [row for row in rows if row["source"] == row["target"] == "Pay"]
    assert client.get(f"{ORDER}/eventually-follows?within_hours=-1").status_code == 422


def test_concurrency_counts_both_orders(client: TestClient) -> None:
    edges = {(e["source"], e["target"]): e["count"] for e in get(client, f"{ORDER}/report")["edges"]}
    rows = everything(client, f"{ORDER}/concurrency", 1000)
    for row in rows:
        assert row["left"] < row["right"]
        assert row["forward"] == edges.get((row["left"], row["right"]), 0)
        assert row["backward"] == edges.get((row["right"], row["left"]), 0)
        assert row["overlapping"] <= row["cases"]
        assert isinstance(row["parallel"], bool)
    assert {(row["left"], row["right"]) for row in rows} >= {
        tuple(sorted(edge)) for edge in edges if len(set(edge)) > 1
    }


def test_working_together_by_role_and_by_actor(client: TestClient, guarded: TestClient) -> None:
    roles = {row["role"]: row["cases"] for row in everything(client, f"{ORDER}/roles", 1000)}
    answer = get(client, f"{ORDER}/working-together?limit=1000")
    assert answer["crowded"] == 0
    for row in answer["items"]:
        assert (row["left_cases"], row["right_cases"]) == (roles[row["left"]], roles[row["right"]])
        assert 0 < row["cases"] <= min(row["left_cases"], row["right_cases"])
    by_actor = f"{ORDER}/working-together?by=actor"
    assert guarded.get(by_actor, headers=VIEWER).status_code == 403
    assert guarded.get(by_actor, headers=MANAGER).json()["items"]
    assert guarded.get(f"{ORDER}/working-together", headers=VIEWER).status_code == 200


@pytest.mark.parametrize("name", ["where", "where_not"])
def test_one_actor_is_singled_out_for_managers_only(guarded: TestClient, name: str) -> None:
    asked = f"{ORDER}/report?{name}=actor=li"
    assert guarded.get(asked, headers=VIEWER).status_code == 403
    assert guarded.get(asked, headers=MANAGER).status_code == 200
