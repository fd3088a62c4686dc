"""Dimensions that a campaign file declares: values, conditions, and what is refused."""

import json
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.configs import (
    CNN1DConfig,
    CNN2DConfig,
    LinearConfig,
    ModelConfigBase,
    RecurrentConfig,
    TransformerConfig,
)
from search_spaces.catalogue import SPACES
from search_spaces.conditions import is_among
from search_spaces.dimensions import Choice, Integer, Real, Stepped
from search_spaces.errors import SpaceError
from search_spaces.families import FAMILY, families, family_name, find_family
from search_spaces.fields import Field, Fields, fields_of, searchable
from search_spaces.grid import point, size
from search_spaces.own import OwnDimension, of_model, with_fixed_fields, with_own
from search_spaces.own_conditions import check_conditions
from search_spaces.space import Space
from search_spaces.validity import check_combinations
from tuning.campaign.trial import TrainConfig

LISTED = ("data.balance", "data.window")
CNN2D, RECURRENT = of_model(CNN2DConfig), of_model(RecurrentConfig)


def fields(space: Space) -> Fields:
    return searchable(space.models, TrainConfig, LISTED)


def own(space: Space, wishes: dict) -> Space:
    """The space with dimensions as a campaign file writes them."""
    parsed = {name: OwnDimension(**wish) if isinstance(wish, dict) else wish for name, wish in wishes.items()}
    return with_own(space, parsed, fields(space))


def searched(space: Space, wishes: dict) -> Space:
    """The same, with its conditions checked."""
    made = own(space, wishes)
    paths = [fields(space).find(name, "") for name in wishes]
    check_conditions(made, paths, fields(space), given=())
    return made


# Values


@pytest.mark.parametrize(
    ("name", "wish", "dimension"),
    [
        ("train.learning_rate", {"low": 1e-4, "high": 1e-2, "log": True}, Real(1e-4, 1e-2, log=True)),
        ("learning_rate", {"low": 1, "high": 2}, Real(1.0, 2.0)),
        ("model.hidden", {"low": 8, "high": 512, "step": 8}, Stepped(8, 512, 8)),
        ("hidden", {"low": 8, "high": 512, "log": True}, Integer(8, 512, log=True)),
        ("hidden", {"low": 8, "high": 9, "step": 1}, Integer(8, 9)),
        ("hidden", [33], Choice(33)),
        ("hidden", {"values": [33, 8]}, Choice(33, 8)),
        ("dropout", {"low": 0, "high": 0.5, "step": 0.1}, Stepped(0.0, 0.5, 0.1)),
        ("dropout", [0, 0.5], Choice(0.0, 0.5)),
        ("train.optimizer", ["adam", "sgd"], Choice("adam", "sgd")),
        ("residual", [True, False], Choice(True, False)),
    ],
)
def test_values_become_a_dimension_of_the_fields_type(name, wish, dimension):
    assert list(own(CNN2D, {name: wish}).dimensions.values()) == [dimension]


def test_a_dimension_of_the_space_is_replaced_in_its_place_and_others_follow_by_path():
    made = own(
        SPACES["cnn2d"],
        {"train.optimizer": ["sgd"], "model.hidden": [33], "learning_rate": {"low": 0.1, "high": 1}},
    )
    assert list(made.dimensions) == [*SPACES["cnn2d"].dimensions, "train.learning_rate", "train.optimizer"]
    assert made.dimensions["model.hidden"] == Choice(33)
    assert "train.optimizer" not in made.optional


def test_the_order_in_the_file_changes_nothing():
    wishes = {"model.hidden": [33], "train.optimizer": ["sgd"], "train.batch_size": [8]}
    assert list(own(CNN2D, wishes).dimensions) == list(own(CNN2D, dict(reversed(wishes.items()))).dimensions)


def test_a_constant_of_the_space_can_be_searched():
    made = own(SPACES["tweets"], {"model.hidden": [32, 64]})
    assert made.constants == {"model.dense_hidden": 32}
    assert made.dimensions["model.hidden"] == Choice(32, 64)


@st.composite
def bounds(draw: st.DrawFn, field: Field) -> dict[str, Any]:
    """Bounds of a number, within what the field allows, with a step or not."""
    if field.kind == "real":
        low, high = sorted(draw(st.lists(st.integers(1, 999), min_size=2, max_size=2)))
        wish: dict[str, Any] = {"low": low / 1000, "high": high / 1000}
        step: float = draw(st.sampled_from([0.001, 0.0005]))
    else:
        most = int(min(field.limits.get("maximum", 5000), 5000))
        low, high = sorted(draw(st.lists(st.integers(84, most), min_size=2, max_size=2)))
        wish = {"low": low, "high": high}
        step = draw(st.integers(1, max(1, high - low)))
    return wish | ({"step": step} if low < high and draw(st.booleans()) else {"log": draw(st.booleans())})


