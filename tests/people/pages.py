"""The pages of the server, as a browser shows them. `server` is whatever has the address as `url`."""

import json
from urllib.parse import urlsplit

NAME = "Ann Takamaki"


def path(person):
    return urlsplit(person.url).path


def session(person, server):
    """What `/session` says to this browser, or None if it says nothing."""
    person.visit(server.url + "/session")
    text = person.text()
    return json.loads(text[text.index("{") : text.rindex("}") + 1]) if '"via"' in text else None


def assert_signed_in(person, server):
    person.visit(server.url + "/account")
    assert path(person) == "/account"
    assert NAME in person.text()


def assert_signed_out(person, server):
    person.visit(server.url + "/account")
    assert path(person) == "/login"
    assert NAME not in person.text()


def form(action, **fields):
    inputs = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in fields.items())
    return f'<!DOCTYPE html><title>A game</title><form method="post" action="{action}">{inputs}<button>Play</button></form>'
