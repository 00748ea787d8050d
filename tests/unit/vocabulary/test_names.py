from collector import metrics as collector
from mining import names as mining


def test_the_collector_and_the_rest_mean_the_same_metrics() -> None:
    ours = {name: value for name, value in vars(mining).items() if name.startswith("COLLECTOR_")}
    theirs = {
        name: value for name, value in vars(collector).items() if isinstance(value, str) and value.startswith("houtai_")
    }
    assert set(ours.values()) == set(theirs.values())