@st.composite
def wishes(draw: st.DrawFn) -> tuple[type[ModelConfigBase], dict[str, Any]]:
    """A family, and values or bounds of some of its fields."""
    family = families()[draw(st.sampled_from(sorted(families())))]
    available = fields_of(family, TrainConfig)
    paths = draw(st.lists(st.sampled_from(sorted(available)), unique=True)) if available else []
    made: dict[str, Any] = {}
    for path in paths:
        options = available[path].options
        values = st.lists(st.sampled_from(options), min_size=1, unique=True) if options else bounds(available[path])
        made[path] = draw(values)
    return family, made


@given(wishes(), st.integers(0, 2**32))
def test_every_sample_is_a_value_of_its_field_and_survives_json(wanted, seed):
    family, declared = wanted
    space = own(of_model(family), declared)
    available = fields_of(family, TrainConfig)
    sample = space.sample(np.random.default_rng(seed))
    space.check(sample)
    again = json.loads(json.dumps(sample))
    assert {path: (type(v), v) for path, v in again.items()} == {path: (type(v), v) for path, v in sample.items()}
    for path, value in sample.items():
        assert available[path].value(value) == value
        wish = declared[path]
        if isinstance(wish, dict):
            assert wish["low"] <= value <= wish["high"]
        else:
            assert value in wish


@given(wishes())
def test_a_declaration_survives_json(wanted):
    for wish in wanted[1].values():
        if isinstance(wish, dict):
            declared = OwnDimension(**wish)
            assert OwnDimension.model_validate_json(declared.model_dump_json()) == declared


@pytest.mark.parametrize(
    ("space", "wish", "message"),
    [
        (
            CNN2D,
            {"hiden": [3]},
            r'hiden: no such field of a trial\. Fields: model\.embedding, .* mean "model\.hidden"\?',
        ),
        (
            CNN2D,
            {"model.dropout": {"low": 0.0, "high": 1.0}},
            r'"model\.dropout"\.high: got 1\.0; allowed: number >= 0, < 1',
        ),
        (CNN2D, {"hidden": {"low": 0, "high": 8}}, r"hidden\.low: got 0; allowed: whole number >= 1, <= 65536"),
        (CNN2D, {"hidden": {"low": 8.0, "high": 16}}, r"hidden\.low: got 8\.0; allowed: whole number"),
        (CNN2D, {"hidden": {"low": 8, "high": 4}}, "low = 8 is greater than high = 4"),
        (CNN2D, {"hidden": {"low": 8}}, "needs low and high, or a list of values"),
        (CNN2D, {"hidden": {}}, "needs low and high, or a list of values"),
        (CNN2D, {"hidden": {"low": 8, "high": 12, "step": 5}}, "step = 5 leaves one value, 8"),
        (CNN2D, {"hidden": {"low": 8, "high": 12, "step": 0}}, "a step must be > 0; got 0"),
        (CNN2D, {"hidden": {"low": 8, "high": 12, "step": 0.5}}, r"step: got 0\.5; allowed: whole number >= 1"),
        (CNN2D, {"dropout": {"low": 0, "high": 0.9, "step": 1e-7}}, "makes 9,000,001 values; at most 100,000"),
        (CNN2D, {"dropout": {"low": 0, "high": 0.9, "log": True}}, "log = true needs low > 0; got low = 0"),
        (CNN2D, {"hidden": {"low": 8, "high": 16, "log": True, "step": 2}}, "log and step exclude each other"),
        (CNN2D, {"hidden": {"low": 8, "values": [8]}}, "values exclude low, high, log and step"),
        (CNN2D, {"hidden": []}, "an empty list; allowed: one or more of whole number"),
        (CNN2D, {"hidden": [8, 8]}, "8 is there twice"),
        (CNN2D, {"dropout": [0, 0.0]}, "0.0 is there twice"),
        (CNN2D, {"hidden": [True]}, "got true; allowed: whole number"),
        (CNN2D, {"residual": [1]}, "got 1; allowed: true or false"),
        (CNN2D, {"optimizer": ["adm"]}, 'got "adm"; allowed: "adam", "adamw", "sgd", "rmsprop"'),
        (CNN2D, {"optimizer": {"low": 0, "high": 1}}, 'is a choice; write a list of one or more of "adam", "adamw"'),
        (
            of_model(CNN1DConfig),
            {"kernel": {"low": 3, "high": 7}},
            "is a choice; write a list of one or more of 3, 5, 7",
        ),
        (of_model(CNN1DConfig), {"kernel": [4]}, "got 4; allowed: 3, 5, 7"),
        (CNN2D, {"model.hidden": [8], "hidden": [9]}, "model.hidden is declared twice"),
        (CNN2D, {"balance": ["raw"]}, r"list the values of data\.balance in \[data\] instead, as data\.balance = "),
        (
            CNN2D,
            {"data.max_rows": [9]},
            r"set the key in \[data\]. Of the data only data\.balance, data\.window can be",
        ),
        (CNN2D, {"family": ["cnn2d"]}, r"space\.model names the family"),
        (of_model(LinearConfig), {"learning_rate": [0.1]}, r"no such field of a trial\. Fields: model\.penalty\."),
        (SPACES["architectures"], {"layers": [0]}, r"got 0; allowed \(of cnn1d\): whole number >= 1"),
    ],
)
def test_a_declaration_without_meaning_is_refused(space, wish, message):
    with pytest.raises(SpaceError, match=message):
        own(space, wish)


