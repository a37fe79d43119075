//! Reports profile keys, and tags, that people confuse: they differ in case, in their Unicode form, or look alike.
//!
//! A reading keeps no places of keys and tags, so the files that hold such words are read again for them. The keys
//! of users that were not read, because they are as recorded, are known from the state; their tags are not.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::manifest::files::file::FileReading;
use crate::manifest::files::ids::{Difference, difference};
use crate::manifest::options::ReadSettings;
use crate::manifest::problem::problems::{Place, Problem};
use crate::manifest::problem::span::Span;
use crate::manifest::problem::wording::key_in_backticks;
use crate::manifest::users::near_miss::documented_key;
use crate::manifest::users::places::{Places, Word};
use crate::model::text::characters::{is_plain, twins};
use crate::model::{
    Attributes, FieldPath, FieldValue, ProfileKey, RecordedLookup, VisibilityLookup,
};

/// The most pairs of words that are reported.
const MOST_PAIRS: usize = 100;

/// Returns the places of words in a file, by its index.
pub(crate) type Locate<'l> = dyn Fn(usize, &[Word]) -> Places + 'l;

/// Returns those of the tags that a user hides.
pub(crate) type HiddenTags<'h> = dyn Fn(&HashSet<&str>) -> HashSet<String> + 'h;

/// The problems of keys and tags, by the file to which each belongs.
pub(crate) fn check(
    names: &[Arc<str>],
    readings: &[FileReading],
    recorded: Option<&RecordedLookup<'_>>,
    hidden_tags: &HiddenTags<'_>,
    locate: &Locate<'_>,
) -> BTreeMap<usize, Vec<Problem>> {
    let pairs = pairs(readings, recorded);
    // The first file that holds a word is known, but not where in it.
    let mut wanted: BTreeMap<usize, Vec<Word>> = BTreeMap::new();
    for (file, word) in pairs.iter().flat_map(|(one, other)| [one, other]) {
        wanted.entry(*file).or_default().push(word.clone());
    }
    let places: BTreeMap<usize, Places> = wanted
        .into_iter()
        .map(|(file, words)| (file, locate(file, &words)))
        .collect();
    let words = pairs.iter().flat_map(|(one, other)| [&one.1, &other.1]);
    let tags: HashSet<&str> = words
        .filter_map(|word| match word {
            Word::Tag(tag) => Some(&**tag),
            Word::Key(_) => None,
        })
        .collect();
    let hidden = if tags.is_empty() {
        HashSet::new()
    } else {
        hidden_tags(&tags)
    };
    // A key may be shown.
    let shows = |word: &Word| matches!(word, Word::Key(_)) || !hidden.contains(word.text());
    let find = |(file, word): &Found| Some((*file, places.get(file)?.first(word)?));
    let mut problems: BTreeMap<usize, Vec<Problem>> = BTreeMap::new();
    for (one, other) in &pairs {
        let (Some(mut first), Some(mut last)) = (find(one), find(other)) else {
            continue;
        };
        let (mut first_word, mut last_word) = (&one.1, &other.1);
        if (last.0, last.1.span) < (first.0, first.1.span) {
            (first, last) = (last, first);
            (first_word, last_word) = (last_word, first_word);
        }
        let there = Place::There(first.1.position.in_file(&names[first.0]));
        let shows = shows(first_word) && shows(last_word);
        let problem = problem(first_word, last_word, shows, last.1.span)
            .path(last.1.path)
            .related(there, "the other one is here");
        problems.entry(last.0).or_default().push(problem);
    }
    problems
}

fn problem(first: &Word, last: &Word, shows: bool, span: Span) -> Problem {
    let (kind, how) = difference(first.text(), last.text());
    let (noun, code) = match (first, kind) {
        (Word::Key(_), Difference::Case) => ("keys", "key-case"),
        (Word::Key(_), Difference::Look) => ("keys", "key-look-alike"),
        (Word::Tag(_), Difference::Case) => ("tags", "tag-case"),
        (Word::Tag(_), Difference::Look) => ("tags", "tag-look-alike"),
    };
    let message = if shows {
        let [first, last] = [first, last].map(|word| key_in_backticks(word.text()));
        format!("the {noun} {first} and {last} {how}")
    } else {
        format!("two {noun} {how}")
    };
    Problem::warning(code, span, message)
        .hint(format!("to Channel they are two {noun}; keep one spelling"))
}

