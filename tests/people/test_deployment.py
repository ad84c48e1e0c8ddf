"""What docs/deployment.md says of PostgreSQL: one role migrates, another one serves, and its password is in a file."""

import re
import subprocess
import time

import pytest

import tollbridge
from client import Client, tokens
from cluster import Cluster, programs

USER = {"username": "mona", "password": "a smile of 1503"}
SECONDS = 20

DOCUMENT = (tollbridge.REPOSITORY / "docs/deployment.md").read_text()


def grants():
    """The SQL of the document."""
    found = re.search(r"```sql\n(.*?)```", DOCUMENT, re.DOTALL)
    assert found and "GRANT" in found[1]
    return found[1]


class Database:
    """A cluster in which the role that serves has to give its password."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.sql("postgres", "CREATE ROLE owner LOGIN; CREATE ROLE tollbridge LOGIN PASSWORD 'the first'")
        self.sql("postgres", "ALTER DATABASE postgres OWNER TO owner; ALTER SCHEMA public OWNER TO owner")
        rules = cluster.data / "pg_hba.conf"
        rules.write_text("host all tollbridge 127.0.0.1/32 scram-sha-256\n" + rules.read_text())
        self.sql("postgres", "SELECT pg_reload_conf()")

    def url(self, role):
        return f"postgres://{role}@127.0.0.1:{self.cluster.port}/postgres"

    def sql(self, role, text):
        return subprocess.run(
            [programs() / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", self.url(role), "-c", text],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=True,
        ).stdout


@pytest.mark.skipif(programs() is None, reason="there is no PostgreSQL server")
def test_one_role_migrates_and_another_one_serves(tmp_path, start):
    with Cluster(tmp_path / "postgres") as cluster:
        database = Database(cluster)
        password = tmp_path / "password"
        password.touch(mode=0o600)
        password.write_text("the first\n")
        settings = {
            "DATABASE__URL": database.url("tollbridge"),
            "DATABASE__PASSWORD_FILE": str(password),
            "DATABASE__MIGRATE_AT_START": "false",
        }

        refused = tollbridge.command(tmp_path, "serve", "--listen", "127.0.0.1:0", **settings)
        assert refused.returncode == 1
        assert "tollbridge migrate" in refused.stderr

        owner = {"DATABASE__URL": database.url("owner")}
        pending = tollbridge.command(tmp_path, "migrate", "--status", **owner).stdout
        assert pending.startswith("pending ")
        applied = tollbridge.command(tmp_path, "migrate", **owner).stdout
        assert applied == pending.replace("pending ", "applied ")
        assert tollbridge.command(tmp_path, "migrate", "--status", **owner).stdout == "the database is up to date\n"
        database.sql("owner", grants())

        tollbridge.add_user(tmp_path, **USER, **settings)
        server = start(**settings)
        client = Client(server.url)
        token = tokens(client.post("/login", json=USER))["access_token"]
        who = lambda: client.get("/who_am_i", headers={"Authorization": f"Bearer {token}"}).status_code
        assert who() == 200

        # It can neither change tables, nor claim that they were migrated, nor change what the audit says.
        for forbidden in (
            "CREATE TABLE x ()",
            "ALTER TABLE users ADD x int",
            "DELETE FROM __diesel_schema_migrations",
            "UPDATE audit SET actor_name = 'another'",
        ):
            with pytest.raises(subprocess.CalledProcessError):
                database.sql("postgres", f"SET ROLE tollbridge; {forbidden}")

        # Another password: the server takes it from the file when it connects again.
        database.sql("postgres", "ALTER ROLE tollbridge PASSWORD 'the second'")
        password.write_text("the second")
        database.sql("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'tollbridge'")
        deadline = time.monotonic() + SECONDS
        while who() != 200:
            assert time.monotonic() < deadline, "".join(server.output)
        server.stop()
        assert "the first" not in "".join(server.output) and "the second" not in "".join(server.output)
