//! Checks that the pages of `docs/` agree with the program and with each other.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::project::Project;

const README_BYTES: usize = 12 * 1024;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The README and every page below `docs/` and `examples/`.
fn pages() -> Vec<PathBuf> {
    let mut pages = vec![root().join("README.md")];
    for folder in ["docs", "examples"] {
        pages.extend(
            walkdir::WalkDir::new(root().join(folder))
                .sort_by_file_name()
                .into_iter()
                .map(|entry| entry.expect("a folder that can be read").into_path())
                .filter(|path| path.extension().is_some_and(|ending| ending == "md")),
        );
    }
    assert!(pages.len() > 15, "{pages:?}");
    pages
}

fn help(project: &Project, command: &[&str]) -> String {
    let arguments = [command, &["--help"]].concat();
    project.run(&arguments).expect(0).stdout
}

/// The names below `Commands:` in a help text.
fn subcommands(help: &str) -> Vec<String> {
    help.lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

/// The help of a command without trailing white space and without the options that every command has.
fn own_help(help: &str) -> String {
    let own = help.split("\nGlobal options:").next().unwrap_or(help);
    trimmed(own)
}

fn trimmed(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().map(str::trim_end).collect();
    lines.join("\n")
}

fn commands_page() -> String {
    let project = Project::new("");
    let overview = help(&project, &[]);
    let mut page = String::from(
        "# Commands\n\nThis page is what `talkform COMMAND --help` prints. The global options belong to every command; `-h` prints a short form that fits a screen.\n",
    );
    let mut add = |title: &str, text: &str| {
        write!(page, "\n## {title}\n\n```text\n{text}\n```\n").expect("a string takes it");
    };
    add("talkform", &trimmed(&overview));
    for name in subcommands(&overview) {
        let text = help(&project, &[&name]);
        add(&format!("talkform {name}"), &own_help(&text));
        for inner in subcommands(&text) {
            let text = help(&project, &[&name, &inner]);
            add(&format!("talkform {name} {inner}"), &own_help(&text));
        }
    }
    page
}

/// With `UPDATE_DOCS=1` the page is written instead.
#[test]
fn the_page_of_commands_is_what_the_program_prints() {
    let path = root().join("docs/commands.md");
    let printed = commands_page();
    assert!(printed.contains("## talkform state rekey\n"));
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &printed).expect("written");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == printed,
        "docs/commands.md is not what the program prints; `UPDATE_DOCS=1 cargo test --test it documentation` writes it"
    );
}

/// Targets of links in Markdown outside of code blocks.
fn links(text: &str) -> Vec<String> {
    let mut links = Vec::new();
    for line in outside_fences(text) {
        let mut rest = line;
        while let Some(start) = rest.find("](") {
            rest = &rest[start + 2..];
            let end = rest.find(')').expect("a link ends on its line");
            links.push(rest[..end].to_owned());
        }
    }
    links
}

fn outside_fences(text: &str) -> Vec<&str> {
    let mut fenced = false;
    text.lines()
        .filter(|line| {
            let fence = line.trim_start().starts_with("```");
            fenced ^= fence;
            !fenced && !fence
        })
        .collect()
}

/// The anchor of a heading, as git hosting and mdBook make it.
fn anchor(heading: &str) -> String {
    heading
        .trim_start_matches('#')
        .trim()
        .to_lowercase()
        .chars()
        .filter_map(|c| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
            _ => None,
        })
        .collect()
}

fn broken_links(page: &Path, text: &str) -> Vec<String> {
    let mut broken = Vec::new();
    for link in links(text) {
        if link.starts_with("https://") {
            continue;
        }
        let (file, fragment) = link.split_once('#').unwrap_or((&link, ""));
        let target = if file.is_empty() {
            page.to_owned()
        } else {
            page.parent().expect("a folder").join(file)
        };
        if !target.exists() {
            broken.push(format!("{}: {link}: no such file", page.display()));
        } else if page.starts_with(root().join("docs")) && file.contains('/') {
            broken.push(format!("{}: {link}: not in the book", page.display()));
        } else if !fragment.is_empty() {
            let other = fs::read_to_string(&target).expect("a page");
            let found = outside_fences(&other)
                .into_iter()
                .any(|line| line.starts_with('#') && anchor(line) == fragment);
            if !found {
                broken.push(format!("{}: {link}: no such heading", page.display()));
            }
        }
    }
    broken
}

#[test]
fn links_lead_to_files_and_headings() {
    let broken: Vec<String> = pages()
        .iter()
        .flat_map(|page| broken_links(page, &fs::read_to_string(page).expect("a page")))
        .collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn a_broken_link_is_found() {
    let page = root().join("README.md");
    let broken = broken_links(
        &page,
        "[a](docs/nothing.md) [b](docs/state.md#nothing) [c](docs/state.md#key)",
    );
    assert_eq!(broken.len(), 2, "{broken:?}");
    let page = root().join("docs/index.md");
    let broken = broken_links(&page, "[a](../README.md) [b](state.md)");
    assert_eq!(broken.len(), 1, "{broken:?}");
}

#[test]
fn the_summary_names_every_page() {
    let summary = fs::read_to_string(root().join("docs/SUMMARY.md")).expect("a summary");
    let named: BTreeSet<String> = links(&summary).into_iter().collect();
    let there: BTreeSet<String> = fs::read_dir(root().join("docs"))
        .expect("docs")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "md"))
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
        .filter(|name| name != "SUMMARY.md")
        .collect();
    assert_eq!(named, there);
}

#[test]
fn the_readme_is_short() {
    let bytes = fs::read(root().join("README.md")).expect("a README").len();
    assert!(bytes <= README_BYTES, "README.md has {bytes} bytes");
}

/// Long options in a text: `--` and the letters and dashes behind it.
fn options(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices("--") {
        let before = text[..at].chars().next_back();
        if before.is_some_and(|c| c == '-' || c == '!' || c.is_alphanumeric()) {
            continue;
        }
        let name: String = text[at + 2..]
            .chars()
            .take_while(|c| c.is_ascii_lowercase() || *c == '-')
            .collect();
        if name.len() > 1 && !name.starts_with('-') {
            found.insert(format!("--{}", name.trim_end_matches('-')));
        }
    }
    found
}

/// Options of cargo, git and of the benches, which pages name too.
const FOREIGN: &[&str] = &[
    "--bench",
    "--features",
    "--locked",
    "--no-default-features",
    "--only",
    "--open",
    "--path",
    "--release",
    "--scale",
    "--test",
];

#[test]
fn every_option_that_a_page_names_exists() {
    let known = options(&commands_page());
    assert!(known.contains("--approve-limits"));
    let mut unknown = Vec::new();
    for page in pages() {
        if page.ends_with("docs/recipes.md") {
            continue;
        }
        let text = fs::read_to_string(&page).expect("a page");
        for option in options(&text) {
            if !known.contains(&option) && !FOREIGN.contains(&option.as_str()) {
                unknown.push(format!("{}: {option}", page.display()));
            }
        }
    }
    assert!(unknown.is_empty(), "{}", unknown.join("\n"));
}
