//! Reads one text on one thread.

use crate::manifest::files::foreign;
use crate::manifest::files::format::Format;
use crate::manifest::options::ReadSettings;
use crate::manifest::problem::problems::Problem;
use crate::manifest::problem::span::Span;
use crate::manifest::syntax::{json, yaml};
use crate::manifest::users::context::Reader;
use crate::manifest::users::declared::DeclaredUser;
use crate::manifest::users::document::Form;

/// Reads a text of this format into `reader`. The problems in `across` were found by looking at other
/// files; they are in the order of their spans.
pub(crate) fn read(reader: &mut Reader<'_>, text: &str, format: Format, across: Vec<Problem>) {
    if let Some(problem) = foreign::problem(text) {
        reader.problems.push(problem);
        return;
    }
    match format {
        Format::Yaml => read_yaml(reader, text, across),
        Format::Json => read_json(reader, text, across),
        Format::JsonLines => read_json_lines(reader, text, across),
    }
}

/// The users of a text without any problem that declares nothing but users; `None` for any other text.
pub(crate) fn flawless(
    text: &str,
    format: Format,
    settings: &ReadSettings,
) -> Option<Vec<DeclaredUser>> {
    let mut reader = Reader::new(text, settings);
    read(&mut reader, text, format, Vec::new());
    let is_flawless = reader.problems.is_empty() && reader.moved.is_empty();
    is_flawless.then_some(reader.users)
}

fn read_yaml(reader: &mut Reader<'_>, text: &str, across: Vec<Problem>) {
    let documents = yaml::parse(text);
    let whole = documents.broken.is_none();
    for problem in documents.problems {
        reader.problems.push(if whole {
            problem
        } else {
            problem.of_unparsed()
        });
    }
    for problem in across {
        reader.problems.push(problem);
    }
    reader.remember(&documents.roots);
    let (blank, full): (Vec<_>, Vec<_>) = documents.roots.iter().partition(|root| root.is_blank());
    if whole && full.is_empty() {
        reader.problems.push(empty_file());
    } else {
        for root in blank {
            reader.problems.push(
                Problem::warning("empty-document", root.span, "this document is empty")
                    .hint("remove the `---`"),
            );
        }
    }
    for root in full {
        reader.document(root, Form::Document);
    }
    if let Some(problem) = documents.broken {
        reader.problems.push(problem.unparsed());
    }
}

fn empty_file() -> Problem {
    Problem::error("empty-file", Span::default(), "this file declares nothing")
        .hint("a file that lost its content would forget its users: remove the file, or write `users: []`")
        .unparsed()
}

fn read_json(reader: &mut Reader<'_>, text: &str, across: Vec<Problem>) {
    if text.trim_ascii().is_empty() {
        reader.problems.push(empty_file());
        return;
    }
    let mut problems = across;
    match json::parse(text, Span::new(0, text.len()), &mut problems) {
        Ok(root) => {
            for problem in problems {
                reader.problems.push(problem);
            }
            reader.document(&root, Form::Document);
        }
        Err(problem) => {
            for problem in problems {
                reader.problems.push(problem.of_unparsed());
            }
            reader.problems.push(*problem);
        }
    }
}

fn read_json_lines(reader: &mut Reader<'_>, text: &str, across: Vec<Problem>) {
    let first = text.trim_ascii_start();
    if first.starts_with('[') {
        let at = text.len() - first.len();
        let message = "this file is one JSON array, and each line of JSON Lines is one user";
        let problem = Problem::error("json-array", Span::new(at, at + 1), message)
            .hint("write one user a line, without brackets and without commas between them");
        reader.problems.push(problem.unparsed());
        return;
    }
    let mut across = across.into_iter().peekable();
    let mut start = 0;
    let mut blank = true;
    for line in text.split_inclusive('\n') {
        let span = Span::new(start, start + line.len());
        start += line.len();
        if line.trim_ascii().is_empty() {
            continue;
        }
        blank = false;
        let mut problems = Vec::new();
        let root = json::parse(text, span, &mut problems).map_err(|problem| {
            let rest = text[problem.span.start()..span.end()].trim_ascii();
            if problem.code == json::MORE_TEXT && rest == "," {
                let message = "a comma stands between two users";
                let problem = Problem {
                    message: message.to_owned(),
                    ..*problem
                };
                return Box::new(problem.hint("lines of JSON Lines have no commas between them"));
            }
            problem
        });
        while let Some(problem) = across.next_if(|problem| problem.span.start < span.end) {
            problems.push(problem);
        }
        match root {
            Ok(root) => {
                for problem in problems {
                    reader.problems.push(problem);
                }
                reader.document(&root, Form::Line);
            }
            Err(problem) => {
                for problem in problems {
                    reader.problems.push(problem.of_unparsed());
                }
                reader.problems.push(*problem);
            }
        }
    }
    if blank {
        reader.problems.push(empty_file());
    }
}
