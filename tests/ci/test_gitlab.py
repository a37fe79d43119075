"""The jobs for GitLab, run as its runner does: each script in one shell, with its variables, in a clone.

Needs ruamel.yaml, which check-jsonschema brings. What is real: the jobs as `talkform init` writes them, git, the
binary, and `talkform sandbox` as the Channel. GitLab's API is a fake on loopback.
"""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest
import urllib.parse

import ruamel.yaml

from fake_api import FakeApi
from world import Repository, users

TOKEN = "note-token-of-test"


class FakeGitLab(FakeApi):
    """Notes of merge request 7 of project 1. The owner of the token has the id 5."""

    def __init__(self):
        self.notes = []
        self.told = []
        super().__init__()

    def add(self, author, body):
        self.notes.append({"id": 100 + len(self.notes), "author": {"id": author}, "body": body})

    def respond(self, method, path, headers, body):
        url = urllib.parse.urlsplit(path)
        if url.path == "/hook/of-a-secret":
            self.told.append(json.loads(body))
            return 200, {}
        if headers.get("private-token") != TOKEN:
            return 401, {}
        query = urllib.parse.parse_qs(url.query)
        notes = "/projects/1/merge_requests/7/notes"
        if url.path == "/user":
            return 200, {"id": 5}
        if url.path == notes and method == "GET":
            page, size = (int(query[name][0]) for name in ("page", "per_page"))
            return 200, self.notes[(page - 1) * size : page * size]
        text = urllib.parse.parse_qs(body)["body"][0]
        if url.path == notes and method == "POST":
            self.add(5, text)
            return 201, {}
        for note in self.notes:
            if url.path == f"{notes}/{note['id']}" and method == "PUT" and note["author"]["id"] == 5:
                note["body"] = text
                return 200, {}
        return 404, {}


