"""The files of deploy/ that cannot be run here are read at least: what they tell the server, the server accepts."""

import secrets

import yaml

import tollbridge

DEPLOY = tollbridge.REPOSITORY / "deploy"


def test_the_settings_in_compose_are_accepted(tmp_path):
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    servers = [compose["services"][name] for name in ("server-1", "server-2", "migrate")]
    assert all(server["environment"] == servers[0]["environment"] for server in servers)
    mounted = {}
    for name in compose["secrets"]:
        assert compose["secrets"][name] == {"file": f"./data/{name}"}
        (tmp_path / name).write_text(secrets.token_urlsafe(48))
        (tmp_path / name).chmod(0o400)
        mounted[f"/run/secrets/{name}"] = str(tmp_path / name)
    assert set(servers[0]["secrets"]) == set(compose["secrets"])
    settings = {
        key.removeprefix("TOLLBRIDGE_"): mounted.get(value, value) for key, value in servers[0]["environment"].items()
    }
    done = tollbridge.command(tmp_path, "config", "check", **settings)
    assert done.returncode == 0, done.stderr
    # The servers finish before they are killed.
    shown = tollbridge.command(tmp_path, "config", "show", **settings).stdout
    assert 'drain = "5s"' in shown and 'shutdown_timeout = "30s"' in shown and servers[0]["stop_grace_period"] == "40s"


def test_the_image_runs_the_program_as_nobody():
    lines = [line for line in (DEPLOY / "Dockerfile").read_text().splitlines() if line and not line.startswith("#")]
    assert "USER nonroot" in lines and 'ENTRYPOINT ["/usr/local/bin/tollbridge"]' in lines
    # The toolchain is not older than the one that the package asks for.
    asked = next(line for line in (tollbridge.REPOSITORY / "Cargo.toml").read_text().splitlines() if "rust-version" in line)
    image = next(line for line in lines if line.startswith("FROM rust:"))
    number = lambda text: [int(part) for part in text.strip().split(".")[:2]]
    assert number(image.split(":")[1].split("-")[0]) >= number(asked.split('"')[1])
