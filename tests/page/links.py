"""Checks that every link of a folder of HTML pages leads to a file of the folder and to a place in it.

links.py FOLDER. Prints what leads nowhere and exits with 1.
"""

import html.parser
import pathlib
import sys
import urllib.parse


class Page(html.parser.HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.links, self.ids = [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name == "id":
                self.ids.add(value)
            elif name in ("href", "src") and value:
                self.links.append(value)


folder = pathlib.Path(sys.argv[1]).resolve()
# The page for an unknown address is shown below any address, so its links begin at the top.
pages = {path: Page(path) for path in folder.rglob("*.html") if path.name != "404.html"}
checked, broken = 0, []
for path, page in pages.items():
    for link in page.links:
        parts = urllib.parse.urlsplit(link)
        if parts.scheme:
            continue
        checked += 1
        target = (path.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else path
        if not (target.is_relative_to(folder) and target.is_file()):
            broken.append(f"{path.name}: {link}: no such file")
        elif parts.fragment and urllib.parse.unquote(parts.fragment) not in pages[target].ids:
            broken.append(f"{path.name}: {link}: no such place")
print("\n".join(broken + [f"{checked} links of {len(pages)} pages checked, {len(broken)} broken"]))
sys.exit(bool(broken) or checked < 100)
