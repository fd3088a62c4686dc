"""Values as text."""

from tuning.journal.text import table_csv


def test_lines_of_a_csv_table_end_with_lf_and_other_line_breaks_are_quoted():
    assert table_csv([{"a": "x\ry", "b": 0.1}, {"a": "z"}]) == 'a,b\n"x\ry",0.1\nz,\n'
