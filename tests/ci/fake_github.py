"""A fake of the part of GitHub's API that the recipes use. It listens on loopback only.

It answers as api.github.com does for pull requests, their files and comments, commit statuses, and the pull
requests of a commit. A status or comment that comes with the fake's token is by github-actions[bot].
"""

import json
import re
import urllib.parse

from fake_api import FakeApi

TOKEN = "fake-token-of-the-job"
BOT = {"login": "github-actions[bot]", "type": "Bot", "id": 41898282}


def status(context, state, description, creator):
    return {"context": context, "state": state, "description": description, "creator": creator}


class FakeGitHub(FakeApi):
    def __init__(self, repository="acme/users", repository_id=100):
        self.repository = repository
        self.repository_id = repository_id
        self.pulls = {}  # number -> pull request
        self.files = {}  # number -> file names
        self.comments = {}  # number -> comments
        self.issues = []
        self.statuses = {}  # commit -> statuses, oldest first
        self.merged = {}  # commit -> numbers of pull requests
        self.requests = []
        self.next_id = 1
        super().__init__()

    def open_pull(self, number, head, files, repository_id=100, base="main"):
        self.files[number] = files
        self.comments.setdefault(number, [])
        self.pulls[number] = {
            "number": number,
            "changed_files": len(files),
            "merged_at": None,
            "merge_commit_sha": None,
            "head": {"sha": head, "repo": {"id": repository_id}},
            "base": {"ref": base, "repo": {"full_name": self.repository}},
        }

    def merge_pull(self, number, commit):
        self.pulls[number].update(merged_at="2026-01-01T00:00:00Z", merge_commit_sha=commit)
        self.merged.setdefault(commit, []).append(number)

    def add_comment(self, number, login, body):
        self.comments[number].append({"id": self.next_id, "user": {"login": login}, "body": body})
        self.next_id += 1

    def add_issue(self, login, body, title="", **more):
        number = 1000 + len(self.issues)
        issue = {"number": number, "title": title, "body": body, "state": "open", "user": {"login": login}, **more}
        self.issues.append(issue)
        self.comments[number] = []
        return issue

    def edit_issue(self, number, body):
        for issue in self.issues:
            if issue["number"] == number:
                issue.update(body)
                return issue
        return None

    def writes(self):
        return [request for request in self.requests if request[0] != "GET"]

    def respond(self, method, path, headers, body):
        url = urllib.parse.urlsplit(path)
        query = urllib.parse.parse_qs(url.query)
        self.requests.append((method, url.path, body))
        if url.path.startswith("/hook/"):
            # A webhook: it gets no token.
            code, answer = (400 if "authorization" in headers else 200), {}
        elif headers.get("authorization") != f"Bearer {TOKEN}":
            code, answer = 401, {"message": "Bad credentials"}
        else:
            code, answer = self.route(method, url.path, json.loads(body or "null"))
        if isinstance(answer, list):
            size = int(query.get("per_page", ["30"])[0])
            page = int(query.get("page", ["1"])[0])
            answer = answer[(page - 1) * size : page * size]
        return code, answer

    def route(self, method, path, body):
        prefix = f"/repos/{self.repository}/"
        if not path.startswith(prefix):
            return 404, {"message": "Not Found"}
        path = path[len(prefix) :]
        for pattern, wanted, act in [
            (r"pulls/(\d+)", "GET", lambda n: self.pulls.get(int(n))),
            (r"pulls/(\d+)/files", "GET", lambda n: [{"filename": name} for name in self.files.get(int(n), [])]),
            (r"issues", "GET", lambda: [issue for issue in self.issues if issue["state"] == "open"]),
            (r"issues", "POST", lambda: self.add_issue(BOT["login"], body["body"], body["title"])),
            (r"issues/(\d+)", "PATCH", lambda n: self.edit_issue(int(n), body)),
            (r"issues/(\d+)/comments", "GET", lambda n: self.comments.get(int(n))),
            (r"issues/(\d+)/comments", "POST", lambda n: self.write_comment(int(n), body)),
            (r"issues/comments/(\d+)", "PATCH", lambda i: self.edit_comment(int(i), body)),
            (r"commits/(\w+)/statuses", "GET", lambda sha: self.statuses.get(sha, [])[::-1]),
            (r"commits/(\w+)/pulls", "GET", lambda sha: [self.pulls[n] for n in self.merged.get(sha, [])]),
            (r"statuses/(\w+)", "POST", lambda sha: self.write_status(sha, body)),
        ]:
            match = re.fullmatch(pattern, path)
            if match and method == wanted:
                found = act(*match.groups())
                if found is not None:
                    return 200 if method != "POST" else 201, found
        return 404, {"message": "Not Found"}

    def write_comment(self, number, body):
        if number not in self.comments or not body.get("body"):
            return None
        self.add_comment(number, BOT["login"], body["body"])
        return {"id": self.next_id - 1}

    def edit_comment(self, comment_id, body):
        for comments in self.comments.values():
            for comment in comments:
                if comment["id"] == comment_id:
                    comment["body"] = body["body"]
                    return comment
        return None

    def write_status(self, sha, body):
        if body["state"] not in ("success", "failure", "error", "pending") or len(body["description"]) > 140:
            return None
        self.statuses.setdefault(sha, []).append(
            status(body["context"], body["state"], body["description"], BOT) | {"target_url": body["target_url"]}
        )
        return self.statuses[sha][-1]
