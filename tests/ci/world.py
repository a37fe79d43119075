"""A repository with a project in it, as the tests of the recipes need it, and the Channel that it is for.

$TALKFORM names the binary.
"""

import hashlib
import json
import os
import pathlib
import platform
import re
import socket
import subprocess
import urllib.request

TALKFORM = os.environ["TALKFORM"]
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


def name_release(file, folder):
    """Makes a release of the binary in a folder, and names it in a file `release`."""
    version = subprocess.check_output([TALKFORM, "--version"], text=True).split()[1]
    target = f"{platform.machine()}-unknown-linux-musl"
    place = folder / "releases"
    archive = place / f"v{version}" / f"talkform-{version}-{target}.tar.gz"
    archive.parent.mkdir(parents=True)
    # Not compressed, because that takes long and tar does not mind.
    subprocess.run(["tar", "-cf", archive, "-C", pathlib.Path(TALKFORM).parent, "talkform"], check=True)
    text = file.read_text().replace("\nplace=\n", f"\nplace=file://{place}\n")
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    text = re.sub(rf"(?m)^sha256-{target}=$", f"sha256-{target}={digest}", text)
    file.write_text(re.sub(r"(?m)^version=.*$", f"version={version}", text))


class Repository:
    """A bare remote, a clone to work in, and the Channel."""

    def __init__(self, folder):
        self.folder = folder
        self.remote = folder / "remote"
        self.work = folder / "work"
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
        name_release(self.work / "ci/release", folder)
        self.commit("project")
        self.git("push", "-q", "origin", "HEAD:main")

    def close(self):
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

    def change_on_channel(self, member, plan):
        """Changes a user as a person does on Channel."""
        request = urllib.request.Request(
            f"{self.url}/open/v4/users/@{member}",
            data=json.dumps({"profile": {"plan": plan}}).encode(),
            headers={"content-type": "application/json", "x-access-key": "k", "x-access-secret": "s"},
            method="PUT",
        )
        urllib.request.urlopen(request, timeout=30).close()