/// Those of the tags that a user of these files hides.
pub(crate) fn hidden_tags(
    readings: &[FileReading],
    settings: &ReadSettings,
    tags: &HashSet<&str>,
) -> HashSet<String> {
    let lookup = VisibilityLookup::new(&settings.visibility);
    let mut hidden = HashSet::new();
    for user in readings.iter().flat_map(|reading| &reading.users) {
        let Some(attributes) = &user.attributes else {
            continue;
        };
        let Some(declared) = &attributes.tags else {
            continue;
        };
        let mut asked = declared.iter().filter(|tag| tags.contains(&***tag));
        let Some(first) = asked.next() else {
            continue;
        };
        let user = lookup.user_with_id(&user.id, attributes.fields());
        let value = FieldValue::Tags(declared);
        if user.hides(&FieldPath::Tags, value).is_some() {
            hidden.extend([first].into_iter().chain(asked).cloned());
        }
    }
    hidden
}

fn attributes_of(readings: &[FileReading]) -> impl Iterator<Item = (usize, &Attributes)> {
    readings.iter().enumerate().flat_map(|(file, reading)| {
        let users = reading.users.iter();
        users.filter_map(move |user| Some((file, &**user.attributes.as_ref()?)))
    })
}

type Found = (usize, Word);

/// Pairs of words that people confuse, each with the first file that holds it.
fn pairs(readings: &[FileReading], recorded: Option<&RecordedLookup<'_>>) -> Vec<(Found, Found)> {
    let mut keys: HashMap<&str, usize> = HashMap::new();
    let mut tags: HashMap<&str, usize> = HashMap::new();
    // Users with the same keys share one list of them.
    let mut seen: HashSet<*const ProfileKey> = HashSet::new();
    for (file, attributes) in attributes_of(readings) {
        for list in [attributes.profile.keys(), attributes.profile_once.keys()] {
            if seen.insert(list.as_slice().as_ptr()) {
                for key in list {
                    keys.entry(key.as_str()).or_insert(file);
                }
            }
        }
        for tag in attributes.tags.iter().flatten() {
            tags.entry(tag).or_insert(file);
        }
    }
    if let Some(recorded) = recorded {
        for (key, file) in recorded_keys(readings, recorded) {
            keys.entry(key).or_insert(file);
        }
    }
    let mut pairs = pairs_of(&keys, |key| Word::Key(key.to_owned()));
    pairs.extend(pairs_of(&tags, |tag| Word::Tag(tag.to_owned())));
    let is_other = |word: &Word| documented_key(word.text()).is_none();
    // A near miss of a documented key is reported by itself.
    pairs.retain(|((_, one), (_, other))| {
        matches!(one, Word::Tag(_)) || (is_other(one) && is_other(other))
    });
    pairs.truncate(MOST_PAIRS);
    pairs
}

fn pairs_of(words: &HashMap<&str, usize>, word: impl Fn(&str) -> Word) -> Vec<(Found, Found)> {
    if words.keys().all(|word| is_plain(word)) {
        return Vec::new();
    }
    let mut sorted: Vec<&str> = words.keys().copied().collect();
    sorted.sort_unstable();
    let found = |index: usize| (words[sorted[index]], word(sorted[index]));
    twins(&sorted)
        .into_iter()
        .map(|twins| (found(twins.first), found(twins.at)))
        .collect()
}

/// The keys of users that were not read because they are as recorded, each with a file that declares it.
fn recorded_keys<'s>(
    readings: &[FileReading],
    recorded: &RecordedLookup<'s>,
) -> Vec<(&'s str, usize)> {
    let mut skipped: HashMap<u32, usize> = HashMap::new();
    for (file, reading) in readings.iter().enumerate() {
        skipped.extend(reading.unchanged.map(|skipped| (skipped.number, file)));
    }
    let read = readings.iter().enumerate().flat_map(|(file, reading)| {
        let unchanged = reading
            .users
            .iter()
            .filter(|user| user.attributes.is_none());
        unchanged.filter_map(move |user| Some((recorded.paths_of(&user.id)?, file)))
    });
    let mut keys = Vec::new();
    let mut seen = HashSet::new();
    let mut add = |paths: &'s Arc<[FieldPath]>, file: &dyn Fn() -> Option<usize>| {
        // Many users share one list.
        if !seen.contains(&paths.as_ptr())
            && let Some(file) = file()
        {
            seen.insert(paths.as_ptr());
            keys.extend(paths.iter().filter_map(|path| Some((path.key()?, file))));
        }
    };
    for (paths, number) in recorded.lists() {
        add(paths, &|| skipped.get(&number).copied());
    }
    for (paths, file) in read {
        add(paths, &|| Some(file));
    }
    keys
}
