import json
import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from search_spaces.dimensions import Bounds, Choice, Dimension, Integer, Real, Stepped
from search_spaces.errors import SpaceError

ODDS = st.floats(0.0, 1.0)


@st.composite
def integers(draw: st.DrawFn) -> Integer:
    low, high = sorted((draw(st.integers(-1000, 1000)), draw(st.integers(-1000, 1000))))
    return Integer(low, high, log=low >= 1 and draw(st.booleans()))


@st.composite
def reals(draw: st.DrawFn) -> Real:
    low, high = sorted((draw(st.floats(-1e6, 1e6)), draw(st.floats(-1e6, 1e6))))
    return Real(low, high, log=low > 1e-300 and draw(st.booleans()))


@st.composite
def stepped(draw: st.DrawFn) -> Stepped:
    """Whole numbers, or reals of a few decimals as a person writes them."""
    low, step = draw(st.integers(-1000, 1000)), draw(st.integers(1, 50))
    high = low + draw(st.integers(step, 40 * step))
    if draw(st.booleans()):
        return Stepped(low, high, step)
    unit = 10 ** draw(st.integers(1, 6))
    return Stepped(low / unit, high / unit, step / unit)


@st.composite
def choices(draw: st.DrawFn) -> Choice:
    values = st.one_of(
        st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text("abc .", max_size=5), st.booleans()
    )
    return Choice(*draw(st.lists(values, min_size=1, max_size=6, unique_by=lambda v: (type(v), v))))


def dimensions() -> st.SearchStrategy[Dimension]:
    return st.one_of(integers(), reals(), stepped(), choices())


@given(dimensions(), st.integers(0, 2**32))
def test_a_sample_lies_in_its_dimension(dimension, seed):
    assert dimension.contains(dimension.sample(np.random.default_rng(seed)))


@given(dimensions(), st.integers(0, 2**32))
def test_a_sample_survives_json_exactly(dimension, seed):
    sample = dimension.sample(np.random.default_rng(seed))
    again = json.loads(json.dumps(sample))
    assert type(again) is type(sample)
    assert again == sample


@given(dimensions(), st.integers(0, 2**32))
def test_the_same_generator_draws_the_same(dimension, seed):
    assert dimension.sample(np.random.default_rng(seed)) == dimension.sample(np.random.default_rng(seed))


@given(stepped())
def test_steps_are_exact_decimals_up_to_the_high_end(dimension):
    low, step = Decimal(str(dimension.low)), Decimal(str(dimension.step))
    values = dimension.values()
    assert [Decimal(str(value)) for value in values] == [low + k * step for k in range(len(values))]
    assert values[-1] <= dimension.high < float(low + len(values) * step)
    assert all(dimension.contains(value) for value in values)
    assert not dimension.contains(float(low + step / 2))
    assert (dimension.at(0.0), dimension.at(1.0)) == (values[0], values[-1])


@pytest.mark.parametrize(
    ("dimension", "values"),
    [
        (Stepped(0.1, 0.5, 0.1), [0.1, 0.2, 0.3, 0.4, 0.5]),
        (Stepped(0, 1, 0.25), [0.0, 0.25, 0.5, 0.75, 1.0]),
        (Stepped(1e-05, 3.5e-05, 1e-05), [1e-05, 2e-05, 3e-05]),
        (Stepped(8, 30, 8), [8, 16, 24]),
    ],
)
def test_a_step_reaches_the_high_end_only_where_it_meets_it(dimension, values):
    assert [(type(value), value) for value in dimension.values()] == [(type(value), value) for value in values]


def test_narrowed_steps_keep_the_values_within():
    assert Stepped(8, 64, 8).within(Bounds(low=10, high=32)) == Stepped(16, 32, 8)
    assert Stepped(8, 64, 8).within(Bounds(low=10, high=17)) == Choice(16)
    assert Stepped(8, 64, 8).among([64, 8]) == Choice(64, 8)


@given(integers() | reals())
def test_the_ends_of_the_way_are_the_bounds_themselves(dimension):
    assert dimension.at(0.0) == dimension.low
    assert dimension.at(1.0) == dimension.high


@given(integers() | reals() | stepped(), ODDS, ODDS)
def test_the_way_never_turns_back(dimension, a, b):
    assume(a <= b)
    assert dimension.at(a) <= dimension.at(b)


@pytest.mark.parametrize("log", [False, True])
def test_every_whole_number_is_drawn_both_ends_too(log):
    rng = np.random.default_rng(0)
    drawn = {Integer(1, 7, log=log).sample(rng) for _ in range(500)}
    assert drawn == set(range(1, 8))


def test_the_ends_are_drawn_as_often_as_the_middle():
    rng = np.random.default_rng(0)
    draws = [Integer(1, 5).sample(rng) for _ in range(5000)]
    shares = [draws.count(value) / len(draws) for value in range(1, 6)]
    assert shares == pytest.approx([0.2] * 5, abs=0.02)


def test_a_logarithmic_dimension_draws_each_decade_alike():
    rng = np.random.default_rng(0)
    draws = [Real(1e-4, 1e-1, log=True).sample(rng) for _ in range(3000)]
    shares = [sum(math.floor(math.log10(draw)) == decade for draw in draws) / len(draws) for decade in (-4, -3, -2)]
    assert shares == pytest.approx([1 / 3] * 3, abs=0.03)


