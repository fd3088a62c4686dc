"""A campaign with a group column is split by groups unless it says otherwise."""

import pytest

from tuning.campaign.config import CampaignData


def data(**options) -> CampaignData:
    return CampaignData.model_validate({"dataset": "mine.csv", **options}, strict=True)


def test_a_group_makes_the_split_grouped():
    assert data(group="subject").split == "grouped"
    assert data().split == "stratified"


def test_an_explicit_split_beside_a_group_stays():
    assert data(group="subject", split="stratified").split == "stratified"


@pytest.mark.parametrize("options", [{}, {"group": "u"}, {"group": "u", "split": "stratified"}, {"ignore": ["id"]}])
@pytest.mark.parametrize("exclude_defaults", [False, True])
def test_json_round_trips_with_and_without_defaults(options, exclude_defaults):
    before = data(**options)
    after = CampaignData.model_validate_json(before.model_dump_json(exclude_defaults=exclude_defaults), strict=True)
    assert after.model_dump() == before.model_dump()
    plain = before.model_dump(mode="json", exclude_defaults=exclude_defaults)
    assert CampaignData.model_validate(plain, strict=True).model_dump() == before.model_dump()
