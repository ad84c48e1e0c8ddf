"""Compares the audit of a database with all that it has recorded: every change has its record, every record its change.

The queries find what does not agree. They are for databases from which nothing has been swept.
"""

import sqlite3

# A login that ended by a change of password, or with others of its user, or for a new one.
TOGETHER = """
    SELECT 1 FROM audit a WHERE a.user_id = l.user_id AND a.at = l.ended_at AND (
        a.action = 'logins_ended' AND a.reason = l.end_reason
        OR a.action = 'password_changed' AND l.end_reason = 'password_changed'
        OR a.action = 'signed_in' AND a.count > 0 AND l.end_reason = 'too_many')
"""
ALONE = "SELECT 1 FROM audit a WHERE a.action = 'login_ended' AND a.subject = l.id"

DISAGREEMENTS = {
    "an account without exactly one record that it was made": """
        SELECT u.username FROM users u
        WHERE (SELECT count(*) FROM audit a WHERE a.action = 'user_added' AND a.user_id = u.id AND a.subject = u.username) <> 1
    """,
    "a login without exactly one sign-in": """
        SELECT l.id FROM logins l
        WHERE (SELECT count(*) FROM audit a
               WHERE a.action = 'signed_in' AND a.subject = l.id AND a.user_id = l.user_id AND a.at = l.created_at) <> 1
    """,
    "a sign-in without its login": """
        SELECT a.subject FROM audit a WHERE a.action = 'signed_in' AND a.subject NOT IN (SELECT id FROM logins)
    """,
    "a login that ended without exactly one record": f"""
        SELECT l.id FROM logins l WHERE l.ended_at IS NOT NULL AND l.end_reason = 'logout'
        AND NOT EXISTS ({TOGETHER}) AND (SELECT count(*) FROM ({ALONE}) AS alone) <> 1
    """,
    "a login that ended with others without their record": f"""
        SELECT l.id, l.end_reason FROM logins l WHERE l.ended_at IS NOT NULL AND l.end_reason <> 'logout'
        AND NOT EXISTS ({TOGETHER}) AND NOT EXISTS ({ALONE})
    """,
    "a record of an end that has not come": """
        SELECT a.subject FROM audit a LEFT JOIN logins l ON l.id = a.subject AND l.ended_at = a.at AND l.end_reason = a.reason
        WHERE a.action = 'login_ended' AND l.id IS NULL
    """,
    "a number of logins that ended together that is another": f"""
        SELECT g.user_id, g.at, g.number FROM (
            SELECT user_id, at, sum(count) AS number FROM audit WHERE action = 'logins_ended' GROUP BY user_id, at
        ) AS g
        WHERE g.number <> (SELECT count(*) FROM logins l WHERE l.user_id = g.user_id AND l.ended_at = g.at
                           AND l.end_reason = 'logout' AND NOT EXISTS ({ALONE}))
    """,
    # A change of password by the login begins a new series of generations: the upper half of the number.
    "a generation of refresh tokens without its record": """
        SELECT l.id, l.refresh_generation FROM logins l
        WHERE l.refresh_generation % 4294967296 <> (
            SELECT count(*) FROM audit a WHERE a.action = 'refreshed' AND a.subject = l.id AND a.id > (
                SELECT coalesce(max(p.id), 0) FROM audit p WHERE p.action = 'password_changed' AND p.login_id = l.id))
        OR l.refresh_generation / 4294967296 <> (
            SELECT count(*) FROM audit p WHERE p.action = 'password_changed' AND p.login_id = l.id)
    """,
    "a password given again without its record": """
        SELECT l.id FROM logins l WHERE l.auth_time <> (
            SELECT coalesce(max(a.at), l.created_at) FROM audit a WHERE a.action = 'confirmed' AND a.subject = l.id)
    """,
    "a change of password without its record": """
        SELECT u.username, u.credential_epoch FROM users u
        WHERE u.credential_epoch <> (SELECT count(*) FROM audit a WHERE a.action = 'password_changed' AND a.user_id = u.id)
    """,
    "an API token without exactly one record that it was made": """
        SELECT t.id FROM api_tokens t
        WHERE (SELECT count(*) FROM audit a WHERE a.action = 'api_token_made' AND a.subject = t.id AND a.user_id = t.user_id) <> 1
    """,
    "a record of an API token that is not there": """
        SELECT a.subject FROM audit a
        WHERE a.action IN ('api_token_made', 'api_token_revoked') AND a.subject NOT IN (SELECT id FROM api_tokens)
    """,
    "an API token that was revoked without a record": """
        SELECT t.id FROM api_tokens t WHERE t.revoked_at IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM audit a WHERE a.user_id = t.user_id AND a.at = t.revoked_at AND (
                a.action = 'api_token_revoked' AND a.subject = t.id OR a.action = 'password_changed'))
    """,
    "a record of a revocation that has not come": """
        SELECT a.subject FROM audit a WHERE a.action = 'api_token_revoked' AND NOT EXISTS (
            SELECT 1 FROM api_tokens t WHERE t.id = a.subject AND t.revoked_at = a.at)
    """,
    "an access token that was revoked without exactly one record": """
        SELECT r.jti FROM revoked_tokens r
        WHERE (SELECT count(*) FROM audit a WHERE a.action = 'access_token_revoked' AND a.subject = r.jti) <> 1
    """,
}


# The queries would compare every row with every other one.
INDEXES = [
    "CREATE INDEX IF NOT EXISTS test_subject ON audit (subject)",
    "CREATE INDEX IF NOT EXISTS test_login ON audit (login_id)",
    "CREATE INDEX IF NOT EXISTS test_end ON logins (user_id, ended_at)",
]


def sqlite(path):
    """Asks a database file."""

    def ask(query):
        connection = sqlite3.connect(path, timeout=30)
        try:
            with connection:
                return connection.execute(query).fetchall()
        finally:
            connection.close()

    return prepared(ask)


def postgres(cluster):
    """Asks a cluster."""
    return prepared(lambda query: cluster.query(query))


def prepared(ask):
    for index in INDEXES:
        ask(index)
    return ask


def disagreements(ask):
    """What does not agree, each with the first rows of it."""
    found = ((what, ask(query)) for what, query in DISAGREEMENTS.items())
    return [f"{what}: {rows[:3]}" for what, rows in found if rows]


def records(ask):
    """How many records of each action there are."""
    rows = ask("SELECT action, count(*) FROM audit GROUP BY action ORDER BY action")
    return {action: int(number) for action, number in rows}
