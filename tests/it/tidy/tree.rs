//! Lists the modules of both crates, and finds the file that defines a path.

use std::collections::{BTreeMap, BTreeSet};

use crate::tidy::names::{Import, Names, Path, names};
use crate::tidy::source::Source;

/// One file of the program, as a module.
pub(crate) struct Module {
    pub file: String,
    /// From `lib` or `bin`, the two crates.
    pub path: Path,
    pub names: Names,
}

impl Module {
    /// Whether the file stands for its folder.
    pub(crate) fn is_folder(&self) -> bool {
        ["lib.rs", "main.rs", "mod.rs"]
            .iter()
            .any(|name| self.file.ends_with(&format!("/{name}")))
    }

    /// A path of this file, from the root of its crate; paths of other crates stay as they are.
    fn absolute(&self, path: &[String]) -> Path {
        let (first, rest) = path.split_first().expect("a path has a segment");
        match first.as_str() {
            "crate" => [&self.path[..1], rest].concat(),
            "talkform" => [&["lib".to_owned()], rest].concat(),
            "self" => [self.path.as_slice(), rest].concat(),
            "super" => [&self.path[..self.path.len().saturating_sub(1)], rest].concat(),
            _ if self.names.children.contains(first) => [self.path.as_slice(), path].concat(),
            _ => path.to_vec(),
        }
    }
}

pub(crate) struct Tree {
    pub(crate) modules: Vec<Module>,
    by_path: BTreeMap<Path, usize>,
}

/// Where a path leads.
pub(crate) enum Place<'a> {
    /// To an item of this file.
    Item(&'a Module),
    /// To a module and nothing in it.
    Module,
    /// To nothing that the sources define.
    Unknown,
    /// Out of the two crates.
    Outside,
}

impl Tree {
    pub(crate) fn new(sources: &[Source]) -> Self {
        let modules: Vec<Module> = sources
            .iter()
            .map(|source| Module {
                file: source.file.clone(),
                path: module_path(&source.file),
                names: names(&source.text),
            })
            .collect();
        let by_path = modules
            .iter()
            .enumerate()
            .map(|(at, module)| (module.path.clone(), at))
            .collect();
        Self { modules, by_path }
    }

    /// Every path that a file names, from the root of its crate; re-exports of a `mod.rs` are left out.
    pub(crate) fn paths(module: &Module) -> BTreeSet<Path> {
        let imports = module
            .names
            .imports
            .iter()
            .filter(|import| !(module.is_folder() && import.is_public))
            .map(|import| &import.path);
        imports
            .chain(&module.names.inline)
            .map(|path| module.absolute(path))
            .collect()
    }

    /// Finds the file that defines a path, through re-exports.
    pub(crate) fn place(&self, path: &[String]) -> Place<'_> {
        self.place_within(path, 16)
    }

    fn place_within(&self, path: &[String], depth: usize) -> Place<'_> {
        if !matches!(path.first().map(String::as_str), Some("lib" | "bin")) {
            return Place::Outside;
        }
        let Some((length, at)) = (1..=path.len())
            .rev()
            .find_map(|length| Some((length, *self.by_path.get(&path[..length])?)))
        else {
            return Place::Unknown;
        };
        let module = &self.modules[at];
        let Some(name) = path.get(length) else {
            return if module.is_folder() {
                Place::Module
            } else {
                Place::Item(module)
            };
        };
        if !module.is_folder() {
            return Place::Item(module);
        }
        if depth == 0 {
            return Place::Unknown;
        }
        let rest = &path[length + 1..];
        let imports = &module.names.imports;
        let target = |import: &Import| module.absolute(&import.path);
        if let Some(import) = imports.iter().find(|import| import.name == *name) {
            return self.place_within(&[&target(import), rest].concat(), depth - 1);
        }
        for import in imports.iter().filter(|import| import.name == "*") {
            let mut globbed = target(import);
            globbed.pop();
            let found = self.place_within(&[&globbed, &path[length..]].concat(), depth - 1);
            if matches!(found, Place::Item(_)) {
                return found;
            }
        }
        Place::Unknown
    }
}

/// `src/plan/change.rs` is `lib::plan::change`; what `main.rs` declares is in `bin`.
fn module_path(file: &str) -> Path {
    let inner = file.strip_prefix("src/").unwrap_or(file);
    let krate = if inner == "main.rs" || inner.starts_with("cli/") {
        "bin"
    } else {
        "lib"
    };
    let mut path = vec![krate.to_owned()];
    path.extend(inner.trim_end_matches(".rs").split('/').map(str::to_owned));
    if matches!(
        path.last().map(String::as_str),
        Some("mod" | "lib" | "main")
    ) {
        path.pop();
    }
    path
}
