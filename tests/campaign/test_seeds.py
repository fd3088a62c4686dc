import subprocess
import sys

from tuning.campaign.seeds import derive


def test_roles_and_indices_give_different_seeds():
    seeds = [derive(5, role, k) for role in ("trial", "split", "search") for k in range(50)]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**32 for seed in seeds)


def test_a_seed_is_the_same_in_a_fresh_process():
    code = "from tuning.campaign.seeds import derive; print(derive(2**62, 'trial', 42))"
    env = {"PYTHONHASHSEED": "1"}
    fresh = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert int(fresh.stdout) == derive(2**62, "trial", 42)


def test_derived_seeds_never_change():
    assert [derive(20250203, "trial", k) for k in range(3)] == [1451029964, 2711105221, 31944132]
