"""No acknowledged write is lost by kill -9, and the audit has exactly what was done. A few rounds; `scripts/faults kill` has many."""

import pytest

import kill
from cluster import Cluster, programs

ROUNDS = 4


def test_what_was_acknowledged_survives_on_sqlite(tmp_path):
    writes, records, lost = kill.rounds(tmp_path, ROUNDS)
    assert writes > ROUNDS and sum(records.values()) > ROUNDS
    assert lost == []


@pytest.mark.skipif(programs() is None, reason="there is no PostgreSQL server")
def test_what_was_acknowledged_survives_on_postgresql(tmp_path):
    with Cluster(tmp_path / "postgres") as cluster:
        writes, records, lost = kill.rounds(tmp_path, ROUNDS, cluster)
    assert writes > ROUNDS and sum(records.values()) > ROUNDS
    assert lost == []
