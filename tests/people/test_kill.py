"""No acknowledged write is lost by kill -9. A few rounds; `scripts/faults kill` has many."""

import pytest

import kill
from cluster import Cluster, programs

ROUNDS = 4


def test_what_was_acknowledged_survives_on_sqlite(tmp_path):
    writes, lost = kill.rounds(tmp_path, ROUNDS)
    assert writes > ROUNDS
    assert lost == []


@pytest.mark.skipif(programs() is None, reason="there is no PostgreSQL server")
def test_what_was_acknowledged_survives_on_postgresql(tmp_path):
    with Cluster(tmp_path / "postgres") as cluster:
        writes, lost = kill.rounds(tmp_path, ROUNDS, DATABASE__URL=cluster.url())
    assert writes > ROUNDS
    assert lost == []
