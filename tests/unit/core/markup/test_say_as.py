"""What `<say-as>` makes of a text."""

from __future__ import annotations

import pytest

from supervisor.core.markup import say_as


@pytest.mark.parametrize(
    ("what", "form", "text", "said"),
    [
        ("characters", "", "AB12", "A B 1 2"),
        ("spell-out", "", "hello", "H E L L O"),
        ("verbatim", "", "a.b@c", "A dot B at C"),
        ("characters", "", " é ß ", "É ß"),
        ("digits", "", "120", "1 2 0"),
        ("cardinal", "", "1999", "1,999"),
        ("number", "", "-12345.5", "-12,345.5"),
        ("cardinal", "", "42", "42"),
        ("cardinal", "", "many", "many"),
        ("ordinal", "", "1", "1st"),
        ("ordinal", "", "22", "22nd"),
        ("ordinal", "", "113", "113th"),
        ("ordinal", "", "1,003", "1,003rd"),
        ("ordinal", "", "first", "first"),
        ("date", "mdy", "11/30/2026", "2026-11-30"),
        ("date", "dmy", "30.11.26", "2026-11-30"),
        ("date", "ymd", "20261130", "2026-11-30"),
        ("date", "yyyymmdd", "1960-09-10", "1960-09-10"),
        ("date", "yyyymmdd", "????0922", "September 22"),
        ("date", "mdy", "July 4 1976", "1976-07-04"),
        ("date", "", "2026-11-30", "2026-11-30"),
        ("date", "", "11/30/2026", "2026-11-30"),
        ("date", "md", "11/30", "November 30"),
        ("date", "dm", "30.11.", "November 30"),
        ("date", "my", "11/26", "November 2026"),
        ("date", "y", "1999", "1999"),
        ("date", "d", "3", "3rd"),
        ("date", "m", "3", "March"),
        ("date", "mdy", "30/11/2026", "30/11/2026"),
        ("date", "mdy", "tomorrow", "tomorrow"),
        ("time", "hms12", "2:30pm", "2:30 PM"),
        ("time", "hms24", "14:30:15", "14:30:15"),
        ("time", "", "1'21\"", "1 minute 21 seconds"),
        ("time", "", "noon", "noon"),
        ("telephone", "", "2122241555", "2 1 2, 2 2 4, 1 5 5 5"),
        ("telephone", "", "+1 (781) 771-7777", "plus 1, 7 8 1, 7 7 1, 7 7 7 7"),
        ("telephone", "", "555-1234 x12", "5 5 5, 1 2 3 4, extension 1 2"),
        ("telephone", "", "1-800-CALL", "1, 8 0 0, C A L L"),
        ("telephone", "", "911", "9 1 1"),
        ("fraction", "", "3+1/2", "3 1/2"),
        ("unit", "", "10foot", "10 foot"),
        ("expletive", "", "damn", "beep"),
        ("address", "", "150th CT NE", "150th CT NE"),
        (" Ordinal ", "", " 2 ", "2nd"),
    ],
)
def test_it_is_plain_writing(what: str, form: str, text: str, said: str) -> None:
    """As a reader of English reads it right; what is not as it is called stays."""
    assert say_as.said(text, what, form) == said


def test_what_nobody_knows_is_nothing() -> None:
    """The caller reads the text as it is, and tells."""
    assert say_as.said("a", "song", "") is None
