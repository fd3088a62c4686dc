"""docker-compose.yml grants no more than is needed; deploy/compose_test.py checks what an engine makes of it."""

import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SECRETS = ("POSTGRES_PASSWORD", "MLFLOW_ADMIN_PASSWORD", "MLFLOW_SECRET_KEY", "RAY_AUTH_TOKEN")
SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|_KEY|STORE_URI")
UNITS = {"m": 2**20, "g": 2**30}
EXAMPLE = (ROOT / ".env.example").read_text()

service = pytest.mark.parametrize("name", SERVICES)


def size(text: str) -> int:
    """Bytes of ``256m``, or of the default in ``${NAME:-4g}``."""
    number, unit = re.fullmatch(r"(?:\$\{\w+:-)?(\d+)([mg])\}?", text).groups()
    return int(number) * UNITS[unit]


def words(name: str) -> list[str]:
    """What a service runs."""
    return [*SERVICES[name].get("entrypoint", ()), *SERVICES[name].get("command", ())]


@service
def test_no_container_can_gain_rights(name: str) -> None:
    assert SERVICES[name]["security_opt"] == ["no-new-privileges:true"]
    assert SERVICES[name]["cap_drop"] == ["ALL"]
    forbidden = {
        "privileged",
        "devices",
        "network_mode",
        "pid",
        "ipc",
        "userns_mode",
        "volumes_from",
        "device_cgroup_rules",
    }
    assert not forbidden & SERVICES[name].keys()
    # PostgreSQL's image gives its folder to its own user, and becomes that user.
    added = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"] if name == "postgres" else []
    assert SERVICES[name].get("cap_add", []) == added


@service
def test_all_but_postgres_run_as_a_user_without_rights(name: str) -> None:
    user = SERVICES[name].get("user")
    assert user == (None if name == "postgres" else "${SEQTUNE_UID:-1000}:${SEQTUNE_GID:-1000}")


@service
def test_containers_write_to_memory_and_below_var_alone(name: str) -> None:
    assert SERVICES[name]["read_only"] is True
    assert all(folder.startswith(("/tmp", "/run/")) for folder in SERVICES[name]["tmpfs"])  # noqa: S108 - compared
    for volume in SERVICES[name].get("volumes", ()):
        assert volume.startswith("./var/compose/") or (volume.startswith("./deploy/") and volume.endswith(":ro"))


def test_ports_are_published_on_loopback_alone_and_those_of_postgres_and_ray_not_at_all() -> None:
    published = {name: SERVICES[name]["ports"] for name in SERVICES if "ports" in SERVICES[name]}
    assert published == {
        "mlflow": ["127.0.0.1:${MLFLOW_PORT:-5000}:5000"],
        "tls": ["${TLS_ADDRESS:-127.0.0.1}:${TLS_PORT:-5443}:5443"],
    }
    assert "TLS_ADDRESS=127.0.0.1\n" in EXAMPLE


def test_postgres_is_reached_by_mlflow_alone() -> None:
    members = {name for name in SERVICES if "store" in SERVICES[name]["networks"]}
    assert members == {"postgres", "mlflow"}
    assert SERVICES["postgres"]["networks"] == ["store"]
    assert COMPOSE["networks"]["store"] == {"internal": True}


@service
def test_secrets_come_from_the_environment_file_and_not_by_arguments(name: str) -> None:
    for variable, value in SERVICES[name].get("environment", {}).items():
        if SECRET.search(variable):
            assert re.search(r"\$\{[A-Z_]+(:\?[^}]*)?\}", value), variable
    assert not any(secret in word for secret in SECRETS for word in words(name))


def test_compose_refuses_an_empty_secret_and_the_example_has_none() -> None:
    for secret in SECRETS:
        assert f"${{{secret}:?" in TEXT
        assert f"\n{secret}=\n" in EXAMPLE
    for ignored in (".gitignore", ".dockerignore"):
        assert re.search(r"^/?\.env$|^\*$", (ROOT / ignored).read_text(), re.MULTILINE)


