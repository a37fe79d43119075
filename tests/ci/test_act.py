"""The workflows for GitHub, end to end: act runs them, with fakes of GitHub's API and of the actions.

What is real: the workflows, the action and its scripts as `talkform init` writes them, git, the binary, and
`talkform sandbox` as the Channel. $TALKFORM names the binary, $ACT the program act.
"""

import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from fake_github import TOKEN, FakeGitHub
from world import PROJECT, STATE, Repository, users

HERE = pathlib.Path(__file__).resolve().parent
ACT = os.environ["ACT"]


def pinned_actions():
    """Each action of the workflows with the commit that it is pinned to, mapped to its stand-in."""
    found = set()
    for recipe in (HERE.parents[1] / "examples/ci").glob("*.yml"):
        found |= set(re.findall(r"uses: (actions/([a-z-]+)@[0-9a-f]{40}) # v\d", recipe.read_text()))
    return {action: HERE / "actions" / name for action, name in found}


class OnGitHub(Repository):
    """A repository that GitHub has."""

    def __init__(self, folder):
        super().__init__(folder)
        self.artifacts = folder / "artifacts"
        self.github = FakeGitHub()
        self.key = "test-access-key"

    def close(self):
        self.github.close()
        super().close()

    def open_pull(self, number, name, text):
        """Pushes a branch with one file, and the merge commit that GitHub makes for a pull request."""
        self.git("checkout", "-q", "-B", f"pull-{number}", "origin/main")
        self.write(name, text)
        head = self.commit(f"pull {number}")
        self.git("checkout", "-q", "--detach", "origin/main")
        self.git("merge", "-q", "--no-ff", "-m", f"merge {number}", head)
        self.git("push", "-q", "origin", f"{head}:refs/pull/{number}/head", f"HEAD:refs/pull/{number}/merge")
        self.git("fetch", "-q", "origin", "+refs/pull/*:refs/remotes/pull/*")
        self.github.open_pull(number, head, [name])
        return head

    def merge(self, number):
        before = self.head()
        self.git("push", "-q", "origin", f"refs/remotes/pull/{number}/merge:refs/heads/main")
        self.git("fetch", "-q", "origin")
        self.github.merge_pull(number, self.head())
        return before

    def act(self, event, workflow, payload, commit):
        """Runs a workflow at a commit; returns the exit code and the log."""
        at = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        self.git_in(at, "clone", "-q", "-b", "main", self.remote, "clone")
        self.git_in(at / "clone", "fetch", "-q", "origin", "+refs/pull/*:refs/pull/*")
        self.git_in(at / "clone", "reset", "-q", "--hard", commit)
        payload = {"repository": {"id": 100, "default_branch": "main", "full_name": "acme/users"}} | payload
        (at / "event.json").write_text(json.dumps(payload))
        environment = {
            "GITHUB_API_URL": self.github.url,
            "GITHUB_REPOSITORY": "acme/users",
            "TEST_REMOTE": f"file://{self.remote}",
            "TEST_ARTIFACTS": str(self.artifacts),
        }
        command = [ACT, event, "-W", f".github/workflows/{workflow}", "-e", at / "event.json", "--no-skip-checkout"]
        command += ["-P", "ubuntu-latest=-self-hosted", "--action-cache-path", self.folder / "cache"]
        command += ["--action-offline-mode", "--no-cache-server", "--env-file", "/dev/null", "--secret-file", "/dev/null"]
        for name, value in environment.items():
            command += ["--env", f"{name}={value}"]
        for name, value in [
            ("GITHUB_TOKEN", TOKEN),
            ("TALKFORM_ACCESS_KEY", self.key),
            ("TALKFORM_ACCESS_SECRET", "test-access-secret"),
        ]:
            command += ["-s", f"{name}={value}"]
        for action, folder in pinned_actions().items():
            command += ["--local-repository", f"{action}={folder}"]
        began = time.monotonic()
        ran = subprocess.run(
            command,
            cwd=at / "clone",
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=240,
        )
        print(f"act {event} {workflow}: exit {ran.returncode}, {time.monotonic() - began:.1f} s", flush=True)
        return ran.returncode, ran.stdout

    def plan(self, number, conclusion):
        """Runs the plan of a pull request, then the workflow that records and comments."""
        head = self.github.pulls[number]["head"]["sha"]
        pull = {"number": number, "head": {"sha": head, "ref": "x"}, "base": {"sha": self.head(), "ref": "main"}}
        merged = self.git("rev-parse", f"refs/remotes/pull/{number}/merge")
        planned = self.act("pull_request", "talkform-plan.yml", {"pull_request": pull, "number": number}, merged)
        run = {
            "id": 55,
            "event": "pull_request",
            "conclusion": conclusion,
            "head_sha": head,
            "head_branch": "x",
            "head_repository": {"id": 100},
        }
        payload = {"workflow": {"path": ".github/workflows/talkform-plan.yml"}, "workflow_run": run}
        return planned, self.act("workflow_run", "talkform-comment.yml", payload, self.head())

    def plan_queue(self, number):
        """Runs the plan of a merge queue on the commit that will be main, then the workflow that records."""
        merged = self.git("rev-parse", f"refs/remotes/pull/{number}/merge")
        group = {"head_sha": merged, "head_ref": "refs/heads/gh-readonly-queue/main/x", "base_sha": self.head()}
        planned = self.act("merge_group", "talkform-plan.yml", {"merge_group": group}, merged)
        run = {
            "id": 56,
            "event": "merge_group",
            "conclusion": "success",
            "head_sha": merged,
            "head_branch": "gh-readonly-queue/main/x",
            "head_repository": {"id": 100},
        }
        payload = {"workflow": {"path": ".github/workflows/talkform-plan.yml"}, "workflow_run": run}
        return planned, self.act("workflow_run", "talkform-comment.yml", payload, self.head())

    def push(self, before):
        return self.act("push", "talkform-apply.yml", {"ref": "refs/heads/main", "before": before}, self.head())

    def drift(self):
        return self.act("schedule", "talkform-drift.yml", {"ref": "refs/heads/main", "schedule": "23 3 * * *"}, self.head())

    def by_hand(self, **inputs):
        inputs = {"expect": "", "approve-limits": "", "allow-deletes": ""} | {
            name.replace("_", "-"): value for name, value in inputs.items()
        }
        payload = {"ref": "refs/heads/main", "inputs": inputs}
        return self.act("workflow_dispatch", "talkform-apply.yml", payload, self.head())