# Conditions

SCHEDULES = {
    "train.scheduler": ["plateau", "cosine", "none"],
    "train.plateau_factor": {"low": 0.1, "high": 0.3, "step": 0.1, "when": {"train.scheduler": "plateau"}},
    "train.weight_decay": {"values": [0, 1e-4], "when": {"scheduler": ["plateau", "cosine"], "model.layers": 2}},
    "model.layers": {"values": [2, 3], "when": {"train.optimizer": "sgd"}},
    "train.optimizer": ["adam", "sgd"],
}


def full_product(space: Space) -> list[dict]:
    options = [dimension.values() for dimension in space.dimensions.values()]
    return [dict(zip(space.dimensions, values, strict=True)) for values in product(*options)]


def test_a_grid_has_each_configuration_of_a_chain_of_conditions_once():
    space = searched(CNN2D, SCHEDULES)
    points = [point(space, k) for k in range(size(space))]
    different = {json.dumps(space.active(values), sort_keys=True) for values in full_product(space)}
    assert sorted(json.dumps(values, sort_keys=True) for values in points) == sorted(different)
    for values in points:
        space.check(values)


def test_what_depends_on_an_inactive_dimension_is_inactive():
    space = searched(CNN2D, SCHEDULES)
    drawn = {path: dimension.values()[0] for path, dimension in space.dimensions.items()}
    assert "train.weight_decay" in space.active(drawn | {"train.optimizer": "sgd"})
    assert set(space.active(drawn | {"train.optimizer": "adam"})) == {
        "train.scheduler",
        "train.plateau_factor",
        "train.optimizer",
    }


@given(st.data())
def test_a_grid_equals_the_active_parts_of_the_full_product(data):
    names = ["model.hidden", "model.layers", "model.blocks", "train.batch_size"]
    wishes = {}
    for place, name in enumerate(names):
        when = {
            other: data.draw(st.lists(st.sampled_from([2, 3, 4]), min_size=1, unique=True))
            for other in names[:place]
            if data.draw(st.booleans())
        }
        wishes[name] = {"values": [2, 3, 4], "when": when}
    space = searched(CNN2D, dict(data.draw(st.permutations(list(wishes.items())))))
    points = [json.dumps(point(space, k), sort_keys=True) for k in range(size(space))]
    different = {json.dumps(space.active(values), sort_keys=True) for values in full_product(space)}
    assert sorted(points) == sorted(different)


@given(st.integers(0, 2**32))
def test_a_sample_under_conditions_is_complete(seed):
    space = searched(CNN2D, SCHEDULES)
    space.check(space.sample(np.random.default_rng(seed)))


def test_a_condition_on_a_family_concerns_that_family_alone():
    space = own(SPACES["architectures"], {"dropout": {"values": [0.1], "when": {"family": "cnn1d"}}})
    assert [("model.dropout" in part, part[FAMILY].options) for part in space.parts()] == [
        (family == "cnn1d", (family,)) for family in map(family_name, space.families)
    ]


def test_a_dimension_that_depends_on_a_field_of_other_families_is_no_dimension_of_a_family_without_it():
    space = own(
        SPACES["architectures"], {"dropout": {"values": [0.1], "when": {"cell": "gru"}}, "cell": ["gru", "rnn"]}
    )
    with_dropout = {part[FAMILY].options[0] for part in space.parts() if "model.dropout" in part}
    assert with_dropout == {"recurrent"}
    values = {path: dimension.sample(np.random.default_rng(0)) for path, dimension in space.dimensions.items()}
    assert "model.dropout" not in space.active(values | {FAMILY: "cnn1d"})