def prepared(folder: Path) -> str:
    """Run deploy/prepare.py on a copy of what it reads; return the .env that is there then."""
    (folder / "deploy").mkdir(exist_ok=True)
    (folder / "deploy" / "prepare.py").write_text((ROOT / "deploy" / "prepare.py").read_text())
    (folder / ".env.example").write_text(EXAMPLE)
    subprocess.run([sys.executable, "deploy/prepare.py"], cwd=folder, check=True, capture_output=True)
    return (folder / ".env").read_text()


def test_the_drawn_secrets_are_long_different_and_readable_by_their_owner_alone(tmp_path: Path) -> None:
    lines = prepared(tmp_path).splitlines()
    drawn = [line.partition("=")[2] for line in lines if line.partition("=")[0] in SECRETS]
    assert len(set(drawn)) == len(SECRETS)
    assert all(re.fullmatch("[0-9a-f]{64}", secret) for secret in drawn)
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    folders = (tmp_path / "var" / "compose").iterdir()
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}


@pytest.mark.parametrize("existing", [EXAMPLE, EXAMPLE.rstrip("\n"), f"{EXAMPLE}SEQTUNE_UID=4711\n"])
def test_an_existing_environment_file_is_kept_and_completed(tmp_path: Path, existing: str) -> None:
    (tmp_path / ".env").write_text(existing)
    text = prepared(tmp_path)
    assert text.startswith(existing)
    user, group = (os.getuid(), os.getgid()) if os.getuid() else (1000, 1000)
    added = dict(line.split("=") for line in text.splitlines() if line.startswith("SEQTUNE_"))
    assert added == {"SEQTUNE_UID": "4711" if "4711" in existing else str(user), "SEQTUNE_GID": str(group)}
    assert prepared(tmp_path) == text


@service
def test_memory_and_processors_are_bounded(name: str) -> None:
    assert size(SERVICES[name]["mem_limit"]) <= 4 * 2**30
    assert SERVICES[name]["cpus"]


@pytest.mark.parametrize("name", ["ray-head", "ray-worker", "tuner"])
def test_ray_asks_for_the_token_and_its_objects_fit_in_shared_memory(name: str) -> None:
    environment = SERVICES[name]["environment"]
    assert environment["RAY_AUTH_MODE"] == "token"
    assert environment["RAY_AUTH_TOKEN"].startswith("${RAY_AUTH_TOKEN:?")
    objects = int(re.search(r"--object-store-memory=(\d+)", " ".join(words(name)))[1])
    assert objects < size(SERVICES[name]["shm_size"])


def test_mlflow_asks_for_a_password() -> None:
    assert "--app-name seqtune-users" in " ".join(words("mlflow"))
    environment = SERVICES["mlflow"]["environment"]
    assert environment["MLFLOW_AUTH_ADMIN_PASSWORD"].startswith("${MLFLOW_ADMIN_PASSWORD:?")
    assert (
        f"COPY deploy/mlflow-auth.ini {environment['MLFLOW_AUTH_CONFIG_PATH']}\n" in (ROOT / "Dockerfile").read_text()
    )


def test_services_start_when_those_they_need_are_healthy() -> None:
    needed = {(name, other): how for name in SERVICES for other, how in SERVICES[name].get("depends_on", {}).items()}
    assert needed
    assert all(how == {"condition": "service_healthy"} for how in needed.values())
    assert all("healthcheck" in SERVICES[other] for _, other in needed)


def test_the_image_ends_without_root_and_installs_nothing_in_its_last_stage() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    last = lines[max(index for index, line in enumerate(lines) if line.startswith("FROM")) :]
    assert [line for line in last if line.startswith("USER")] == ["USER seqtune"]
    assert not re.search(r"apt-get|pip install|gcc|g\+\+", "\n".join(last))
