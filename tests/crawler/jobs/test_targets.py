from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawler.jobs.targets import (
    MOST_TARGETS,
    Asked,
    TargetProblem,
    TargetsError,
    read_targets,
    read_targets_csv,
)
from crawler.links import Target, TargetType

if TYPE_CHECKING:
    from collections.abc import Callable

ID = "7106594312292453675"
SOMEONE = Target(type=TargetType.USER, value="someone")
SOUP = Target(type=TargetType.SEARCH, value="soup, bread")
VIDEO = Target(type=TargetType.VIDEO, value=ID)


def refused(read: Callable[[], object]) -> TargetsError:
    with pytest.raises(TargetsError) as error:
        read()
    return error.value


def test_targets_keep_their_order_and_are_there_once() -> None:
    asked = [Asked("user", "@someone"), Asked("video", ID), Asked("user", "SomeOne")]
    assert read_targets(asked) == [SOMEONE, VIDEO]


def test_each_wrong_target_is_told_by_its_number() -> None:
    asked = [Asked("user", "a b"), Asked("video", ID), Asked("x", "y"), Asked("music", "z")]
    error = refused(lambda: read_targets(asked))
    assert [problem.number for problem in error.problems] == [1, 3, 4]
    assert error.problems[1].detail.startswith("the type must be one of video")
    assert str(error) == f"target 1: {error.problems[0].detail}; 2 more are wrong"


def test_not_more_than_a_hundred_wrong_ones_are_told() -> None:
    error = refused(lambda: read_targets([Asked("x", "y")] * 250))
    assert len(error.problems) == 100
    assert "249 more" in str(error)


def test_a_crawl_has_targets_and_not_too_many() -> None:
    whole = [Asked("video", str(number)) for number in range(MOST_TARGETS)]
    assert len(read_targets(whole)) == MOST_TARGETS
    assert str(refused(lambda: read_targets([]))) == "there are no targets: send 1 to 10000"
    error = refused(lambda: read_targets([*whole, whole[0]]))
    assert str(error) == "more than 10000 targets: send them in several crawls"


FILES = {
    "plain": f"type,value\nuser,someone\nvideo,{ID}\n",
    "no end of line": f"type,value\nuser,someone\nvideo,{ID}",
    "a byte order mark": f"\ufefftype,value\nuser,someone\nvideo,{ID}\n",
    "Windows": f"type,value\r\nuser,someone\r\nvideo,{ID}\r\n",
    "an old Mac": f"type,value\ruser,someone\rvideo,{ID}\r",
    "other columns": f"note,Value,TYPE\n=1,someone,user\n,{ID},video,,\n",
    "semicolons": f"type;value\nuser;someone\nvideo;{ID}\n",
    "tabs": f"type\tvalue\nuser\tsomeone\nvideo\t{ID}\n",
    "quotes": f'"type","value"\n"user","someone"\n"video","{ID}"\n',
    "spaces": f" type , value \n user , someone \nvideo, {ID} ",
    "empty lines": f"\n\ntype,value\n\n,\nuser,someone\n  \nvideo,{ID}\n\n",
    "the same twice": f"type,value\nuser,someone\nvideo,{ID}\nuser,@someone\n",
}


@pytest.mark.parametrize("text", FILES.values(), ids=FILES.keys())
def test_a_file_is_read_as_programs_write_it(text: str) -> None:
    assert read_targets_csv(text.encode()) == [SOMEONE, VIDEO]


def test_a_value_with_a_comma_is_in_quotes() -> None:
    assert read_targets_csv(b'type,value\nsearch,"soup, bread"\n') == [SOUP]
    error = refused(lambda: read_targets_csv(b"type,value\nsearch,soup, bread\n"))
    assert str(error).startswith("line 2: more cells than the header has")


def test_wrong_rows_are_told_by_their_numbers_and_lines() -> None:
    data = b'type,value,note\nuser,someone,"two\nlines"\n\nuser,a b\nvideo\n'
    error = refused(lambda: read_targets_csv(data))
    assert [(one.number, one.line) for one in error.problems] == [(2, 5), (3, 6)]
    assert error.problems[1] == TargetProblem(number=3, line=6, detail=error.problems[1].detail)
    assert error.problems[1].detail.startswith("the value is empty: expected the id of a post")
    assert str(error).startswith("line 5: expected a username")


NO_FILES = {
    "nothing": (b"", "line 1: expected a header with the columns type,value"),
    "only a mark": (b"\xef\xbb\xbf", "line 1: expected a header"),
    "no header": (b"user,someone\n", "line 1: expected a header"),
    "another header": (b"type,link\nuser,someone\n", "line 1: expected a header"),
    "a column twice": (b"type,value,type\nuser,someone,user\n", "line 1: expected a header"),
    "a header alone": (b"type,value\n", "there are no targets"),
    "UTF-16": ("type,value\nuser,someone\n".encode("utf-16"), "the file is in UTF-16"),
    "UTF-16 unmarked": ("type,value\n".encode("utf-16-le"), "line 1: a null character"),
    "Latin-1": ("type,value\nhashtag,café\n".encode("latin-1"), "line 2: not in UTF-8"),
    "a null": (b"type,value\nuser,someone\nuser,a\0b\n", "line 3: a null character"),
    "a huge cell": (b"type,value\nuser," + b"a" * 200_000, "line 2: not CSV: field larger"),
    "an open quote": (b'type,value\nuser,"someone\n', "line 2: not CSV: unexpected end"),
    "a closed quote": (b'type,value\nuser,"a"b\n', "line 2: not CSV"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0", "line 1: not in UTF-8"),
}


@pytest.mark.parametrize(("data", "detail"), NO_FILES.values(), ids=NO_FILES.keys())
def test_what_is_no_file_of_targets_is_refused_clearly(data: bytes, detail: str) -> None:
    assert str(refused(lambda: read_targets_csv(data))).startswith(detail)


def test_too_many_rows_are_refused() -> None:
    data = b"type,value\n" + b"user,someone\n" * (MOST_TARGETS + 1)
    assert str(refused(lambda: read_targets_csv(data))).startswith("more than 10000 targets")
