"""A lost response never duplicates a reply: a bot in Python, tested against the sandbox.

    cargo install --path carrot-testing --features server
    python3 -m unittest discover --start-directory examples/python

Only the standard library is used. `carrot-sandbox` has to be in the PATH.
"""

import http.client
import json
import os
import subprocess
import unittest
import urllib.error
import urllib.parse
import urllib.request

# A proxy of this machine has nothing to do with a sandbox on it.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Sandbox:
    """The program for one test: its address, its token, and its control path."""

    def __enter__(self):
        program = os.environ.get("CARROT_SANDBOX", "carrot-sandbox")
        self.process = subprocess.Popen([program], stdout=subprocess.PIPE, text=True)
        self.url = self.line("Sandbox: ")
        self.token = self.line("Token: ")
        return self

    def line(self, start):
        line = self.process.stdout.readline().rstrip("\n")
        if not line.startswith(start):
            raise RuntimeError(f"carrot-sandbox printed {line!r}")
        return line.removeprefix(start)

    def __exit__(self, *_):
        self.process.terminate()
        self.process.stdout.close()
        self.code = self.process.wait(timeout=20)

    def control(self, method, path, body=None):
        request = urllib.request.Request(
            f"{self.url}/_sandbox/{path}",
            data=None if body is None else body.encode(),
            headers={"Authorization": f"Token {self.token}"},
            method=method,
        )
        with OPENER.open(request, timeout=10) as response:
            return json.load(response)


class Bot:
    """The code under test."""

    def __init__(self, url, token):
        self.url = url
        self.headers = {"Authorization": f"Token {token}"}

    def get(self, path):
        request = urllib.request.Request(self.url + path, headers=self.headers)
        with OPENER.open(request, timeout=10) as response:
            return json.load(response)["data"]

    def post(self, path, **parameters):
        form = urllib.parse.urlencode(parameters).encode()
        request = urllib.request.Request(self.url + path, data=form, headers=self.headers)
        with OPENER.open(request, timeout=10) as response:
            return json.load(response)["data"]

    def ask(self, user, text):
        """Starts a conversation of a user of our own system, and returns its id."""
        return self.post(f"/v2/users/{user}/startconversation", by_user_id="true", body=text)["id"]

    def reply(self, conversation, text, random_id):
        """Replies once, whatever happens to the response."""
        try:
            self.post(f"/v2/conversations/{conversation}/reply", body=text, type="reply_admin", random_id=random_id)
        except urllib.error.HTTPError:
            # The service said no: it did nothing.
            raise
        except (http.client.HTTPException, OSError):
            # Nobody knows whether it is there. Only the conversation tells.
            parts = self.get(f"/v2/conversations/{conversation}/parts")
            if all(part.get("random_id") != random_id for part in parts):
                raise


class Reply(unittest.TestCase):
    def test_lost_response_never_duplicates_the_reply(self):
        with Sandbox() as sandbox:
            bot = Bot(sandbox.url, sandbox.token)
            conversation = bot.ask("order-42", "Where is it?")
            sandbox.control("POST", "faults", "lost-response on=conversations.reply")

            bot.reply(conversation, "On its way", random_id=77)

            bodies = [part["body"] for part in bot.get(f"/v2/conversations/{conversation}/parts")]
            self.assertEqual(sorted(bodies), ["On its way", "Where is it?"])
            (fault,) = sandbox.control("GET", "faults")
            self.assertEqual(fault["used"], 1)
            replies = [one for one in sandbox.control("GET", "requests") if one["path"].endswith("/reply")]
            self.assertEqual(len(replies), 1)
        self.assertEqual(sandbox.code, 0)

    def test_reply_that_did_not_arrive_is_an_error(self):
        with Sandbox() as sandbox:
            bot = Bot(sandbox.url, sandbox.token)
            conversation = bot.ask("order-42", "Where is it?")
            sandbox.control("POST", "faults", "cut on=conversations.reply")
            with self.assertRaises((http.client.HTTPException, OSError)):
                bot.reply(conversation, "On its way", random_id=77)
            self.assertEqual(len(bot.get(f"/v2/conversations/{conversation}/parts")), 1)

    def test_fault_that_is_not_used_is_told(self):
        with Sandbox() as sandbox:
            sandbox.control("POST", "faults", "status=503 on=users.get")
        self.assertEqual(sandbox.code, 1)


if __name__ == "__main__":
    unittest.main()