@pytest.mark.parametrize(
    ("space", "wish", "message"),
    [
        (CNN2D, {"layers": {"values": [2], "when": {"layers": 2}}}, r"model\.layers cannot depend on itself"),
        (
            CNN2D,
            {"layers": {"values": [2, 3], "when": {"blocks": 2}}, "blocks": {"values": [2, 3], "when": {"layers": 2}}},
            "conditions in a circle: model.layers when model.blocks when model.layers",
        ),
        (
            RECURRENT,
            {"conv_channels": {"values": [0, 8], "when": {"conv_kernel": 3}}, "conv_kernel": [3, 5]},
            "conditions in a circle: model.conv_channels when model.conv_kernel when model.conv_channels",
        ),
        (CNN2D, {"layers": {"values": [2], "when": {"hiden": 2}}}, r'when\.hiden: no such field .*"model\.hidden"'),
        (
            CNN2D,
            {"layers": {"values": [2], "when": {"optimizer": "adm"}}},
            'when.optimizer: got "adm"; allowed: "adam"',
        ),
        (CNN2D, {"layers": {"values": [2], "when": {"optimizer": []}}}, "an empty list: the dimension would never be"),
        (
            CNN2D,
            {"layers": {"values": [2], "when": {"optimizer": "rmsprop"}}, "optimizer": ["adam", "sgd"]},
            r'train\.optimizer is never "rmsprop": it is searched in adam, sgd',
        ),
        (
            CNN2D,
            {"layers": {"values": [2], "when": {"dropout": 0.2}}, "dropout": {"low": 0, "high": 0.5}},
            r"model\.dropout is searched continuously \(0\.0 to 0\.5\)\. Give it a list of values, or a step",
        ),
        (
            CNN2D,
            {"layers": {"values": [2], "when": {"optimizer": "adam"}}},
            r"train\.optimizer is neither searched, nor fixed, nor set",
        ),
        (
            RECURRENT,
            {"conv_kernel": [3, 5]},
            r"conv_kernel\" is inactive: .* model\.conv_channels is 0 by default\. Search model\.conv_channels too",
        ),
    ],
)
def test_a_condition_that_never_or_always_decides_is_refused(space, wish, message):
    with pytest.raises(SpaceError, match=message):
        searched(space, wish)


# Fixed fields


def test_any_field_of_the_model_can_be_fixed():
    space, others = with_fixed_fields(CNN2D, {"hidden": 64, "dropout": 0, "pooling": "average"}, fields(CNN2D))
    assert space.constants == {"model.hidden": 64, "model.dropout": 0.0, "model.pooling": "average"}
    assert type(space.constants["model.dropout"]) is float
    assert others == {}


def test_a_dimension_is_left_to_the_space():
    named = SPACES["cnn2d"]
    space, others = with_fixed_fields(named, {"hidden": 64, "embedding": 8}, fields(named))
    assert (space.constants, others) == ({"model.embedding": 8}, {"hidden": 64})


@pytest.mark.parametrize(
    ("fix", "message"),
    [
        ({"hidden": 0}, "space.fix.hidden: got 0; allowed: whole number >= 1, <= 65536"),
        ({"learning_rate": 0.1}, r"is no dimension of the space\. Set learning_rate in \[train\], or search it in"),
        ({"hidden": 8, "model.hidden": 8}, "model.hidden is fixed twice"),
        ({"hiden": 8}, 'no such field of a trial. Fields: .* Did you mean "model.hidden"?'),
    ],
)
def test_a_field_that_cannot_be_fixed_says_what_to_do(fix, message):
    with pytest.raises(SpaceError, match=message):
        with_fixed_fields(CNN2D, fix, fields(CNN2D))


# Families


def test_an_unknown_family_names_the_nearest():
    with pytest.raises(SpaceError, match=r'space\.model = "cnn2": no such model family\. Known: .* mean "cnn2d"\?'):
        find_family("cnn2")


@pytest.mark.parametrize("name", sorted(families()))
def test_every_default_of_a_family_is_a_value_of_its_field(name):
    found = fields_of(families()[name], TrainConfig)
    assert all(field.value(field.default) == field.default for field in found.values())
    assert all(field.about for field in found.values())


def test_combinations_that_a_family_refuses_are_found():
    space = of_model(TransformerConfig)
    check_combinations(own(space, {"hidden": {"low": 8, "high": 64, "step": 8}, "heads": [2, 4, 8]}))
    with pytest.raises(SpaceError, match=r"model\.hidden = 10.*cannot be shared out to heads = 4"):
        check_combinations(own(space, {"hidden": {"low": 10, "high": 64}}))
    with pytest.raises(SpaceError, match="cannot be shared out"):
        check_combinations(
            own(space, {"hidden": {"low": 8, "high": 65536, "log": True}, "dropout": {"low": 0, "high": 0.5}})
        )


def test_a_condition_holds_for_values_of_its_own_type_only():
    condition = is_among("model.layers", [1])
    assert condition.holds(1)
    assert not condition.holds(1.0)
    assert not condition.holds(True)
