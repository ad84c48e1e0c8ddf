"""kill -9, again and again, while clients write. What was acknowledged must be there afterwards, and the audit must have a
record of each change and of nothing else.

    python3 tests/people/kill.py sqlite|postgres [ROUNDS]

Each client has a user of its own and sends one request after the other, so one write of each may be under way at the
kill. Of that one either outcome is right.
"""

import hashlib
import http.client
import json
import pathlib
import random
import sys
import tempfile
import threading
import time

import audit_agrees
import tollbridge
from cluster import Cluster

CLIENTS = 6
MOST_LOGINS = 4

# Of the service that revokes tokens.
SECRET = "32 random bytes would be better than this"

# Tokens outlive all rounds.
SETTINGS = {
    "TOKEN__ACCESS_TTL": "1h",
    "SERVER__WORKERS": "2",
    "LOG__LEVEL": "error",
    # An attempt that is under way at the kill stays counted.
    "THROTTLE__ENABLED": "false",
    "CLIENTS__OPERATIONS__SECRET_HASH": f"sha256:{hashlib.sha256(SECRET.encode()).hexdigest()}",
    "CLIENTS__OPERATIONS__MAY": "revoke",
}


class Gone(Exception):
    """The server has not answered."""


class Login:
    """One sign-in, with tokens or with a cookie. `lives` is what was acknowledged; `None` when it is not known."""

    def __init__(self, answer):
        self.pair = answer.body if answer.body.get("access_token") else None
        self.cookie = answer.cookie
        self.lives = True
        self.fresh = True

    def headers(self):
        if self.pair:
            return {"Authorization": f"Bearer {self.pair['access_token']}"}
        return {"Cookie": self.cookie}


class Answer:
    def __init__(self, response):
        text = response.read()
        self.status = response.status
        self.body = json.loads(text) if text.startswith(b"{") else {}
        cookies = (value.split(";")[0] for value in response.headers.get_all("Set-Cookie") or ())
        self.cookie = "; ".join(cookie for cookie in cookies if not cookie.endswith("="))
        self.text = text


