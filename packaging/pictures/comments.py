#!/usr/bin/env python3
"""Draws the comment of a plan beside those of two actions for Terraform, for the same change of twelve users.

comments.py PICTURE.png [all | talkform]

Needs a built binary ($TALKFORM, or target/debug/talkform), git, jq, curl, chromium, pngquant and the Python package
cmarkgfm. Our comment is the one that examples/ci/github-comment.sh posts. The others follow the default templates of
tfcmt 4 (pkg/terraform/template.go) and dflook/terraform-github-actions (github_pr_comment/comment.py) over
terraform-plan.txt, which is written by hand. They post the changes folded; here they are open. The style sheet
resembles GitHub's.
"""

import contextlib
import html
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time

import cmarkgfm

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TALKFORM = pathlib.Path(os.environ.get("TALKFORM", ROOT / "target/debug/talkform")).resolve()
TERRAFORM = (HERE / "terraform-plan.txt").read_text()
FENCE = "```"
sys.path.insert(0, str(ROOT / "tests/ci"))
from fake_github import TOKEN, FakeGitHub  # noqa: E402

PROJECT = """apiVersion: talkform/v1
kind: Project
channel: { id: "6263" }
manifests: ["users/*.yaml"]
public: [profile.plan]
limits: { update: 30%, forget: 10% }
environments: { production: { state: talkform.state.json } }
"""


def users(changed):
    text = "apiVersion: talkform/v1\nkind: UserList\nusers:\n"
    for number in range(1001, 1013):
        if changed and number > 1010:
            continue
        plan = "pro" if changed and number < 1005 else "free"
        more = ""
        if number == 1005:
            more = ", tags: [beta, vip/gold], unsubscribeEmail: false" if changed else ", tags: [beta], unsubscribeEmail: true"
        name = "서연 김" if changed and number == 1005 else f"Person {number}"
        seats = 50 if changed and number == 1005 else 5 if number == 1005 else 1
        text += f'  - {{ memberId: "u-{number}", profile: {{ name: {name}, plan: {plan}, seats: {seats} }}{more} }}\n'
    if changed:
        text += '  - { memberId: "u-2001", profile: { plan: free, seats: 1 } }\n'
    return text


@contextlib.contextmanager
def sandbox():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        listen = f"127.0.0.1:{free.getsockname()[1]}"
    command = [TALKFORM, "sandbox", "--channel", "6263", "--listen", listen]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(listen.split(":"), timeout=1):
                break
            time.sleep(0.05)
        yield f"http://{listen}"
    finally:
        server.terminate()
        server.wait()


def ours(folder):
    """The comment that our script posts for the plan of a pull request."""
    project = folder / "project"
    (project / "users").mkdir(parents=True)
    artifact = folder / "artifact"
    artifact.mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}

    def run(*command, code=0, **more):
        ran = subprocess.run(command, cwd=project, env=environment | more, capture_output=True, text=True)
        if ran.returncode != code:
            sys.exit(f"{command}: exit {ran.returncode}\n{ran.stdout}{ran.stderr}")
        return ran.stdout

    def git(*arguments):
        identity = ["-c", "user.name=t", "-c", "user.email=t@localhost"]
        return run("git", *identity, *arguments, GIT_COMMITTER_DATE="2026-01-05T09:00Z", GIT_AUTHOR_DATE="2026-01-05T09:00Z")

    (project / "talkform.yaml").write_text(PROJECT)
    (project / "users/vip.yaml").write_text(users(False))
    git("init", "--quiet")
    # The users before the change are applied to a sandbox, whose state then gets the address of Channel.
    with sandbox() as address:
        (project / "talkform.yaml").write_text(PROJECT.replace('"6263" }', f'"6263", baseUrl: "{address}" }}'))
        keys = {"TALKFORM_ACCESS_KEY": "key", "TALKFORM_ACCESS_SECRET": "secret", "TALKFORM_ALLOW_HOST": "127.0.0.1"}
        run(TALKFORM, "--env", "production", "apply", "--auto-approve", **keys)
    (project / "talkform.yaml").write_text(PROJECT)
    run(TALKFORM, "--env", "production", "state", "retarget")
    git("add", ".")
    git("commit", "--quiet", "-m", "before")
    (project / "users/vip.yaml").write_text(users(True))
    git("commit", "--quiet", "-am", "after")
    head = git("rev-parse", "HEAD").strip()
    on_github = {
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "acme/users",
        "GITHUB_SHA": head,
        "GITHUB_ACTIONS": "true",
        "GITHUB_OUTPUT": str(artifact / "outcome"),
    }
    plan = run(TALKFORM, "--env", "production", "plan", "--base", "HEAD~1", "--format", "markdown", **on_github)
    (artifact / "plan.md").write_text(plan)
    (artifact / "number").write_text("7\n")
    github = FakeGitHub()
    try:
        github.open_pull(7, head, ["users/vip.yaml"])
        run(
            "bash",
            ROOT / "examples/ci/github-comment.sh",
            artifact,
            **on_github,
            GITHUB_API_URL=github.url,
            RUNNER_TEMP=str(folder),
            TOKEN=TOKEN,
            NAME="production",
            RUN_EVENT="pull_request",
            RUN_ID="55",
            REPOSITORY_ID="100",
            HEAD_REPOSITORY_ID="100",
            HEAD_SHA=head,
        )
        return github.comments[7][0]["body"]
    finally:
        github.close()


def named(pattern):
    return re.findall(rf"(?m)^ *# (.*) will be {pattern}$", TERRAFORM)