@pytest.mark.parametrize(
    ("dimension", "value"),
    [
        (Choice(16, 32, 48), 32.0),
        (Choice(16, 32, 48), "32"),
        (Choice(0, 1), True),
        (Choice(True, False), 1),
        (Choice(0.2, 0.3), 1),
        (Integer(1, 7), 3.0),
        (Integer(0, 7), True),
        (Integer(1, 7), 0),
        (Integer(1, 7), 8),
        (Real(0.0, 2.0), 1),
        (Real(0.1, 0.4), math.nan),
        (Real(0.1, 0.4), math.nextafter(0.4, 1.0)),
    ],
)
def test_a_value_of_another_type_or_beyond_the_bounds_is_not_contained(dimension, value):
    assert not dimension.contains(value)


@given(st.data())
def test_a_narrowed_dimension_is_a_part_of_the_old_one(data):
    dimension = data.draw(dimensions())
    narrowed: Dimension
    if isinstance(dimension, Choice) or data.draw(st.booleans()):
        wish = data.draw(st.lists(values_of(dimension), min_size=1, max_size=6, unique_by=lambda v: (type(v), v)))
        narrowed = dimension.among(wish)
        assert sorted(map(repr, narrowed.options)) == sorted(map(repr, wish))
    else:
        wish = sorted((data.draw(values_of(dimension)), data.draw(values_of(dimension))))
        narrowed = dimension.within(Bounds(low=wish[0], high=wish[1]))
        assert all(narrowed.contains(value) for value in wish)
    assert dimension.contains(narrowed.sample(np.random.default_rng(0)))


def values_of(dimension):
    if isinstance(dimension, Choice):
        return st.sampled_from(dimension.options)
    return ODDS.map(dimension.at)


def test_a_narrowed_choice_keeps_its_order():
    assert Choice(16, 32, 48).among([48, 16]) == Choice(16, 48)
    assert Choice(16, 32, 48).within(Bounds(low=20, high=48)) == Choice(32, 48)


@pytest.mark.parametrize(
    ("dimension", "wish", "allowed"),
    [
        (Choice(16, 32, 48), [16, 64], "16, 32, 48"),
        (Choice(16, 32, 48), [], "16, 32, 48"),
        (Choice(16, 32, 48), Bounds(low=17, high=31), "16, 32, 48"),
        (Choice("adam", "adamw"), Bounds(low=0, high=1), "adam, adamw"),
        (Integer(1, 7), [0, 3], "1 to 7"),
        (Integer(1, 7), [], "1 to 7"),
        (Integer(1, 7), [1.0, 2.0], "1 to 7"),
        (Integer(1, 7), Bounds(low=0, high=3), "1 to 7"),
        (Integer(1, 7), Bounds(low=1.0, high=2.0), "1 to 7"),
        (Real(0.1, 0.4), ["0.1", "0.2"], "0.1 to 0.4"),
        (Real(0.1, 0.4), [0.1, 0.5], "0.1 to 0.4"),
        (Real(0.1, 0.4), Bounds(low=0.1, high=0.5), "0.1 to 0.4"),
        (Stepped(8, 64, 8), [12], "8 to 64, step 8"),
        (Stepped(8, 64, 8), [16.0], "8 to 64, step 8"),
        (Stepped(8, 64, 8), Bounds(low=9, high=15), "8 to 64, step 8"),
        (Stepped(8, 64, 8), Bounds(low=8, high=72), "8 to 64, step 8"),
    ],
)
def test_narrowing_beyond_the_bounds_is_refused_and_says_what_is_allowed(dimension, wish, allowed):
    with pytest.raises(SpaceError, match=allowed):
        dimension.within(wish) if isinstance(wish, Bounds) else dimension.among(wish)


@pytest.mark.parametrize(
    ("cls", "arguments"),
    [
        (Choice, ()),
        (Choice, (1, 1)),
        (Choice, (math.nan,)),
        (Choice, (None,)),
        (Integer, (2, 1)),
        (Integer, (1, 2.0)),
        (Integer, (0, 2, True)),
        (Real, (0.4, 0.1)),
        (Real, (0.0, math.inf)),
        (Real, (0.0, 1.0, True)),
        (Stepped, (8, 16, 0)),
        (Stepped, (8, 16, -1)),
        (Stepped, (8, 16, 9)),
        (Stepped, (16, 8, 1)),
        (Stepped, (0.0, math.inf, 1.0)),
        (Stepped, (0.0, 1.0, 1e-9)),
    ],
)
def test_a_dimension_without_meaning_is_refused(cls, arguments):
    with pytest.raises(SpaceError):
        cls(*arguments)


@pytest.mark.parametrize(
    ("dimension", "values"),
    [
        (Choice("adam", "adamw"), ["adam", "adamw"]),
        (Integer(1, 3), [1, 2, 3]),
        (Real(0.3, 0.3), [0.3]),
        (Real(0.1, 0.4), None),
    ],
)
def test_values_are_listed_where_there_are_finitely_many(dimension, values):
    listed = dimension.values()
    assert (None if listed is None else list(listed)) == values


@pytest.mark.parametrize(
    ("dimension", "text"),
    [
        (Choice(16, 32), "16, 32"),
        (Integer(62, 256), "62 to 256"),
        (Real(1e-4, 0.1, log=True), "0.0001 to 0.1 (log)"),
        (Stepped(0, 0.5, 0.1), "0.0 to 0.5, step 0.1"),
    ],
)
def test_a_dimension_describes_itself_in_a_few_words(dimension, text):
    assert dimension.describe() == text
