"""No secret of an address is shown; all else of the text stays."""

import pytest

from data.addresses import masked


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://me:secret@host:5432/runs", "postgresql://***@host:5432/runs"),
        ("mysql+pymysql://me:sec/ret?1#2@host/runs", "mysql+pymysql://***@host/runs"),
        ("postgresql://me:12/secret@host/runs", "postgresql://***@host/runs"),
        ("postgresql://me:se@cret@host/runs", "postgresql://***@host/runs"),
        ("postgresql://me@b:se/cr@secret@host/runs", "postgresql://***@host/runs"),
        ("postgresql://me:my secret@host/runs", "postgresql://***@host/runs"),
        ("postgresql://me@corp:secret@host/runs", "postgresql://***@host/runs"),
        ("https://secret@host/", "https://***@host/"),
        ("https://secret:x-oauth-basic@host/", "https://***@host/"),
        ("https://:secret@[::1]:5000/a", "https://***@[::1]:5000/a"),
        ("https://h/x?password=secret&token=secret", "https://h/x?password=***&token=***"),
        ("https://h/x?v=1&X-Amz-Signature=secret%3D#top", "https://h/x?v=***&X-Amz-Signature=***"),
        ("https://h/#access_token=secret", "https://h/#access_token=***"),
        (
            "retries exceeded with url: /x?token=secret (Caused by X)",
            "retries exceeded with url: /x?token=*** (Caused by X)",
        ),
        ("'https://h/x?sig=secret', and (http://a:secret@b).", "'https://h/x?sig=***', and (http://***@b)."),
        ("https://h/x?sig=secret: no connection", "https://h/x?sig=***: no connection"),
        ("--from me:secret@host: needs a URL", "--from ***@host: needs a URL"),
        ("//me:secret@host/x", "//***@host/x"),
    ],
)
def test_what_may_be_a_secret_is_masked(text, expected):
    assert "secret" not in masked(text)
    assert masked(text) == expected
    assert masked(expected) == expected


@pytest.mark.parametrize(
    "text",
    [
        "sqlite:////home/me@work/a b.db",
        "https://host/@scope/x",
        "http://host:5000: no connection; ask admin@host",
        "http://[::1]:5000/runs",
        "me@host has 3 rows; a=b & c=d? e = f",
        "file:///C:/data@home/x.csv",
        "",
    ],
)
def test_all_else_stays(text):
    assert masked(text) == text
