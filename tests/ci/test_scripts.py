"""Attacks on the scripts of the recipes, run against a fake of GitHub's API."""

import contextlib
import hashlib
import http.server
import json
import os
import pathlib
import platform
import re
import signal
import subprocess
import tempfile
import threading
import unittest

from fake_github import BOT, TOKEN, FakeGitHub, status

RECIPES = pathlib.Path(__file__).resolve().parents[2] / "examples/ci"
DIGEST = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64
HEAD = "1" * 40
CONTEXT = "talkform/plan"
PLAN = "<!-- talkform plan -->\n### talkform plan\n\n**Plan: 2 to create.**\n"


def outcome(digest=DIGEST, **changed):
    values = {
        "changes": "true",
        "create": "2",
        "update": "0",
        "move": "0",
        "forget": "0",
        "delete": "0",
        "deletions": "0",
        "limits-exceeded": "false",
        "digest": digest,
    } | {name.replace("_", "-"): value for name, value in changed.items()}
    return "".join(f"{name}={value}\n" for name, value in values.items())


class Script(unittest.TestCase):
    script = ""

    def setUp(self):
        self.github = FakeGitHub()
        self.addCleanup(self.github.close)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.output = self.folder / "github-output"
        self.summary = self.folder / "summary"

    def run_script(self, *arguments, cwd=None, **environment):
        ran = subprocess.run(
            ["bash", RECIPES / self.script, *arguments],
            cwd=cwd or self.folder,
            env={
                "PATH": os.environ["PATH"],
                "GITHUB_API_URL": self.github.url,
                "GITHUB_SERVER_URL": "https://github.example",
                "GITHUB_REPOSITORY": "acme/users",
                "GITHUB_OUTPUT": str(self.output),
                "GITHUB_STEP_SUMMARY": str(self.summary),
                "RUNNER_TEMP": str(self.folder),
                "TOKEN": TOKEN,
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=60,
        )
        self.said = ran.stdout + ran.stderr
        self.assertNotIn(TOKEN, self.said)
        return ran.returncode


class Comment(Script):
    script = "github-comment.sh"

    def setUp(self):
        super().setUp()
        self.artifact = self.folder / "plan"
        self.artifact.mkdir()
        self.write("number", "7\n")
        self.write("outcome", outcome())
        self.write("plan.md", PLAN)
        self.github.open_pull(7, HEAD, ["users/a.yaml"])

    def write(self, name, text):
        (self.artifact / name).write_text(text)

    def comment(self, code=0, **environment):
        defaults = {
            "RUN_EVENT": "pull_request",
            "RUN_ID": "55",
            "REPOSITORY_ID": "100",
            "HEAD_REPOSITORY_ID": "100",
            "HEAD_SHA": HEAD,
        }
        self.assertEqual(self.run_script(self.artifact, **(defaults | environment)), code, self.said)

    def recorded(self):
        return [(found["state"], found["description"]) for found in self.github.statuses.get(HEAD, [])]

    def nothing(self, why):
        self.assertIn(why, self.said)
        self.assertEqual(self.github.writes(), [])

    def test_a_plan_is_recorded_and_shown(self):
        self.comment()
        self.assertEqual(self.recorded(), [("success", f"{DIGEST} 2 create")])
        found = self.github.statuses[HEAD][0]
        self.assertEqual(found["context"], CONTEXT)
        self.assertEqual(found["target_url"], "https://github.example/acme/users/actions/runs/55")
        self.assertEqual(
            [comment["body"] for comment in self.github.comments[7]],
            [
                "<!-- talkform plan -->\n### talkform plan\n\n"
                f"Commit [`1111111`](https://github.example/acme/users/commit/{HEAD}), as reported by "
                "[this run](https://github.example/acme/users/actions/runs/55).\n\n"
                "**Plan: 2 to create.**\n"
            ],
        )
        self.assertNotIn("The merge does not apply", self.github.comments[7][0]["body"])

    def test_a_title_that_says_more_than_names_comes_after_the_run(self):
        good = ["### talkform plan for `prod`: channel `6263`", "### talkform plan: channel `6263`"]
        bad = ["### talkform plan, approved by security", "### talkform plan for `prod` [x](https://e.example)", "# talkform"]
        for title, first in [(title, True) for title in good] + [(title, False) for title in bad]:
            self.write("plan.md", f"<!-- talkform plan -->\n{title}\n\n**Plan: 2 to create.**\n")
            self.comment()
            lines = self.github.comments[7][0]["body"].split("\n")
            self.assertEqual(lines[1] == title, first, lines)
            self.assertEqual(lines[1].startswith("Commit ["), not first, lines)
            self.assertEqual(lines.count(title), 1, lines)

    def test_the_second_push_edits_the_first_comment(self):
        # A stranger's comment with our marker is neither edited nor believed; ours is past the first page.
        self.github.add_comment(7, "stranger", PLAN.replace("2 to", "0 to"))
        for number in range(120):
            self.github.add_comment(7, "someone", f"comment {number}")
        self.comment()
        self.write("plan.md", PLAN.replace("2 to", "3 to"))
        self.comment()
        bodies = [comment["body"] for comment in self.github.comments[7]]
        self.assertEqual(len(bodies), 122)
        self.assertIn("0 to create", bodies[0])
        self.assertIn("3 to create", bodies[-1])

    def test_over_the_limits_is_red(self):
        self.write("outcome", outcome(limits_exceeded="true"))
        self.comment()
        self.assertEqual(self.recorded(), [("failure", f"{DIGEST} exceeds limits; 2 create")])
        agree = f"gh workflow run talkform-apply.yml \\\n  -f expect={DIGEST} \\\n  -f approve-limits={DIGEST}\n```\n"
        self.assertIn(agree, self.github.comments[7][0]["body"])

    def test_deletions_are_red(self):
        self.write("outcome", outcome(delete="1", deletions="1"))
        self.comment()
        self.assertEqual(self.recorded(), [("failure", f"{DIGEST} deletes users; 2 create, 1 delete")])
        agree = f"gh workflow run talkform-apply.yml \\\n  -f expect={DIGEST} \\\n  -f allow-deletes=1\n```\n"
        self.assertIn(agree, self.github.comments[7][0]["body"])

    def test_numbers_that_are_missing_are_not_green(self):
        for missing in ("limits-exceeded", "deletions"):
            lines = outcome().splitlines(keepends=True)
            self.write("outcome", "".join(line for line in lines if not line.startswith(missing)))
            self.comment()
            self.assertEqual(self.recorded()[-1][0], "failure", missing)

    def test_no_plan_replaces_the_comment(self):
        self.comment()
        (self.artifact / "outcome").unlink()
        (self.artifact / "plan.md").unlink()
        self.comment()
        self.assertEqual(self.recorded()[-1], ("error", "no plan; the log of the run says why"))
        self.assertEqual(len(self.github.comments[7]), 1)
        self.assertIn("no plan; the log", self.github.comments[7][0]["body"])

    def test_a_pull_request_that_changes_the_recipes_records_no_digest(self):
        for count, *files in (
            (2, "users/a.yaml", ".github/workflows/talkform-plan.yml"),
            (1, "ci/install.sh"),
            (120, *["users/a.yaml"] * 119, "ci/install.sh"),
            (3001, "users/a.yaml"),
        ):
            self.github.open_pull(7, HEAD, files)
            self.github.pulls[7]["changed_files"] = count
            self.comment()
            self.assertEqual(self.recorded()[-1], ("error", "changes the recipes: review it, then apply by hand"))
            self.assertIn("may be made up", self.github.comments[7][0]["body"])

    def test_the_number_of_another_pull_request(self):
        self.github.open_pull(8, "2" * 40, ["users/a.yaml"])
        self.write("number", "8\n")
        self.comment()
        self.nothing("is another one")

    def test_the_same_commit_in_another_repository(self):
        self.comment(HEAD_REPOSITORY_ID="666")
        self.nothing("is another one")

    def test_a_pull_request_that_moved_on(self):
        self.github.open_pull(7, "2" * 40, ["users/a.yaml"])
        self.comment()
        self.nothing("has moved on")

    def test_a_number_that_is_none(self):
        for number in ("", "0", "-1", "07", "7 8", "7/../8", "$(id)", "7\n8", "9" * 13, "404"):
            self.write("number", number)
            self.comment()
            self.nothing("nothing is recorded")

    def test_a_merge_queue_of_another_repository(self):
        self.comment(RUN_EVENT="merge_group", HEAD_REPOSITORY_ID="666")
        self.nothing("another repository")

    def test_a_merge_queue_has_a_status_and_no_comment(self):
        self.write("number", "0\n")
        self.comment(RUN_EVENT="merge_group")
        self.assertEqual(self.recorded(), [("success", f"{DIGEST} 2 create")])
        self.assertEqual(self.github.comments[7], [])

    def test_symlinks_in_the_artifact(self):
        secret = self.folder / "secret"
        for name, content, said in (
            ("number", "7\n", "the artifact has no number"),
            ("outcome", outcome(), "no plan; the log of the run says why"),
            ("plan.md", PLAN, "no plan.md of a size"),
        ):
            with self.subTest(name):
                secret.write_text(content)
                (self.artifact / name).unlink()
                (self.artifact / name).symlink_to(secret)
                self.comment()
                self.assertIn(said, self.said)
                (self.artifact / name).unlink()
                self.write(name, content)
        self.assertEqual([state for state, _ in self.recorded()], ["error", "success"])
        self.assertNotIn("2 to create", "".join(found["body"] for found in self.github.comments[7]))

    def test_a_folder_or_a_large_file_is_no_text(self):
        (self.artifact / "plan.md").unlink()
        (self.artifact / "plan.md").mkdir()
        self.comment()
        self.assertIn("no plan.md of a size", self.said)
        (self.artifact / "plan.md").rmdir()
        self.write("plan.md", PLAN + "x" * 64000)
        self.comment()
        self.assertIn("no plan.md of a size", self.said)
        self.assertEqual(self.github.comments[7], [])

    def test_a_second_marker(self):
        for text in (PLAN + PLAN, PLAN + "<!--talkform plan production -->\n", PLAN + "<!-- Talkform drift -->"):
            self.write("plan.md", text)
            self.comment()
            self.assertIn("second marker", self.said)
        self.write("plan.md", "hello\n" + PLAN)
        self.comment()
        self.assertIn("does not begin with its marker", self.said)
        self.assertEqual(self.github.comments[7], [])

    def test_nobody_is_mentioned_and_nothing_is_evaluated(self):
        text = "@acme/admins `id` $(id) \\n %0A::error::x <script>\n"
        self.write("plan.md", PLAN + text)
        self.comment()
        body = self.github.comments[7][0]["body"]
        self.assertNotIn("@acme", body)
        self.assertIn(text.replace("@", "@\u2060"), body)

    def test_a_digest_that_is_none(self):
        for digest in ("sha256:" + "a" * 63, "sha256:" + "A" * 64, f"{DIGEST} {OTHER}", "$(id)", ""):
            self.write("outcome", outcome(digest=digest))
            self.comment()
            self.assertEqual(self.recorded()[-1][0], "error", digest)

    def test_environments_have_statuses_and_comments_of_their_own(self):
        self.comment()
        self.write("plan.md", PLAN.replace("plan -->", "plan staging -->"))
        self.comment(NAME="staging")
        contexts = [found["context"] for found in self.github.statuses[HEAD]]
        self.assertEqual(contexts, [CONTEXT, f"{CONTEXT}/staging"])
        self.assertEqual(len(self.github.comments[7]), 2)

    def test_a_wrong_token_fails_loudly(self):
        self.comment(TOKEN="wrong")
        self.nothing("no pull request of that number")


class Decide(Script):
    script = "github-decide.sh"

    def setUp(self):
        super().setUp()
        self.clone = self.folder / "clone"
        self.clone.mkdir()
        self.git("init", "-q")
        self.before = self.commit("users/a.yaml", "one")
        self.after = self.commit("users/a.yaml", "two")
        self.github.open_pull(7, HEAD, ["users/a.yaml"])
        self.github.merge_pull(7, self.after)
        self.outcome = outcome()

    def git(self, *arguments):
        git = ["git", "-c", "user.name=t", "-c", "user.email=t@localhost", *arguments]
        return subprocess.run(git, cwd=self.clone, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, name, text):
        path = self.clone / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        self.git("add", ".")
        self.git("commit", "-q", "-m", name)
        return self.git("rev-parse", "HEAD")

    def decide(self, code, **environment):
        file = self.folder / "outcome"
        file.write_text(self.outcome)
        self.output.write_text("")
        defaults = {
            "GITHUB_EVENT_NAME": "push",
            "GITHUB_SHA": self.after,
            "DEFAULT_BRANCH": "main",
            "BEFORE": self.before,
            "EXPECT": "",
            "APPROVE_LIMITS": "",
            "ALLOW_DELETES": "",
        }
        self.assertEqual(self.run_script(file, cwd=self.clone, **(defaults | environment)), code, self.said)

    def record(self, description, commit=HEAD, context=CONTEXT, state="success", creator=BOT):
        self.github.statuses.setdefault(commit, []).append(status(context, state, description, creator))

    def applies(self, **environment):
        self.decide(0, **environment)
        self.assertEqual(self.output.read_text(), f"apply=true\ndigest={DIGEST}\n")

    def refuses(self, why, **environment):
        self.decide(1, **environment)
        self.assertIn(why, self.said)
        self.assertEqual(self.output.read_text(), "")
        self.assertIn(f"gh workflow run talkform-apply.yml -f expect={DIGEST}", self.said)
        self.assertIn(f"expect={DIGEST}", self.summary.read_text())

    def test_the_reviewed_plan_runs(self):
        self.record(f"{DIGEST} 2 create")
        self.applies()

    def test_the_plan_of_another_environment(self):
        self.record(f"{DIGEST} 2 create", context=f"{CONTEXT}/staging")
        self.refuses("no digest of a reviewed plan is recorded")
        self.applies(NAME="staging")

    def test_a_merge_queue(self):
        self.record(f"{OTHER} 1 create")
        self.record(f"{DIGEST} 2 create", commit=self.after)
        self.applies()

    def test_nothing_was_recorded(self):
        self.refuses("no digest of a reviewed plan is recorded")

    def test_another_plan_was_reviewed(self):
        self.record(f"{DIGEST} 2 create")
        self.record(f"{OTHER} 2 create")
        self.refuses(f"it has digest {DIGEST}, reviewed was {OTHER}")

    def test_the_newest_status_decides(self):
        self.record(f"{DIGEST} 2 create")
        self.record("no plan; the log of the run says why", state="error")
        self.refuses("no digest of a reviewed plan is recorded")
        self.record(f"{DIGEST} 2 create")
        self.applies()

    def test_a_strangers_comment_is_not_read(self):
        self.record(f"{OTHER} 2 create")
        for login in ("stranger", BOT["login"]):
            self.github.add_comment(7, login, f"<!-- talkform plan -->\nPlan digest: `{DIGEST}`")
        self.refuses("is not the reviewed one")
        self.assertFalse([path for _, path, _ in self.github.requests if "comments" in path])

    def test_statuses_of_others_are_not_believed(self):
        people = [
            {"login": "stranger", "type": "User", "id": 5},
            {"login": "github-actions[bot]", "type": "User", "id": 5},
            {"login": "other-app[bot]", "type": "Bot", "id": 6},
            None,
        ]
        for creator in people:
            self.record(f"{DIGEST} 2 create", creator=creator)
        for context in ("talkform/plan ", "talkform/plan/staging", "Talkform/plan", "ci"):
            self.record(f"{DIGEST} 2 create", context=context)
        self.refuses("no digest of a reviewed plan is recorded")
        # Neither do they hide ours, however many there are.
        self.record(f"{DIGEST} 2 create")
        for _ in range(150):
            self.record(f"{OTHER} 2 create", creator=people[0])
        self.applies()

    def test_a_description_that_is_not_ours(self):
        for description in (f"see {DIGEST}", f"{DIGEST}0", DIGEST.upper(), "error " + DIGEST):
            self.record(description)
            self.refuses("no digest of a reviewed plan is recorded")

    def test_a_push_without_a_pull_request(self):
        self.github.merged.clear()
        self.record(f"{DIGEST} 2 create")
        self.refuses("not the merge of exactly one pull request")

    def test_pull_requests_that_do_not_count(self):
        for change in (
            {"merged_at": None},
            {"merge_commit_sha": "3" * 40},
            {"base": {"ref": "other", "repo": {"full_name": "acme/users"}}},
            {"base": {"ref": "main", "repo": {"full_name": "stranger/users"}}},
        ):
            self.github.open_pull(7, HEAD, ["users/a.yaml"])
            self.github.merged.clear()
            self.github.merge_pull(7, self.after)
            self.github.pulls[7].update(change)
            self.record(f"{DIGEST} 2 create")
            self.refuses("not the merge of exactly one pull request")

    def test_a_push_that_changes_the_recipes(self):
        for name in (".github/workflows/x.yml", "ci/install.sh"):
            after = self.commit(name, "changed")
            self.github.merge_pull(7, after)
            self.record(f"{DIGEST} 2 create")
            self.refuses("proves nothing", GITHUB_SHA=after)

    def test_a_push_from_nowhere(self):
        self.record(f"{DIGEST} 2 create")
        for before in ("", "0" * 40, "4" * 40, "--output=x"):
            self.refuses("from which commit it went on", BEFORE=before)

    def test_no_changes(self):
        self.outcome = outcome(changes="false", create="0")
        self.decide(0)
        self.assertEqual(self.output.read_text(), "apply=false\n")

    def test_limits_need_an_approval(self):
        self.outcome = outcome(limits_exceeded="true")
        self.record(f"{DIGEST} exceeds limits; 2 create", state="failure")
        self.refuses("exceeds limits, and nobody has approved that")
        self.assertIn(f"-f approve-limits={DIGEST}", self.said)
        by_hand = {"GITHUB_EVENT_NAME": "workflow_dispatch", "EXPECT": DIGEST}
        self.refuses("nobody has approved that", **by_hand)
        self.refuses("nobody has approved that", APPROVE_LIMITS=OTHER, **by_hand)
        self.applies(APPROVE_LIMITS=DIGEST, **by_hand)
        self.applies(APPROVE_LIMITS=f"optIn=3,{DIGEST}", **by_hand)

    def test_deletions_need_an_approval(self):
        self.outcome = outcome(delete="3", deletions="3")
        self.record(f"{DIGEST} deletes users; 2 create", state="failure")
        self.refuses("deletes 3 users, and nobody has approved that")
        self.assertIn("-f allow-deletes=3", self.said)
        by_hand = {"GITHUB_EVENT_NAME": "workflow_dispatch", "EXPECT": DIGEST}
        for count in ("2", "", "02"):
            self.refuses("nobody has approved that", ALLOW_DELETES=count, **by_hand)
        for count in ("-1", "3x", "a[$(touch evil)]"):
            self.refuses("is not a number", ALLOW_DELETES=count, **by_hand)
        self.assertFalse((self.clone / "evil").exists())
        self.applies(ALLOW_DELETES="3", **by_hand)

    def test_by_hand(self):
        self.decide(0, GITHUB_EVENT_NAME="workflow_dispatch")
        self.assertEqual(self.output.read_text(), "apply=false\n")
        self.assertIn(f"gh workflow run talkform-apply.yml -f expect={DIGEST}", self.said)
        self.refuses("is not the reviewed one", GITHUB_EVENT_NAME="workflow_dispatch", EXPECT=OTHER)
        self.refuses("is not the reviewed one", GITHUB_EVENT_NAME="workflow_dispatch", EXPECT=f"{DIGEST} ")
        self.applies(GITHUB_EVENT_NAME="workflow_dispatch", EXPECT=DIGEST)


class Install(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        target = f"{platform.machine()}-unknown-linux-musl"
        self.archive = self.folder / f"v1.2.3/talkform-1.2.3-{target}.tar.gz"
        self.archive.parent.mkdir()
        inner = self.folder / f"talkform-1.2.3-{target}"
        inner.mkdir()
        (inner / "talkform").write_text("#!/bin/sh\necho installed\n")
        subprocess.run(["tar", "-czf", self.archive, "-C", self.folder, inner.name], check=True)
        self.right = hashlib.sha256(self.archive.read_bytes()).hexdigest()
        self.values = {"place": f"file://{self.folder}", "version": "1.2.3", f"sha256-{target}": self.right}
        self.target = target

    def install(self, **changed):
        values = self.values | {name.replace("sha256", f"sha256-{self.target}"): value for name, value in changed.items()}
        text = (RECIPES / "release").read_text()
        for name, value in values.items():
            text, count = re.subn(rf"(?m)^{name}=.*$", f"{name}={value}", text)
            self.assertEqual(count, 1, name)
        (self.folder / "release").write_text(text)
        (self.folder / "install.sh").write_text((RECIPES / "install.sh").read_text())
        command = ["sh", self.folder / "install.sh", self.folder / "bin"]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    def test_only_what_has_the_named_hash_is_installed(self):
        for changed, said in (
            ({"sha256": "0" * 64}, "nothing was installed"),
            ({"sha256": ""}, "no version and checksum"),
            ({"place": ""}, "no place of release is named"),
            ({"version": ""}, "no version and checksum"),
        ):
            ran = self.install(**changed)
            self.assertEqual(ran.returncode, 1, ran.stderr)
            self.assertIn(said, ran.stderr)
            self.assertFalse((self.folder / "bin/talkform").exists())
        self.assertNotEqual(self.install(version="9.9.9").returncode, 0)
        self.assertEqual(self.install().returncode, 0)
        self.assertEqual(subprocess.check_output([self.folder / "bin/talkform"], text=True), "installed\n")

    def test_the_action_is_the_same_at_the_top_of_the_repository(self):
        top = RECIPES.parents[1] / "action.yml"
        # No link: GitHub's pages do not follow one.
        self.assertFalse(top.is_symlink())
        self.assertEqual(top.read_text(), (RECIPES / "action.yml").read_text())

    def test_the_release_is_not_named_by_default(self):
        # A made-up place would be one that somebody else may take.
        text = (RECIPES / "release").read_text()
        self.assertIn("\nplace=\n", text)
        self.assertNotIn("://", text)


class Apply(unittest.TestCase):
    """The script that runs the apply, with a program in the place of talkform."""

    def start(self, program, cloud=None, **more):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        if cloud:
            (self.folder / "cloud").write_text(cloud)
        (self.folder / "talkform").write_text(f"#!/bin/bash\n{program}\n")
        (self.folder / "talkform").chmod(0o755)
        environment = {"DURATION": "50m", "DIGEST": DIGEST, "APPROVE_LIMITS": "", "ALLOW_DELETES": ""} | more
        environment |= {"GITHUB_OUTPUT": str(self.folder / "output"), "GITHUB_STEP_SUMMARY": str(self.folder / "whole")}
        child = subprocess.Popen(
            ["bash", RECIPES / "github-apply.sh", self.folder / "talkform", self.folder],
            start_new_session=True,
            env={"PATH": os.environ["PATH"]} | environment,
            stdout=subprocess.PIPE,
            text=True,
            # A job in the background of a script ignores SIGINT, and so would this one.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        self.addCleanup(self.end, child.pid)
        return child

    def end(self, group):
        """Ends what a failed test would leave."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)

    def check(self, child, code):
        said = child.communicate(timeout=60)[0]
        self.assertEqual(child.returncode, code)
        self.assertEqual((self.folder / "output").read_text(), f"code={code}\n")
        return said

    def test_the_arguments_and_the_report(self):
        program = 'echo "$@"; echo report >> "$GITHUB_STEP_SUMMARY"; exit 3'
        said = self.check(self.start(program, APPROVE_LIMITS=DIGEST, ALLOW_DELETES="2"), 3)
        expected = f"apply --auto-approve --max-duration 50m --expect {DIGEST} --approve-limits {DIGEST} --allow-deletes 2\n"
        self.assertEqual(said, expected)
        self.assertEqual((self.folder / "whole").read_text(), "report\n")
        self.assertEqual((self.folder / "summary").read_text(), "report\n")

    def test_the_identity_of_the_job(self):
        cloud = "AWS_ROLE_ARN=arn:aws:iam::1:role/apply\nAWS_WEB_IDENTITY_TOKEN_FILE=/tmp/a folder/token\n"
        said = self.check(self.start("env | grep ^AWS_ | sort", cloud=cloud), 0)
        self.assertEqual(said, cloud)

    def test_a_cancelled_job_lets_talkform_finish(self):
        program = 'trap "echo saved; exit 4" TERM; echo started; while :; do sleep 0.05; done'
        for kind in (signal.SIGINT, signal.SIGTERM):
            child = self.start(program)
            self.assertEqual(child.stdout.readline(), "started\n")
            child.send_signal(kind)
            self.assertEqual(self.check(child, 4), "saved\n")

    def test_a_job_that_is_cancelled_while_talkform_starts_ends(self):
        program = 'trap "exit 4" TERM; while :; do sleep 0.05; done'
        for kind in ("INT", "TERM"):
            with tempfile.NamedTemporaryFile("w", suffix=".sh") as early:
                # Sends the signal before the script knows its child.
                early.write(f"trap '[[ $BASH_COMMAND != \"child=\\$!\" ]] || kill -{kind} $$' DEBUG\n")
                early.flush()
                child = self.start(program, BASH_ENV=early.name)
                # talkform ends by the signal if it does not handle it yet.
                child.communicate(timeout=20)
                self.assertIn(child.returncode, (4, 143))
                self.assertEqual((self.folder / "output").read_text(), f"code={child.returncode}\n")


class Report(Script):
    script = "github-report.sh"

    def setUp(self):
        super().setUp()
        self.text = self.folder / "text"
        self.text.write_text("### talkform apply\n\n```\n@acme: done\n```\n")
        self.github.open_pull(7, HEAD, ["users/a.yaml"])
        self.github.merge_pull(7, "5" * 40)

    def report(self, code="0", **more):
        environment = {"GITHUB_SHA": "5" * 40, "GITHUB_RUN_ID": "66", "DEFAULT_BRANCH": "main"} | more
        self.assertEqual(self.run_script(code, self.text, **environment), 0, self.said)
        return [found["body"] for found in self.github.comments[7]]

    def test_the_result_is_one_comment_that_is_edited(self):
        (body,) = self.report("4")
        self.assertTrue(body.startswith("<!-- talkform apply -->\n"))
        self.assertIn("Stopped early", body)
        self.assertIn("https://github.example/acme/users/actions/runs/66", body)
        self.assertIn("5" * 40, body)
        self.assertNotIn("@acme", body)
        (body,) = self.report("0")
        self.assertIn("**Applied.**", body)
        # Another environment has another one.
        self.assertEqual(len(self.report("1", NAME="staging")), 2)

    def test_a_long_report_is_left_out(self):
        self.text.write_text("x" * 70_000)
        (body,) = self.report("0")
        self.assertIn("too long for a comment", body)

    def test_a_commit_of_no_pull_request(self):
        self.assertEqual(self.report(GITHUB_SHA="6" * 40), [])


class Issue(Script):
    script = "github-issue.sh"

    def drift(self, drift, code=0, **more):
        numbers = {"drift": drift, "changed": "1", "gone": "0", "failed": "0", "stopped": "false"} | more.pop("numbers", {})
        (self.folder / "numbers").write_text("".join(f"{name}={value}\n" for name, value in numbers.items()))
        report = self.folder / "drift.md"
        report.write_text(more.pop("marker", "<!-- talkform drift -->") + "\n### talkform drift\n\n@acme\n")
        environment = {"GITHUB_RUN_ID": "66"} | more
        self.assertEqual(self.run_script(self.folder / "numbers", report, **environment), code, self.said)

    def open_issues(self):
        return [issue for issue in self.github.issues if issue["state"] == "open"]

    def test_one_issue_is_opened_edited_and_closed(self):
        self.drift("false")
        self.assertEqual(self.github.writes(), [])
        # An issue of somebody else and a pull request are not ours.
        self.github.add_issue("stranger", "<!-- talkform drift -->\n")
        self.github.add_issue(BOT["login"], "<!-- talkform drift -->\n", pull_request={})
        self.drift("true")
        self.drift("true")
        (issue,) = [issue for issue in self.open_issues() if "Found by" in (issue["body"] or "")]
        self.assertEqual(issue["title"], "Channel differs from what was applied")
        self.assertNotIn("@acme", issue["body"])
        # Nothing is closed for a run that did not see everyone.
        self.drift("false", numbers={"failed": "1"})
        self.drift("false", numbers={"stopped": "true"})
        self.assertEqual(len(self.open_issues()), 3)
        self.drift("false")
        self.assertEqual(len(self.open_issues()), 2)
        self.assertEqual(issue["state"], "closed")
        self.assertIn("No drift any more", self.github.comments[issue["number"]][0]["body"])
        self.drift("true")
        self.assertEqual(len(self.open_issues()), 3)

    def test_environments_have_issues_of_their_own(self):
        self.drift("true")
        self.drift("true", NAME="staging", marker="<!-- talkform drift staging -->")
        titles = [issue["title"] for issue in self.open_issues()]
        self.assertEqual(titles, ["Channel differs from what was applied", "Channel differs from what was applied (staging)"])

    def test_a_webhook_is_told_and_its_address_is_not_shown(self):
        hook = f"{self.github.url}/hook/of-a-secret"
        self.drift("true", WEBHOOK=hook)
        told = [body for method, path, body in self.github.requests if path.startswith("/hook")]
        self.assertEqual(len(told), 1)
        self.assertIn("1 changed, 0 gone", json.loads(told[0])["text"])
        self.assertNotIn("of-a-secret", self.said)
        self.drift("false", WEBHOOK=hook)
        self.assertEqual(len([path for _, path, _ in self.github.requests if path.startswith("/hook")]), 1)

    def test_a_report_that_is_none(self):
        self.drift("true", code=1, marker="hello")
        self.assertEqual(self.github.writes(), [])


class Identities(http.server.BaseHTTPRequestHandler):
    """Gives the token of a job, as GitHub does."""

    asked = []

    def do_GET(self):
        self.asked.append((self.path, self.headers["Authorization"]))
        body = b'{"count":1,"value":"header.claims.signature"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class CloudLogin(Script):
    script = "cloud-login.sh"

    def setUp(self):
        super().setUp()
        Identities.asked = []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Identities)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def log_in(self, *words, **environment):
        code = self.run_script(*words, **environment)
        return code, dict(re.findall(r"^([A-Z_]+)=(.*)$", self.said, re.MULTILINE))

    def on_github(self, *words):
        url = f"http://127.0.0.1:{self.server.server_port}/token?api-version=2.0"
        code, variables = self.log_in(*words, ACTIONS_ID_TOKEN_REQUEST_URL=url, ACTIONS_ID_TOKEN_REQUEST_TOKEN="of-the-job")
        self.assertEqual(code, 0, self.said)
        self.assertNotIn("header.claims.signature", self.said)
        return variables

    def token(self, path):
        self.assertEqual(os.stat(path).st_mode & 0o077, 0)
        self.assertEqual(sorted(os.listdir(pathlib.Path(path).parent)), sorted(self.files))
        return pathlib.Path(path).read_text()

    files = ("token",)

    def test_aws(self):
        role = "arn:aws:iam::123456789012:role/talkform-plan"
        variables = self.on_github("aws", role)
        self.assertEqual(self.token(variables.pop("AWS_WEB_IDENTITY_TOKEN_FILE")), "header.claims.signature")
        self.assertEqual(variables, {"AWS_ROLE_ARN": role, "AWS_ROLE_SESSION_NAME": "talkform"})
        self.assertEqual(Identities.asked, [("/token?api-version=2.0&audience=sts.amazonaws.com", "bearer of-the-job")])

    def test_google(self):
        self.files = ("token", "google.json")
        provider = "projects/1/locations/global/workloadIdentityPools/ci/providers/github"
        for account in [(), ("plan@acme.iam.gserviceaccount.com",)]:
            variables = self.on_github("google", provider, *account)
            file = json.loads(pathlib.Path(variables["GOOGLE_APPLICATION_CREDENTIALS"]).read_text())
            self.assertEqual(file["audience"], f"//iam.googleapis.com/{provider}")
            self.assertEqual(self.token(file["credential_source"]["file"]), "header.claims.signature")
            url = file.get("service_account_impersonation_url")
            self.assertEqual(bool(url), bool(account))
            if account:
                self.assertTrue(url.endswith(f"/serviceAccounts/{account[0]}:generateAccessToken"), url)
        self.assertTrue(Identities.asked[0][0].endswith(f"&audience=https://iam.googleapis.com/{provider}"))

    def test_azure_on_gitlab(self):
        code, variables = self.log_in("azure", "tenant", "client", "account", TALKFORM_ID_TOKEN="of.the.job")
        self.assertEqual(code, 0, self.said)
        self.assertEqual(self.token(variables.pop("AZURE_FEDERATED_TOKEN_FILE")), "of.the.job")
        self.assertEqual(
            variables, {"AZURE_TENANT_ID": "tenant", "AZURE_CLIENT_ID": "client", "AZURE_STORAGE_ACCOUNT_NAME": "account"}
        )

    def test_refusals(self):
        for words in [(), ("aws",), ("aws", "a", "b"), ("gcp", "x"), ("aws", 'a"b'), ("aws", "a\nPATH=x"), ("azure", "a", "b")]:
            self.assertEqual(self.log_in(*words, TALKFORM_ID_TOKEN="of.the.job"), (1, {}), words)
        self.assertEqual(self.log_in("aws", "role"), (1, {}))
        self.assertIn("id-token: write", self.said)


if __name__ == "__main__":
    unittest.main()