class Writer:
    """A client that knows what was acknowledged to it."""

    def __init__(self, username, password):
        self.username = username
        # The passwords of which one is the right one.
        self.passwords = [password]
        self.logins = []
        self.writes = 0
        self.wrong = []
        self.connection = None

    def connect(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def post(self, path, body, headers=None, method="POST"):
        headers = {"Content-Type": "application/json", "Origin": f"http://127.0.0.1:{self.connection.port}", **(headers or {})}
        try:
            text = body if body is None or isinstance(body, str) else json.dumps(body)
            self.connection.request(method, path, text, headers)
            return Answer(self.connection.getresponse())
        except (OSError, http.client.HTTPException) as error:
            raise Gone from error

    def acknowledged(self, answer, *statuses):
        if answer.status not in statuses:
            self.wrong.append(f"{self.username}: answered {answer.status} {answer.text}")
            raise Gone
        self.writes += 1

    def sign_in(self, mode):
        answer = self.post("/login", {"username": self.username, "password": self.passwords[0], "mode": mode})
        self.acknowledged(answer, 200)
        self.logins.append(Login(answer))

    def refresh(self, login):
        answer = self.post("/refresh", {"refresh_token": login.pair["refresh_token"]})
        self.acknowledged(answer, 200)
        login.pair = answer.body
        login.fresh = False

    def log_out(self, login):
        login.lives = None
        self.acknowledged(self.post("/logout", {}, login.headers()), 204)
        login.lives = False

    def change_password(self, login):
        old, new = self.passwords[0], f"a new staple {random.random()}"
        self.passwords.append(new)
        others = [other for other in self.logins if other is not login and other.lives]
        for other in others:
            other.lives = None
        # The credentials are renewed with it, and what they were may be dead.
        login.lives = None
        answer = self.post("/account/password", {"current_password": old, "new_password": new}, login.headers())
        self.acknowledged(answer, 200, 204)
        self.passwords = [new]
        login.lives = True
        if answer.body.get("access_token"):
            login.pair = answer.body
        login.cookie = answer.cookie or login.cookie
        for other in others:
            other.lives = False

    def log_out_others(self, login):
        others = [other for other in self.logins if other is not login and other.lives]
        for other in others:
            other.lives = None
        self.acknowledged(self.post("/logout", {"scope": "others"}, login.headers()), 204)
        for other in others:
            other.lives = False

    def confirm(self, login):
        # A session gets a new key with it.
        login.lives = None
        answer = self.post("/reauth", {"password": self.passwords[0]}, login.headers())
        self.acknowledged(answer, 200, 204)
        login.lives = True
        login.cookie = answer.cookie or login.cookie

    def make_api_token(self, login):
        self.acknowledged(self.post("/tokens", {"name": "a token"}, login.headers()), 201)

    def revoke_api_tokens(self, login):
        answer = self.post("/tokens", None, login.headers(), method="GET")
        for token in answer.body["tokens"]:
            self.acknowledged(self.post(f"/tokens/{token['id']}", {}, login.headers(), method="DELETE"), 204)

    def revoke_access_token(self):
        """Of a login that is left alone afterwards."""
        answer = self.post("/login", {"username": self.username, "password": self.passwords[0]})
        self.acknowledged(answer, 200)
        form = f"token={answer.body['access_token']}&client_id=operations&client_secret={SECRET.replace(' ', '+')}"
        self.acknowledged(self.post("/revoke", form, {"Content-Type": "application/x-www-form-urlencoded"}), 200)

    def write(self):
        """One write, whichever."""
        alive = [login for login in self.logins if login.lives]
        login = random.choice(alive) if alive else None
        if login and login.fresh and random.random() < 0.4:
            acts = [self.log_out_others, self.confirm, self.make_api_token, self.make_api_token, self.revoke_api_tokens]
            return random.choice(acts)(login)
        if random.random() < 0.05:
            return self.revoke_access_token()
        if login is None or len(alive) < MOST_LOGINS and random.random() < 0.4:
            self.sign_in(random.choice(["token", "session"]))
        elif len(alive) >= MOST_LOGINS or random.random() < 0.2:
            self.log_out(login)
        elif login.fresh and random.random() < 0.3:
            self.change_password(login)
        elif login.pair:
            self.refresh(login)
        else:
            self.log_out(login)

    def write_until_killed(self):
        try:
            while True:
                self.write()
        except Gone:
            pass

    def lost(self):
        """What was acknowledged and is not so; empty when all is well."""
        lost, self.wrong = self.wrong, []
        accepted = [
            password
            for password in self.passwords
            if self.post("/login", {"username": self.username, "password": password}).status == 200
        ]
        if len(accepted) != 1:
            lost.append(f"{self.username}: {len(accepted)} of {len(self.passwords)} passwords are right")
        self.passwords = accepted[:1] or self.passwords
        for login in self.logins:
            if login.lives is None:
                continue
            status = self.post("/who_am_i", {}, login.headers()).status
            if status != (200 if login.lives else 401):
                lost.append(f"{self.username}: a login that {'lives' if login.lives else 'has ended'} answers {status}")
            elif login.lives and login.pair:
                # Also when the answer to a refresh was lost.
                answer = self.post("/refresh", {"refresh_token": login.pair["refresh_token"]})
                if answer.status != 200:
                    lost.append(f"{self.username}: the refresh token answers {answer.status} {answer.text}")
                else:
                    login.pair = answer.body
                    login.fresh = False
        self.logins = [login for login in self.logins if login.lives]
        return lost


def rounds(directory, count, cluster=None):
    """Kills a server `count` times; returns the number of acknowledged writes, that of records in the audit by their action,
    and the list of what is wrong: writes that were lost, and what the audit says or does not say.
    """
    settings = SETTINGS | ({"DATABASE__URL": cluster.url()} if cluster else {})
    writers = [Writer(f"writer{number}", f"correct staple {number}") for number in range(CLIENTS)]
    for writer in writers:
        tollbridge.add_user(directory, writer.username, writer.passwords[0], **settings)
    ask = audit_agrees.postgres(cluster) if cluster else audit_agrees.sqlite(directory / "data/tollbridge.db")
    lost = []
    for number in range(count + 1):
        server = tollbridge.Server(directory, **settings)
        for writer in writers:
            writer.connect(server.port)
            lost.extend(f"round {number}: {what}" for what in writer.lost())
        if number == count or lost:
            server.stop()
            break
        threads = [threading.Thread(target=writer.write_until_killed) for writer in writers]
        for thread in threads:
            thread.start()
        time.sleep(random.uniform(0.05, 0.6))
        server.kill()
        for thread in threads:
            thread.join()
        lost.extend(f"round {number}: the audit: {what}" for what in audit_agrees.disagreements(ask))
    return sum(writer.writes for writer in writers), audit_agrees.records(ask), lost


def main(database, count="200"):
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        if database == "postgres":
            with Cluster(directory / "postgres") as cluster:
                writes, records, lost = rounds(directory, int(count), cluster)
        else:
            writes, records, lost = rounds(directory, int(count))
    took = time.monotonic() - began
    print(f"{database}: killed {count} times in {took:.0f} s, {writes} writes acknowledged, {len(lost)} lost or without record")
    print("records:", ", ".join(f"{number} {action}" for action, number in records.items()))
    print(*lost, sep="\n", end="")
    return bool(lost)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
