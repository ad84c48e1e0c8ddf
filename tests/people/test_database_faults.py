"""Faults of the database under a running server, in short; `scripts/faults database` has them at length."""

import pytest

import database_faults
from cluster import programs


def test_no_file_may_grow(tmp_path):
    database_faults.files_of_one_page(tmp_path)


def test_the_file_is_locked(tmp_path):
    database_faults.locked_file(tmp_path, seconds=0)


@pytest.mark.skipif(programs() is None, reason="there is no PostgreSQL server")
def test_postgresql_is_out_of_connections_or_far_away(tmp_path):
    with database_faults.small_cluster(tmp_path) as cluster:
        database_faults.no_connection_left(tmp_path, cluster)
        database_faults.far_server(tmp_path, cluster)
