"""The workflows for GitHub, end to end: act runs them, with fakes of GitHub's API and of the actions.

What is real: the workflows and scripts as `talkform init` writes them, git, the binary, and `talkform sandbox`
as the Channel. $TALKFORM names the binary, $ACT the program act.
"""

import hashlib
import json
import os
import pathlib
import re
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from fake_github import TOKEN, FakeGitHub

HERE = pathlib.Path(__file__).resolve().parent
TALKFORM = os.environ["TALKFORM"]
ACT = os.environ["ACT"]
STATE = "talkform.state.json"
PROJECT = """apiVersion: talkform/v1
kind: Project
manifests: ["users/**/*.yaml"]
channel: {{ baseUrl: "{url}", id: sandbox }}
limits: {{ create: 3 }}
"""


def users(*ids):
    lines = "".join(f'  - {{ memberId: "{member}", profile: {{ plan: free }} }}\n' for member in ids)
    return f"apiVersion: talkform/v1\nkind: UserList\nusers:\n{lines}"


def pinned_actions():
    """Each action of the workflows with the commit that it is pinned to, mapped to its stand-in."""
    found = set()
    for workflow in (HERE.parents[1] / "examples/ci").glob("github-*.yml"):
        found |= set(re.findall(r"uses: (actions/([a-z-]+)@[0-9a-f]{40}) # v\d", workflow.read_text()))
    return {action: HERE / "actions" / name for action, name in found}


class Repository:
    """A bare remote, a clone to work in, the fake GitHub and the Channel."""

    def __init__(self, folder):
        self.folder = folder
        self.remote = folder / "remote"
        self.work = folder / "work"
        self.artifacts = folder / "artifacts"
        self.github = FakeGitHub()
        self.key = "test-access-key"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            listen = "127.0.0.1:%d" % free.getsockname()[1]
        self.channel_users = folder / "channel-users.json"
        self.channel = subprocess.Popen(
            [TALKFORM, "sandbox", "--listen", listen, "--users", self.channel_users],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.git_in(folder, "-c", "init.defaultBranch=main", "init", "-q", "--bare", "remote")
        self.git_in(folder, "-c", "init.defaultBranch=main", "clone", "-q", self.remote, "work")
        subprocess.run([TALKFORM, "init", self.work], check=True, capture_output=True)
        self.url = f"http://{listen}"
        self.write("talkform.yaml", PROJECT.format(url=self.url))
        (self.work / "users/example.yaml").unlink()
        self.write("users/a.yaml", users("u-1"))
        install = (self.work / "ci/install.sh").read_text()
        digest = hashlib.sha256(pathlib.Path(TALKFORM).read_bytes()).hexdigest()
        install = re.sub(r"(?m)^url=$", f"url=file://{TALKFORM}", install)
        install = re.sub(r"(?m)^sha256=$", f"sha256={digest}", install)
        self.write("ci/install.sh", install)
        self.commit("project")
        self.git("push", "-q", "origin", "HEAD:main")

    def close(self):
        self.github.close()
        self.channel.terminate()
        self.channel.wait()

    def git_in(self, folder, *arguments):
        git = ["git", "-c", "user.name=t", "-c", "user.email=t@localhost", *arguments]
        return subprocess.run(git, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()

    def git(self, *arguments):
        return self.git_in(self.work, *arguments)

    def write(self, name, text):
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def commit(self, title):
        self.git("add", ".")
        self.git("commit", "-q", "-m", title)
        return self.git("rev-parse", "HEAD")

    def head(self, branch="main"):
        return self.git_in(self.remote, "rev-parse", branch)

    def state(self):
        return self.git_in(self.remote, "show", f"talkform-state:{STATE}")

    def channel_has(self):
        text = self.channel_users.read_text() if self.channel_users.exists() else ""
        return sorted(set(re.findall(r"u-\d+", text)))

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

    def push(self, before):
        return self.act("push", "talkform-apply.yml", {"ref": "refs/heads/main", "before": before}, self.head())

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
        self.repository = Repository(pathlib.Path(folder.name))
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
        self.assertIn("+ u-2", comments[0]["body"])
        self.assertIn(description.split()[0], comments[0]["body"])
        self.ran(repository.push(repository.merge(7)), 0)
        self.assertEqual(repository.channel_has(), ["u-1", "u-2"])
        self.assertIn('"u-2"', repository.state())
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
        self.assertIn("+ u-3", log)
        self.assertEqual(repository.channel_has(), ["u-1", "u-2"])
        # By hand: first only shown, then applied.
        digest = self.digest_by_hand(log)
        shown = self.ran(repository.by_hand(), 0)
        self.assertEqual(self.digest_by_hand(shown), digest)
        self.assertEqual(repository.channel_has(), ["u-1", "u-2"])
        self.ran(repository.by_hand(expect=digest), 0)
        self.assertEqual(repository.channel_has(), ["u-1", "u-2", "u-3"])

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