class Jobs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.repository = Repository(pathlib.Path(folder.name))
        self.addCleanup(self.repository.close)
        self.gitlab = FakeGitLab()
        self.addCleanup(self.gitlab.close)
        self.jobs = ruamel.yaml.YAML(typ="safe").load(self.repository.work / "ci/gitlab.yml")
        included = ruamel.yaml.YAML(typ="safe").load(self.repository.work / ".gitlab-ci.yml")
        self.assertEqual(included["include"], [{"local": "ci/gitlab.yml"}])
        stages = {job.get("stage") for job in self.jobs.values()} - {None}
        self.assertLessEqual(stages, set(included["stages"]))
        self.checkout = self.repository.work
        self.secrets = {"TALKFORM_ACCESS_KEY": "test-access-key", "TALKFORM_ACCESS_SECRET": "test-access-secret"}

    def job(self, name):
        """A job with what it extends merged into it."""
        job = dict(self.jobs[name])
        base = job.pop("extends", None)
        if base is None:
            return job
        inherited = self.job(base)
        variables = inherited.get("variables", {}) | job.get("variables", {})
        return inherited | job | {"variables": variables}

    def run_job(self, name, code=0, **more):
        job = self.job(name)
        given = {
            "CI_COMMIT_SHA": self.repository.git("rev-parse", "HEAD"),
            "CI_JOB_URL": "https://gitlab.example/job/1",
            "CI_MERGE_REQUEST_DIFF_BASE_SHA": self.repository.head(),
            "CI_API_V4_URL": self.gitlab.url,
            "CI_PROJECT_ID": "1",
            "CI_MERGE_REQUEST_IID": "7",
            "CI_PROJECT_URL": "https://gitlab.example/acme/users",
        } | more
        variables = {key: str(value) for key, value in job["variables"].items()}
        for key, value in variables.items():
            if value.startswith("$"):
                variables[key] = given.get(value[1:], "")
        # The push goes to the bare repository of the test.
        variables["TALKFORM_STATE_REMOTE"] = "origin"
        ran = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", "\n".join(job["script"])],
            cwd=self.checkout,
            env={"PATH": os.environ["PATH"], "HOME": str(self.repository.folder)} | variables | given,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        self.assertEqual(ran.returncode, code, ran.stdout)
        for secret in (TOKEN, *self.secrets.values(), "of-a-secret"):
            self.assertNotIn(secret, ran.stdout)
        for path in [*job.get("artifacts", {}).get("paths", []), *job.get("artifacts", {}).get("reports", {}).values()]:
            if code == 0:
                self.assertTrue((self.checkout / path).exists(), path)
        return ran.stdout

    def read(self, name):
        return (self.checkout / name).read_text()

    def test_only_the_jobs_of_an_environment_need_secrets(self):
        text = {name: json.dumps(self.job(name)) for name in self.jobs if not name.startswith(".")}
        self.assertEqual(set(text), {"plan", "limits", "note", "decide", "apply", "drift"})
        for name, job in text.items():
            uses_secret = any(word in job for word in ("TOKEN", "WEBHOOK", "talkform apply", "talkform drift"))
            self.assertEqual("environment" in self.job(name), uses_secret, name)
            self.assertNotIn("cargo", job)

    def test_from_merge_request_to_channel(self):
        self.repository.git("checkout", "-q", "-b", "change")
        self.repository.write("users/b.yaml", users("u-2"))
        self.repository.commit("change")
        # Without an environment there are no secrets.
        self.run_job("plan")
        self.assertEqual(json.loads(self.read("plan.json")), {"create": 2, "update": 0, "delete": 0})
        self.assertEqual(json.loads(self.read("codequality.json")), [])
        self.run_job("limits")
        self.assertIn("no TALKFORM_NOTE_TOKEN", self.run_job("note"))
        # The note is edited, however many there are, and one of somebody else is not.
        self.gitlab.add(9, self.read("plan.md"))
        for number in range(120):
            self.gitlab.add(9, f"note {number}")
        self.run_job("note", TALKFORM_NOTE_TOKEN=TOKEN)
        self.run_job("note", TALKFORM_NOTE_TOKEN=TOKEN)
        ours = [note["body"] for note in self.gitlab.notes if note["author"]["id"] == 5]
        self.assertEqual(len(ours), 1)
        self.assertIn("`u-2` will be created", ours[0])
        self.assertIn("(https://gitlab.example/acme/users/-/blob/", ours[0])
        self.assertIn("https://gitlab.example/job/1", ours[0])

        self.run_job("decide")
        outcome = self.read("outcome")
        self.run_job("apply", TALKFORM_PUSH_TOKEN="push-token-of-test", **self.secrets)
        self.assertEqual(self.repository.channel_has(), ["u-1", "u-2"])
        self.assertIn('"u-2"', self.repository.state())
        # What was read is what runs, and it runs once.
        self.repository.write("users/b.yaml", users("u-2", "u-3"))
        (self.checkout / "outcome").write_text(outcome)
        self.run_job("apply", code=1, TALKFORM_PUSH_TOKEN="push-token-of-test", **self.secrets)
        self.assertEqual(self.repository.channel_has(), ["u-1", "u-2"])

        self.run_job("drift", **self.secrets)
        self.assertEqual(self.gitlab.told, [])
        self.repository.change_on_channel("u-1", "gold")
        self.run_job("drift", code=2, TALKFORM_WEBHOOK=f"{self.gitlab.url}/hook/of-a-secret", **self.secrets)
        self.assertEqual(len(self.gitlab.told), 1)
        self.assertIn("https://gitlab.example/job/1", self.gitlab.told[0]["text"])

    def test_a_plan_over_its_limits_is_orange(self):
        self.repository.write("users/b.yaml", users("u-2", "u-3", "u-4", "u-5"))
        self.run_job("plan")
        self.run_job("limits", code=1)
        self.assertTrue(self.job("limits")["allow_failure"])

    def test_what_is_wrong_shows_at_its_line(self):
        self.repository.write("users/b.yaml", "apiVersion: talkform/v1\nkind: User\nmemberId: 12\n")
        self.run_job("plan", code=1)
        (found,) = json.loads(self.read("codequality.json"))
        self.assertEqual(found["location"], {"path": "users/b.yaml", "lines": {"begin": 3}})
        self.assertEqual(found["severity"], "major")
        self.assertEqual(len(found["fingerprint"]), 64)
        # Below the top of the repository, too.
        (self.repository.work / "crm").mkdir()
        self.repository.git("mv", "talkform.yaml", "users", "crm/")
        self.repository.write("crm/users/b.yaml", "apiVersion: talkform/v1\nkind: User\nmemberId: 12\n")
        self.run_job("plan", code=1, TALKFORM_DIRECTORY="crm")
        (found,) = json.loads(self.read("codequality.json"))
        self.assertEqual(found["location"]["path"], "crm/users/b.yaml")


if __name__ == "__main__":
    unittest.main()
