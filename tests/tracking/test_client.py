"""The client's messages."""

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from tuning.tracking.error_text import brief


def test_a_database_error_is_the_driver_s_message_in_one_line(tmp_path):
    file = tmp_path / "mlflow.db"
    file.write_bytes(bytes(range(256)) * 40)
    with pytest.raises(DBAPIError) as statement, create_engine(f"sqlite:///{file}").connect() as connection:
        connection.exec_driver_sql("SELECT 1 FROM runs")
    assert "Background on this error" in str(statement.value)
    assert brief(statement.value) == "file is not a database"
    with pytest.raises(SQLAlchemyError) as connecting:
        create_engine(f"sqlite:///{tmp_path}/nothing/mlflow.db").connect()
    assert brief(connecting.value) == "unable to open database file"


def test_the_system_s_message_is_preferred():
    error = RuntimeError("request failed after 3 attempts\nsee the log")
    error.__cause__ = FileNotFoundError(2, "No such file or directory", "/nonexistent/file")
    assert brief(error) == "No such file or directory: /nonexistent/file"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "RuntimeError"),
        ("one.\ntwo", "one"),
        ("x" * 999, "x" * 200),
        ("to a://b:secret@c", "to a://***@c"),
        (r"answer: (psycopg.Error) bad\n[SQL: SELECT %s]\n[parameters: ('secret',)]", "answer: bad"),
        ("bad [parameters: ('secret',)]", "bad"),
        ("pool is full (Background on this error at: https://sqlalche.me/e/20/3o7r)", "pool is full"),
    ],
)
def test_an_error_is_quoted_as_one_short_line_without_passwords(text, expected):
    assert brief(RuntimeError(text)) == expected
