"""CSV as people export it."""

import gzip
from pathlib import Path

import pytest

from collector.files import read
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.schema import EVENT_SCHEMA
from tests.unit.files.readers import OPTIONS, read_text, rows, short, utc

PLAIN = """case_id,activity,start,end,resource,role,amount,note
001,Pay,2024-01-02 10:00:00,2024-01-02 10:30:00,Ann,clerk,12.5,first
001,Ship,2024-01-02 11:00:00,2024-01-02 11:00:00,,,,
002,Pay,2024-01-03 09:00:00,2024-01-03 09:05:00,Bob,,"1,200",
"""


def test_one_event_a_line(tmp_path: Path) -> None:
    log = read_text(tmp_path, PLAIN)
    assert all(batch.schema.equals(EVENT_SCHEMA) for batch in log.batches)
    first, second, third = rows(log)
    assert first["event_id"] == "000000000000"
    assert third["event_id"] == "000000000002"
    assert first["process"] == "test"
    assert first["objects"] == [{"type": "case", "id": "001", "qualifier": None}]
    assert (first["start"], first["end"]) == (utc(2024, 1, 2, 10), utc(2024, 1, 2, 10, 30))
    assert (first["actor"], first["role"], first["actor_kind"]) == ("Ann", "clerk", "staff")
    assert (second["actor"], second["actor_kind"], second["outcome"]) == (None, "system", "ok")
    assert [row["amount"] for row in (first, second, third)] == [1250, None, 120000]
    assert [dict(row["fields"]) for row in (first, second)] == [{"note": "first"}, {}]
    assert log.quality.notes == ("Times without a zone were read as UTC.",)


def test_order_numbers_stay_texts(tmp_path: Path) -> None:
    text = 'case_id,activity,timestamp\n0012345678901234567890\t,a,2024-01-01\n="007",a,2024-01-01\n1e5,a,2024-01-01\n'
    assert [case for case, *_ in short(read_text(tmp_path, text))] == ["0012345678901234567890", "007", "1e5"]


