"""The commands of README.md, as printed, but for the port and the place of the files."""

import json
import re
import subprocess

import tollbridge
from client import PANTHER
from pages import NAME

END = "-- end of a paragraph --"


def paragraphs(server, directory):
    """What the paragraphs of the first section print, each as a list of answers."""
    section = (tollbridge.REPOSITORY / "README.md").read_text().split("## Sixty seconds")[1]
    script = re.search(r"```sh\n(.*?)```", section, re.DOTALL)[1]
    assert script.count("http://127.0.0.1:8080") > 10
    script = script.replace("http://127.0.0.1:8080", server.url).replace("/tmp/", f"{directory}/")
    script = script.replace("\n\n", f"\necho '\n{END}'\n")
    done = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, timeout=60, check=True)
    return [paragraph.strip() for paragraph in done.stdout.split(END)]


def test_the_first_minute(server, tmp_path):
    login, token, session, silence, how, faces, logins, out = paragraphs(server, tmp_path)
    assert "HTTP/1.1 200 OK" in login and "set-cookie" not in login.lower()
    assert token == json.dumps(PANTHER, separators=(",", ":")) * 2
    assert session.endswith(json.dumps(PANTHER, separators=(",", ":"))) and f'"full_name":"{NAME}"' in session
    assert "HTTP/1.1 401" in silence and "set-cookie" not in silence.lower()
    assert json.loads(how)["via"] == "token"
    assert '"access_token"' in faces and f'"url":"{server.url}/handoff/' in faces
    assert [login["current"] for login in json.loads(logins)["logins"]].count(True) == 1
    assert len(json.loads(logins)["logins"]) == 2
    assert "HTTP/1.1 204" in out and '"code":"login_ended"' in out
