"""Clients that never end are closed, and keep no server from ending. `scripts/faults clients` has many more of them."""

import slow_clients


def test_whoever_does_not_end_is_closed(start):
    server = start("--demo", **slow_clients.SETTINGS)
    assert server.url
    closed, took = slow_clients.attack(server, 40, 200)
    assert len(closed) == 240
    assert took


def test_a_server_ends_whatever_its_clients_do(start):
    server = start("--demo", **slow_clients.SETTINGS | {"SERVER__BODY_TIMEOUT": "10m"})
    assert server.url
    assert slow_clients.stop_during(server, 40) < slow_clients.CLOSED_SECONDS
