//! Prepares measurements with a million users: projects of any size, states in which every user is applied
//! already, and floors, which are the costs of the bare work without talkform.
//!
//! ```text
//! cargo bench --bench million -- generate DIR --users N --files M --format yaml|jsonl [--seed S]
//! cargo bench --bench million -- touch DIR --files K [--seed S]
//! cargo bench --bench million -- record DIR
//! cargo bench --bench million -- floor-yaml DIR
//! cargo bench --bench million -- floor-json DIR
//! cargo bench --bench million -- floor-requests URL COUNT CONCURRENCY
//! ```
//!
//! `benches/million.py` runs these commands and prints a table.

#![allow(missing_docs, unreachable_pub, clippy::print_stdout)]

mod floors;
mod generate;
mod planning;
mod record;
mod users;
mod write;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::str::FromStr;

use generate::{Format, Shape, generate, touch};

/// Any error, for people.
type Problem = Box<dyn Error + Send + Sync>;

const USAGE: &str = "million generate DIR --users N --files M --format yaml|jsonl [--seed S]
million touch DIR --files K [--seed S]
million record DIR
million floor-yaml DIR
million floor-json DIR
million floor-requests URL COUNT CONCURRENCY";

struct Arguments(Vec<String>);

impl Arguments {
    fn option<T: FromStr>(&self, name: &str) -> Result<Option<T>, Problem> {
        let Some(at) = self.0.iter().position(|argument| argument == name) else {
            return Ok(None);
        };
        let text = self.0.get(at + 1).ok_or(format!("{name} takes a value"))?;
        let wrong = |_| format!("{name} does not take {text}");
        Ok(Some(text.parse().map_err(wrong)?))
    }

    fn required<T: FromStr>(&self, name: &str) -> Result<T, Problem> {
        Ok(self.option(name)?.ok_or(format!("{name} is missing"))?)
    }
}

fn run(arguments: &Arguments) -> Result<(), Problem> {
    let [command, target, ..] = &*arguments.0 else {
        return Err(USAGE.into());
    };
    let folder = Path::new(target);
    let seed = arguments.option("--seed")?.unwrap_or(1);
    match &**command {
        "generate" => {
            let shape = Shape {
                users: arguments.required("--users")?,
                files: arguments.required("--files")?,
                format: match &*arguments.required::<String>("--format")? {
                    "yaml" => Format::Yaml,
                    "jsonl" => Format::JsonLines,
                    other => return Err(format!("--format does not take {other}").into()),
                },
                seed,
            };
            println!("{} bytes", generate(folder, &shape)?);
        }
        "touch" => println!(
            "{} files",
            touch(folder, arguments.required("--files")?, seed)?
        ),
        "record" => println!("{} users", record::record(folder)?),
        "floor-yaml" => println!("{} users", floors::yaml(folder)?),
        "floor-json" => println!("{} users", floors::json(folder)?),
        "floor-requests" => {
            let [_, url, count, concurrency] = &*arguments.0 else {
                return Err(USAGE.into());
            };
            let elapsed = floors::requests(url, count.parse()?, concurrency.parse()?)?;
            println!("{:.6} seconds", elapsed.as_secs_f64());
        }
        _ => return Err(USAGE.into()),
    }
    Ok(())
}

fn main() -> ExitCode {
    // `cargo bench` adds the flag `--bench`. `cargo test --benches` does not, and then nothing is measured.
    let given = std::env::args().skip(1);
    let arguments = Arguments(given.filter(|argument| argument != "--bench").collect());
    if arguments.0.is_empty() {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            println!("{problem}");
            ExitCode::FAILURE
        }
    }
}
