//! Creates projects on disk, and edits them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use fastrand::Rng;

use super::users::{User, user};
use super::write;

/// The most files in a folder.
const FILES_IN_A_FOLDER: u32 = 1000;

/// The format of the manifest files.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Yaml,
    JsonLines,
}

impl Format {
    fn ending(self) -> &'static str {
        match self {
            Self::Yaml => "yaml",
            Self::JsonLines => "jsonl",
        }
    }
}

/// The size and format of a project.
pub struct Shape {
    pub users: u32,
    pub files: u32,
    pub format: Format,
    pub seed: u64,
}

/// Creates a project, the same one for the same seed. A user is the same in both formats. Returns the size of
/// the manifests in bytes.
pub fn generate(folder: &Path, shape: &Shape) -> io::Result<u64> {
    for number in 0..shape.files.div_ceil(FILES_IN_A_FOLDER) {
        fs::create_dir_all(folder.join(format!("users/{number:03}")))?;
    }
    fs::write(
        folder.join("talkform.yaml"),
        format!(
            "apiVersion: talkform/v1
kind: Project
manifests: [\"users/**/*.{}\"]
channel:
  baseUrl: http://127.0.0.1:8787
  id: sandbox
  rate: {{ perSecond: 1000000, burst: 1000000 }}
limits: {{ create: 100000000, update: 100%, clear: 100%, forget: 100%, optIn: 100000000 }}
",
            shape.format.ending()
        ),
    )?;
    let threads = 2;
    thread::scope(|scope| {
        let parts: Vec<_> = (0..threads)
            .map(|first| {
                scope.spawn(move || -> io::Result<u64> {
                    let mut bytes = 0;
                    for file in (first..shape.files).step_by(threads as usize) {
                        bytes += write_file(folder, shape, file)?;
                    }
                    Ok(bytes)
                })
            })
            .collect();
        parts
            .into_iter()
            .map(|part| part.join().expect("no panic"))
            .sum()
    })
}

fn write_file(folder: &Path, shape: &Shape, file: u32) -> io::Result<u64> {
    let first = |file: u32| u64::from(shape.users) * u64::from(file) / u64::from(shape.files);
    let (from, to) = (first(file), first(file + 1));
    let users: Vec<User> = (from..to)
        .map(|number| {
            // Each user has its own random numbers, so that it does not depend on the files around it.
            let mut rng = Rng::with_seed(shape.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number);
            user(u32::try_from(number).expect("below the count"), &mut rng)
        })
        .collect();
    let has_defaults = users.len() > 1 && file.is_multiple_of(3);
    let text = match shape.format {
        Format::Yaml => write::yaml(&users, has_defaults),
        Format::JsonLines => write::json_lines(&users, has_defaults),
    };
    let path = folder.join(format!(
        "users/{:03}/file{file:05}.{}",
        file / FILES_IN_A_FOLDER,
        shape.format.ending()
    ));
    fs::write(path, &text)?;
    Ok(text.len() as u64)
}

/// Returns all manifest files of a project, in order.
pub fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder.join("users"))? {
        for file in fs::read_dir(entry?.path())? {
            all.push(file?.path());
        }
    }
    all.sort();
    Ok(all)
}

/// Edits one user in each of `count` files: one more seat.
pub fn touch(folder: &Path, count: usize, seed: u64) -> io::Result<usize> {
    let mut rng = Rng::with_seed(seed);
    let mut files = files(folder)?;
    rng.shuffle(&mut files);
    files.truncate(count);
    for path in &files {
        let text = fs::read_to_string(path)?;
        let places: Vec<usize> = ["seats: ", "\"seats\":"]
            .iter()
            .flat_map(|key| text.match_indices(key).map(|(at, _)| at + key.len()))
            .collect();
        let at = *rng.choice(&places).expect("every user has seats");
        let rest = &text[at..];
        let end = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let seats: u32 = rest[..end].parse().expect("a number of seats");
        let edited = format!("{}{}{}", &text[..at], seats + 1, &rest[end..]);
        fs::write(path, edited)?;
    }
    Ok(files.len())
}
