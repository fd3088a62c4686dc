"""What a node must have to take trials: as Ray and its processes would describe it, without a cluster."""

import pytest
from factories import campaign

from tuning.campaign.errors import CampaignError
from tuning.execution import cluster
from tuning.training.environment import Environment, code_sha256, current

NODE = {"NodeID": "n", "Alive": True, "NodeManagerAddress": "10.0.0.1", "Resources": {"CPU": 4.0}}
HERE = current()


@pytest.fixture
def described(monkeypatch: pytest.MonkeyPatch):
    """Let the cluster have one node with an environment."""

    def describe(environment: Environment, code: str = code_sha256()) -> None:
        monkeypatch.setattr("tuning.execution.cluster.ray.nodes", lambda: [NODE])
        monkeypatch.setattr(cluster, "_described", lambda nodes: [(node, environment, code) for node in nodes])

    return describe


def test_a_node_like_this_machine_takes_trials(described) -> None:
    described(HERE)
    assert cluster.check_nodes(campaign().resources) == {"n": []}


def test_a_node_with_other_code_is_refused(described) -> None:
    described(HERE, code="other")
    with pytest.raises(CampaignError, match=r"node 10\.0\.0\.1 has other code of seqtune"):
        cluster.check_nodes(campaign().resources)


@pytest.mark.parametrize("mixed", [False, True])
def test_a_node_with_other_versions_is_refused(described, *, mixed: bool) -> None:
    described(HERE.model_copy(update={"packages": HERE.packages | {"torch": "1.0"}}))
    with pytest.raises(CampaignError, match=r"node 10\.0\.0\.1 differs .* torch: .* Install the same versions there"):
        cluster.check_nodes(campaign(resources__mixed_processors=mixed).resources)


@pytest.mark.parametrize("field", ["processor", "isa", "platform"])
def test_a_node_with_another_processor_is_refused_unless_processors_may_be_mixed(described, field: str) -> None:
    described(HERE.model_copy(update={field: "another"}))
    with pytest.raises(CampaignError, match=rf"may have other bits: {field}: .*resources\.mixed_processors = true"):
        cluster.check_nodes(campaign().resources)
    notes = cluster.check_nodes(campaign(resources__mixed_processors=True).resources)
    assert [line.partition(": ")[2].partition(":")[0] for line in notes["n"]] == [field]