class Workflows(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.repository = OnGitHub(pathlib.Path(folder.name))
        self.addCleanup(self.repository.close)

    def ran(self, result, code):
        self.assertEqual(result[0] != 0, code != 0, result[1])
        self.assertNotIn(TOKEN, result[1])
        self.assertNotIn("test-access-secret", result[1])
        return result[1]

    def status(self, number):
        repository = self.repository
        found = repository.github.statuses[repository.github.pulls[number]["head"]["sha"]][-1]
        self.assertEqual(found["context"], "talkform/plan")
        return found["state"], found["description"]

    def digest_by_hand(self, log):
        found = re.search(r"-f expect=(sha256:[0-9a-f]{64})", log)
        self.assertTrue(found, log)
        return found[1]

    def test_from_pull_request_to_channel(self):
        repository = self.repository
        # A reviewed plan is applied on merge, and the state goes to its own branch.
        repository.open_pull(7, "users/b.yaml", users("u-2"))
        planned, commented = repository.plan(7, "success")
        self.ran(planned, 0)
        self.ran(commented, 0)
        state, description = self.status(7)
        self.assertEqual(state, "success")
        self.assertRegex(description, r"^sha256:[0-9a-f]{64} 2 create$")
        comments = repository.github.comments[7]
        self.assertEqual(len(comments), 1)
        self.assertIn("`u-2` will be created", comments[0]["body"])
        self.assertIn(description.split()[0], comments[0]["body"])
        self.ran(repository.push(repository.merge(7)), 0)
        self.assertEqual(repository.channel_has(), ["u-1", "u-2"])
        self.assertIn('"u-2"', repository.state())
        self.assertEqual(len(comments), 2)
        self.assertIn("**Applied.**", comments[1]["body"])
        self.assertIn("2 created", comments[1]["body"])
        names = repository.git_in(repository.remote, "ls-tree", "-r", "--name-only", "talkform-state")
        self.assertEqual(names, STATE)

        # A plan over its limits is red, is not applied on merge, and is applied with an approval.
        repository.open_pull(8, "users/c.yaml", users("u-3", "u-4", "u-5", "u-6"))
        planned, commented = repository.plan(8, "failure")
        self.assertIn("exceeds limits", self.ran(planned, 1))
        self.ran(commented, 0)
        state, description = self.status(8)
        self.assertEqual(state, "failure")
        self.assertIn("exceeds limits; 4 create", description)
        log = self.ran(repository.push(repository.merge(8)), 1)
        self.assertIn("the plan exceeds limits, and nobody has approved that", log)
        self.assertEqual(repository.channel_has(), ["u-1", "u-2"])
        digest = self.digest_by_hand(log)
        self.ran(repository.by_hand(expect=digest), 1)
        self.ran(repository.by_hand(expect=digest, approve_limits=digest), 0)
        self.assertEqual(repository.channel_has(), [f"u-{n}" for n in range(1, 7)])

    def test_a_plan_that_is_no_longer_the_reviewed_one(self):
        repository = self.repository
        # Two pull requests are planned; the second is merged after the first was applied.
        for number, member in ((7, "u-2"), (8, "u-3")):
            repository.open_pull(number, f"users/{member}.yaml", users(member))
            planned, commented = repository.plan(number, "success")
            self.ran(planned, 0)
            self.ran(commented, 0)
        self.ran(repository.push(repository.merge(7)), 0)
        before = repository.head()
        repository.git("checkout", "-q", "--detach", "origin/main")
        repository.git("merge", "-q", "--no-ff", "-m", "merge 8", repository.github.pulls[8]["head"]["sha"])
        repository.git("push", "-q", "origin", "HEAD:main")
        repository.github.merge_pull(8, repository.head())
        log = self.ran(repository.push(before), 1)
        self.assertIn("the plan is not the reviewed one", log)
        # The log names who would be changed.
        self.assertIn("`u-3` will be created", log)
        self.assertEqual(repository.channel_has(), ["u-1", "u-2"])
        # By hand: first only shown, then applied.
        digest = self.digest_by_hand(log)
        shown = self.ran(repository.by_hand(), 0)
        self.assertEqual(self.digest_by_hand(shown), digest)
        self.assertEqual(repository.channel_has(), ["u-1", "u-2"])
        self.ran(repository.by_hand(expect=digest), 0)
        self.assertEqual(repository.channel_has(), ["u-1", "u-2", "u-3"])

    def test_a_nightly_comparison_keeps_one_issue(self):
        repository = self.repository
        digest = self.digest_by_hand(self.ran(repository.by_hand(), 0))
        self.ran(repository.by_hand(expect=digest), 0)
        self.ran(repository.drift(), 0)
        self.assertEqual(repository.github.issues, [])
        repository.change_on_channel("u-1", "gold")
        self.ran(repository.drift(), 0)
        (issue,) = repository.github.issues
        self.assertIn("u-1", issue["body"])
        repository.change_on_channel("u-1", "free")
        self.ran(repository.drift(), 0)
        self.assertEqual(issue["state"], "closed")

    def test_a_merge_queue(self):
        repository = self.repository
        repository.open_pull(7, "users/b.yaml", users("u-2"))
        planned, recorded = repository.plan_queue(7)
        self.ran(planned, 0)
        self.ran(recorded, 0)
        self.assertEqual(repository.github.comments[7], [])
        self.ran(repository.push(repository.merge(7)), 0)
        self.assertEqual(repository.channel_has(), ["u-1", "u-2"])

    def test_the_action_at_the_top_of_its_own_repository(self):
        repository = self.repository
        top = HERE.parents[1]
        inside = repository.work / "talkform"
        (inside / "examples").mkdir(parents=True)
        shutil.copytree(repository.work / "ci", inside / "examples/ci")
        shutil.copyfile(top / "action.yml", inside / "action.yml")
        workflow = repository.work / ".github/workflows/talkform-apply.yml"
        workflow.write_text(workflow.read_text().replace("uses: ./ci", "uses: ./talkform"))
        shutil.rmtree(repository.work / "ci")
        repository.commit("the published action")
        repository.git("push", "-q", "origin", "HEAD:main")
        digest = self.digest_by_hand(self.ran(repository.by_hand(), 0))
        self.ran(repository.by_hand(expect=digest), 0)
        self.assertEqual(repository.channel_has(), ["u-1"])

    def change_base_url(self, url):
        """Pushes another base URL to main, past every pull request."""
        repository = self.repository
        repository.git("checkout", "-q", "-B", "main", "origin/main")
        repository.write("talkform.yaml", PROJECT.format(url=url))
        repository.commit("another base URL")
        repository.git("push", "-q", "origin", "main")
        repository.git("fetch", "-q", "origin")

    def merge_again(self, number):
        """Merges a pull request into the main of now; returns where main was."""
        repository = self.repository
        before = repository.head()
        repository.git("checkout", "-q", "--detach", "origin/main")
        head = repository.github.pulls[number]["head"]["sha"]
        repository.git("merge", "-q", "--no-ff", "-m", f"merge {number}", head)
        repository.git("push", "-q", "origin", "HEAD:main")
        repository.git("fetch", "-q", "origin")
        repository.github.merge_pull(number, repository.head())
        return before

    def test_another_base_url_after_the_review_gets_nothing(self):
        repository = self.repository
        with Listener() as other:
            # Before the first apply nothing but the digest tells the destinations apart.
            repository.open_pull(7, "users/b.yaml", users("u-2"))
            planned, commented = repository.plan(7, "success")
            self.ran(planned, 0)
            self.ran(commented, 0)
            self.change_base_url(other.url)
            log = self.ran(repository.push(self.merge_again(7)), 1)
            self.assertIn("the plan is not the reviewed one", log)
            self.assertIn(f"Destination: channel sandbox at {other.url}", log)
            self.assertEqual(repository.channel_has(), [])
            # With a state, the plan itself refuses.
            self.change_base_url(repository.url)
            digest = self.digest_by_hand(self.ran(repository.by_hand(), 0))
            self.ran(repository.by_hand(expect=digest), 0)
            self.assertEqual(repository.channel_has(), ["u-1", "u-2"])
            repository.open_pull(8, "users/c.yaml", users("u-3"))
            planned, commented = repository.plan(8, "success")
            self.ran(planned, 0)
            self.ran(commented, 0)
            self.change_base_url(other.url)
            log = self.ran(repository.push(self.merge_again(8)), 1)
            self.assertIn("describes another destination than the project", log)
            self.assertEqual(repository.channel_has(), ["u-1", "u-2"])
            self.assertEqual(other.connections, 0)

    def test_changed_settings_are_named_before_the_merge(self):
        repository = self.repository
        changed = PROJECT.format(url=repository.url).replace("create: 3", "create: 300")
        repository.open_pull(7, "talkform.yaml", changed)
        planned, commented = repository.plan(7, "success")
        self.ran(planned, 0)
        self.ran(commented, 0)
        state, description = self.status(7)
        self.assertEqual(state, "success")
        self.assertIn("changes settings", description)
        self.assertIn("> - limits.create: `3` -> `300`", repository.github.comments[7][0]["body"])


class Listener:
    """A port that counts who connects."""

    def __enter__(self):
        self.connections = 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            connection.close()

    def __exit__(self, *_):
        self.socket.close()


if __name__ == "__main__":
    unittest.main()