def tfcmt():
    names = [("Create", "created"), ("Update", "updated in-place"), ("Delete", "destroyed")]
    lists = "".join(f"\n* {title}" + "".join(f"\n  * {name}" for name in named(word)) for title, word in names)
    changes = TERRAFORM.split("following actions:\n", 1)[1]
    return f"""## Plan Result (production)

[CI link](https://github.com/acme/users/actions/runs/55)

### ⚠️ Resource Deletion will happen
This plan contains resource delete operation. Please check the plan result very carefully!

<pre><code>{changes.strip().splitlines()[-1]}</code></pre>
{lists}

<details open><summary>Change Result (Click me)</summary>

{FENCE}hcl
{changes}
{FENCE}

</details>
"""


def dflook():
    lines = []
    for line in TERRAFORM.strip().splitlines():
        line = re.sub(r"^(\s+)([-+/~]+)(.*)", r"\2\1\3", line)
        if line.startswith("~ "):
            line = "!~" + line[2:]
        lines.append(re.sub(r"(\s+)# (\(.*hidden)", r"#\1\2", line, count=1))
    body = "\n".join(lines)
    return f"""Terraform plan in __production__
<details open>
<summary>{TERRAFORM.strip().splitlines()[-1]}</summary>

{FENCE}diff
{body}
{FENCE}
</details>

Plan generated in [plan #12](https://github.com/acme/users/actions/runs/55)
"""


def diff_lines(match):
    kinds = {"+": "added", "-": "removed", "!": "changed"}
    lines = html.unescape(match[1]).split("\n")
    return "<pre><code>" + "\n".join(
        f'<span class="{kinds.get(line[:1], "")}">{html.escape(line)}</span>' for line in lines
    ) + "</code></pre>"


def hcl_lines(match):
    text = re.sub(r"(&quot;.*?&quot;)", r'<span class="text">\1</span>', match[1])
    return "<pre><code>" + re.sub(r"(?m)^( *#.*)$", r'<span class="note">\1</span>', text) + "</code></pre>"


def rendered(markdown):
    options = cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE
    page = cmarkgfm.github_flavored_markdown_to_html(markdown, options=options)
    page = re.sub(r'<pre lang="diff"><code>(.*?)</code></pre>', diff_lines, page, flags=re.S)
    page = re.sub(r'<pre lang="hcl"><code>(.*?)</code></pre>', hcl_lines, page, flags=re.S)
    return re.sub(
        r"<blockquote>\s*<p>\[!(\w+)\]\s*",
        lambda match: f'<blockquote class="{match[1].lower()}"><p class="title">{match[1].capitalize()}</p><p>',
        page,
    )


STYLE = """
* { box-sizing: border-box }
body { margin: 20px; background: #f6f8fa; display: flex; gap: 20px; align-items: flex-start; width: max-content;
  font: 14px/1.5 "Liberation Sans", Arial, "Noto Sans CJK KR", "Noto Color Emoji", sans-serif; color: #1f2328 }
figure { margin: 0; width: 640px } figcaption { font-weight: 600; margin: 0 0 8px 2px; font-size: 16px }
article { border: 1px solid #d1d9e0; border-radius: 6px; background: #fff }
header { padding: 8px 16px; background: #f6f8fa; border-bottom: 1px solid #d1d9e0; border-radius: 6px 6px 0 0; color: #59636e }
main { padding: 16px } main > :first-child { margin-top: 0 } main > :last-child { margin-bottom: 0 }
p, ul, table, pre, details, blockquote { margin: 0 0 16px }
h2 { font-size: 21px; margin: 24px 0 16px; padding-bottom: 6px; border-bottom: 1px solid #d1d9e0 } h3 { font-size: 17.5px; margin: 24px 0 16px }
a { color: #0969da; text-decoration: none } ul { padding-left: 28px } li + li { margin-top: 3px } summary { cursor: pointer }
code { font: 12px/1.45 "Liberation Mono", "DejaVu Sans Mono", monospace; background: #818b981f; padding: 2px 5px; border-radius: 6px }
pre { padding: 12px 14px; background: #f6f8fa; border-radius: 6px; overflow: hidden } pre code { padding: 0; background: none }
table { border-collapse: collapse } td, th { border: 1px solid #d1d9e0; padding: 5px 12px }
blockquote { border-left: 4px solid #cf222e; padding: 0 14px } blockquote p { margin: 0 0 6px }
blockquote .title { color: #cf222e; font-weight: 600 } blockquote.warning { border-color: #9a6700 } .warning .title { color: #9a6700 }
.added { background: #dafbe1; color: #116329 } .removed { background: #ffebe9; color: #82071e } .changed { background: #fff8c5; color: #7d4e00 }
.note { color: #59636e } .text { color: #0a3069 }
"""


def page(comments):
    figures = "".join(
        f"<figure><figcaption>{title}</figcaption><article><header><b>github-actions</b> bot commented</header>"
        f"<main>{rendered(text)}</main></article></figure>"
        for title, text in comments
    )
    return f'<!doctype html><meta charset="utf-8"><style>{STYLE}</style>{figures}'


def main():
    target, which = pathlib.Path(sys.argv[1]), (sys.argv[2:] or ["all"])[0]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        comments = [("talkform", ours(folder))]
        if which == "all":
            comments += [("tfcmt, unfolded", tfcmt()), ("dflook/terraform-github-actions, unfolded", dflook())]
        (folder / "page.html").write_text(page(comments))
        chromium = ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        size = f"--window-size={20 + 660 * len(comments)},{2420 if which == 'all' else 1520}"
        subprocess.run(
            [*chromium, size, f"--screenshot={folder}/page.png", f"file://{folder}/page.html"], check=True, capture_output=True
        )
        subprocess.run(["pngquant", "--force", "--strip", "--output", target, "128", f"{folder}/page.png"], check=True)
    print(f"{target}: {target.stat().st_size:,} bytes")


main()