def test_names_in_any_case_and_the_first_of_a_list_wins(tmp_path: Path) -> None:
    text = "Concept:Name,ACTIVITY,Case ID,Complete,Time:Timestamp,user,Resource\nx,y,1,z,2024-01-01,u,r\n"
    (row,) = rows(read_text(tmp_path, text))
    assert row["activity"] == "y"
    assert row["actor"] == "r"
    assert dict(row["fields"]) == {"Concept:Name": "x", "Complete": "z", "user": "u"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_chinese_columns_and_encodings(tmp_path: Path, encoding: str) -> None:
    text = "订单号,环节,开始时间,结束时间,操作人,岗位,渠道,店铺,金额\n"
    text += "A1,审核,2024-01-02 08:00,2024-01-02 09:00,李雷,审核员,直播,一店,¥51.2\n"
    log = read_text(tmp_path, text, encoding=encoding, timezone="Asia/Shanghai")
    (row,) = rows(log)
    assert (row["activity"], row["actor"], row["role"], row["channel"]) == ("审核", "李雷", "审核员", "直播")
    assert (row["shop"], row["amount"], row["start"]) == ("一店", 5120, utc(2024, 1, 2, 0))
    assert log.quality.notes == ("Times without a zone were read as Asia/Shanghai.",)


@pytest.mark.parametrize("words", ["Auftrag prüfen", "Müller, Größe, Köln", "payé à l'échéance", "prüft 陈"])
def test_windows_1252_is_refused_and_not_read_as_rare_characters(tmp_path: Path, words: str) -> None:
    text = f'case,activity,end\n1,"{words}",2024-01-01\n'
    if "陈" in words:
        assert short(read_text(tmp_path, text, encoding="gb18030"))[0][1] == words
        return
    with pytest.raises(PermanentError, match="is not text in UTF-8 or GB18030"):
        read_text(tmp_path, text, encoding="cp1252")


@pytest.mark.parametrize("sign", [";", "\t", "|"])
def test_other_delimiters(tmp_path: Path, sign: str) -> None:
    text = sign.join(["case", "activity", "end"]) + "\n" + sign.join(["1", "a, or b", "2024-01-01"]) + "\n"
    assert short(read_text(tmp_path, text)) == [("1", "a, or b", "01 00:00", "01 00:00")]


def test_packed(tmp_path: Path) -> None:
    path = tmp_path / "LOG.CSV.GZ"
    path.write_bytes(gzip.compress(PLAIN.encode()))
    assert len(rows(read(path, OPTIONS))) == 3


def test_columns_said_by_name(tmp_path: Path) -> None:
    text = "id,what,case,when,who,job\nA,Pay,wrong,2024-01-01,Ann,clerk\n"
    log = read_text(tmp_path, text, case="id", activity="What", end="when", actor="who", role="job")
    (row,) = rows(log)
    assert (row["objects"][0]["id"], row["activity"], row["actor"], row["role"]) == ("A", "Pay", "Ann", "clerk")
    assert dict(row["fields"]) == {"case": "wrong"}


def test_lines_that_lack_something_are_counted(tmp_path: Path) -> None:
    text = "case,activity,start,end\n,a,2024-01-01,\n1,,2024-01-01,\n1,a,,\n1,b,2024-01-01,\n,,,\n1,c,,2024-01-02\n"
    log = read_text(tmp_path, text)
    assert [activity for _, activity, *_ in short(log)] == ["b", "c"]
    assert (log.quality.without_case, log.quality.dropped, log.quality.without_end) == (1, 2, 1)


def test_one_time_column_means_no_length(tmp_path: Path) -> None:
    log = read_text(tmp_path, "case,activity,start\n1,a,2024-01-01T00:00:00Z\n")
    assert log.quality.without_end == 0
    assert log.quality.notes == ("There is one time column only (start): events have no length.",)


def test_enabling_time(tmp_path: Path) -> None:
    text = "case,activity,enabled_time,start,end\n1,a,2024-01-01 08:00,2024-01-01 09:00,2024-01-01 10:00\n"
    assert rows(read_text(tmp_path, text))[0]["enabled"] == utc(2024, 1, 1, 8)


def test_no_lines(tmp_path: Path) -> None:
    assert rows(read_text(tmp_path, "case,activity,end\n")) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "case_idd,activity,end\n",
            "单号, 订单号; or say which with --case). There are: case_idd, activity, end. Nearest: case_idd.",
        ),
        ("case,what,end\n1,a,2024-01-01\n", "no column for the activity"),
        ("case,activity,zzz\n1,a,2024-01-01\n", "no column for the time"),
        ("case,activity,end\n1,a,2024-01-01\n1,a,yesterday\n", "row 3, column end: 'yesterday' is no time"),
        ('case,activity,end\n"1\n1",a,2024-01-01\n\n1,a,2024-02-30\n', "row 5, column end: '2024-02-30' is no time"),
        ("case,activity,end\n1,a,2/3/2024\n", "row 2, column end: '2/3/2024' could be month or day first"),
        ("case,activity,end\n1,a,2024-01-01\n1,a\n", "row 3: has 2 columns, the first line has 3"),
        ("\n\n", "has no line of column names"),
        ("", "is empty"),
        ("case,activity,end\n1,\0,2024-01-01\n", "is not text"),
    ],
)
def test_one_clear_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(PermanentError) as error:
        read_text(tmp_path, text)
    assert message in str(error.value)
    assert str(error.value).startswith(f"{tmp_path}/log.csv")
    assert "\n" not in str(error.value)


def test_an_unknown_column_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match=r"no column 'ordr' \(--case\).* Nearest: order\.$"):
        read_text(tmp_path, "order,activity,end\n1,a,2024-01-01\n", case="ordr")


def test_errors_in_chinese(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match=r"第 2 行，列 end：'x' 不是时间"):
        read_text(tmp_path, "case,activity,end\n1,a,x\n", language="zh-CN")


@pytest.mark.parametrize("name", ["log.xls", "log.txt", "log"])
def test_kinds_that_are_not_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(PermanentError, match=r"not read; \.csv, \.csv\.gz, \.xlsx, .*\.sqlite3 are$"):
        read_text(tmp_path, PLAIN, name=name)


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="there is no such file"):
        read(tmp_path / "none.csv", OPTIONS)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(PermanentError, match="is a folder"):
        read(tmp_path / "folder.csv", OPTIONS)


def test_gzip_that_is_none_or_breaks_off(tmp_path: Path) -> None:
    path = tmp_path / "log.csv.gz"
    path.write_text(PLAIN)
    with pytest.raises(PermanentError, match="is not gzip"):
        read(path, OPTIONS)
    packed = gzip.compress(PLAIN.encode())
    path.write_bytes(packed[:-9])
    with pytest.raises(PermanentError, match="breaks off"):
        read(path, OPTIONS)
    path.write_bytes(packed[:-6] + b"\0\0" + packed[-4:])
    with pytest.raises(PermanentError, match="is damaged gzip"):
        read(path, OPTIONS)
