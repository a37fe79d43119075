//! Combines what a project, its rules and the base of a review say about fields.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::digest::key::DigestKey;
use crate::model::field::FieldPath;
use crate::model::visibility::key_words;
use crate::model::visibility::patterns::FieldPatterns;
use crate::model::visibility::shown_ids::ShownIds;

/// The texts that a rule allows for a field.
pub type Vocabulary = BTreeSet<String>;

/// The field settings of one version of a project.
#[derive(Clone, Debug, Default)]
pub struct FieldSettings {
    /// Fields whose texts may be shown.
    pub public: FieldPatterns,
    /// Fields whose values are never shown.
    pub sensitive: FieldPatterns,
    /// Fields whose texts the rules limit to a vocabulary, by their path. Such texts may be shown.
    pub vocabularies: BTreeMap<String, Vocabulary>,
}

/// Decides which values may be shown. The default shows numbers, booleans and tags, and no text.
#[derive(Clone, Debug, Default)]
pub struct Visibility {
    own: FieldSettings,
    base: Option<FieldSettings>,
    reveals: bool,
    id_key: Option<DigestKey>,
}

/// Why a value is hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hidden {
    /// It is or may be personal.
    Sensitive,
    /// The project does not say that it may be shown.
    Undecided,
}

/// What may be shown of the values of one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldRule<'v> {
    /// Nothing.
    Hidden,
    /// Everything that does not look personal.
    Public,
    /// Numbers and booleans, and the texts that are in all of these vocabularies.
    Closed(Vec<&'v Vocabulary>),
    /// Numbers and booleans.
    Undecided,
}

impl Visibility {
    /// The visibility of a project.
    pub fn new(own: FieldSettings) -> Self {
        Self {
            own,
            base: None,
            reveals: false,
            id_key: None,
        }
    }

    /// The same with the settings of a review's base: a value is shown only if both show it.
    #[must_use]
    pub fn with_base(self, base: FieldSettings) -> Self {
        Self {
            base: Some(base),
            ..self
        }
    }

    /// Shows everything.
    #[must_use]
    pub fn revealing(self, reveals: bool) -> Self {
        Self { reveals, ..self }
    }

    /// Shows ids, where they are sensitive, as digests under this key.
    #[must_use]
    pub fn with_id_key(self, key: DigestKey) -> Self {
        Self {
            id_key: Some(key),
            ..self
        }
    }

    /// How ids are shown.
    pub fn ids(&self) -> ShownIds {
        let mut settings = std::iter::once(&self.own).chain(&self.base);
        let hides = settings.any(|settings| settings.sensitive.cover_member_ids());
        match &self.id_key {
            _ if self.reveals || !hides => ShownIds::Plain,
            Some(key) => ShownIds::Digests(key.clone()),
            None => ShownIds::Hidden,
        }
    }

    /// Whether everything is shown.
    pub fn reveals(&self) -> bool {
        self.reveals
    }

    /// The patterns that the project calls public.
    pub fn public(&self) -> &FieldPatterns {
        &self.own.public
    }

    /// What may be shown of a field, unless everything is.
    pub fn field(&self, path: &FieldPath) -> FieldRule<'_> {
        let is_personal = path.key().is_some_and(key_words::looks_personal);
        let mut vocabularies = Vec::new();
        let mut is_undecided = false;
        let settings = || std::iter::once(&self.own).chain(&self.base);
        if is_personal || settings().any(|settings| settings.sensitive.covers(path)) {
            return FieldRule::Hidden;
        }
        for settings in settings() {
            match settings.vocabularies.get(&path.to_string()) {
                _ if !path.is_text() || settings.public.covers(path) => {}
                Some(vocabulary) => vocabularies.push(vocabulary),
                None => is_undecided = true,
            }
        }
        match (is_undecided, vocabularies.is_empty()) {
            (true, _) => FieldRule::Undecided,
            (false, true) => FieldRule::Public,
            (false, false) => FieldRule::Closed(vocabularies),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::value::Value;
    use crate::model::visibility::lookup::VisibilityLookup;

    fn settings(public: &[&str], sensitive: &[&str]) -> FieldSettings {
        FieldSettings {
            public: FieldPatterns::new(public),
            sensitive: FieldPatterns::new(sensitive),
            vocabularies: BTreeMap::new(),
        }
    }

    fn path(text: &str) -> FieldPath {
        text.parse().expect("a field")
    }

    fn hides(visibility: &Visibility, field: &str, value: impl Into<Value>) -> Option<Hidden> {
        let lookup = VisibilityLookup::new(visibility);
        let value = value.into();
        lookup.user([]).hides(&path(field), &value)
    }

    #[test]
    fn a_text_is_hidden_unless_a_setting_shows_it() {
        let silent = Visibility::default();
        assert_eq!(
            hides(&silent, "profile.plan", "pro"),
            Some(Hidden::Undecided)
        );
        assert_eq!(hides(&silent, "profile.seats", 12), None);
        assert_eq!(hides(&silent, "profile.trial", true), None);
        assert_eq!(hides(&silent, "profile.phone", 12), Some(Hidden::Sensitive));
        let tags = Value::Texts(vec!["beta".into()].into());
        assert_eq!(hides(&silent, "tags", tags.clone()), None);

        let open = Visibility::new(settings(&["profile.*"], &["profile.SCORE", "tags"]));
        assert_eq!(hides(&open, "profile.plan", "pro"), None);
        assert_eq!(hides(&open, "profileOnce.plan", "pro"), None);
        assert_eq!(
            hides(&open, "profile.plan", "a@b.kr"),
            Some(Hidden::Sensitive)
        );
        assert_eq!(hides(&open, "profile.email", "x"), Some(Hidden::Sensitive));
        assert_eq!(hides(&open, "profile.score", 1), Some(Hidden::Sensitive));
        assert_eq!(hides(&open, "tags", tags), Some(Hidden::Sensitive));
        assert_eq!(hides(&open.revealing(true), "profile.email", "x"), None);
    }

    #[test]
    fn a_closed_vocabulary_shows_its_own_words() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let closed = |list: &[&str]| FieldSettings {
            vocabularies: BTreeMap::from([("profile.plan".to_owned(), words(list))]),
            ..FieldSettings::default()
        };
        let visibility = Visibility::new(closed(&["free", "pro"]));
        assert_eq!(hides(&visibility, "profile.plan", "pro"), None);
        assert_eq!(
            hides(&visibility, "profile.plan", "Kim"),
            Some(Hidden::Undecided)
        );
        let with_base = visibility.with_base(closed(&["free"]));
        assert_eq!(hides(&with_base, "profile.plan", "free"), None);
        assert_eq!(
            hides(&with_base, "profile.plan", "pro"),
            Some(Hidden::Undecided)
        );
    }

    #[test]
    fn a_review_uncovers_nothing() {
        let own = settings(&["profile.*"], &[]);
        let base = settings(&["profile.plan"], &["profile.score", "tags"]);
        let both = Visibility::new(own).with_base(base);
        assert_eq!(hides(&both, "profile.plan", "pro"), None);
        assert_eq!(
            hides(&both, "profile.note", "hello"),
            Some(Hidden::Undecided)
        );
        assert_eq!(hides(&both, "profile.score", 3), Some(Hidden::Sensitive));
        let tags = Value::Texts(vec!["beta".into()].into());
        assert_eq!(hides(&both, "tags", tags), Some(Hidden::Sensitive));
    }

    #[test]
    fn ids_are_hidden_where_the_project_or_the_base_says_so() {
        let plain = Visibility::new(settings(&["profile.*"], &["profile.*"]));
        assert!(!plain.ids().hides());
        for pattern in ["memberId", "MEMBER_ID", "*"] {
            let own = Visibility::new(settings(&[], &[pattern]));
            assert!(matches!(own.ids(), ShownIds::Hidden), "{pattern}");
            let keyed = own.with_id_key(DigestKey::new(b"salt", None));
            assert!(matches!(keyed.ids(), ShownIds::Digests(_)), "{pattern}");
            assert!(!keyed.revealing(true).ids().hides());
            let with_base = plain.clone().with_base(settings(&[], &[pattern]));
            assert!(with_base.ids().hides(), "{pattern}");
        }
    }

    #[test]
    fn a_text_with_a_hidden_value_of_its_user_is_hidden() {
        let visibility = Visibility::new(settings(&["profile.greeting"], &[]));
        let lookup = VisibilityLookup::new(&visibility);
        let name = Value::from("Gabrielle");
        let user = lookup.user([(path("profile.name"), (&name).into())]);
        let greeting = path("profile.greeting");
        assert_eq!(user.hides(&greeting, &Value::from("hello")), None);
        let hidden = user.hides(&greeting, &Value::from("Hello gabrielle!"));
        assert_eq!(hidden, Some(Hidden::Sensitive));
        let tags = Value::Texts(vec!["beta".into(), "gabrielle".into()].into());
        assert_eq!(user.hides(&path("tags"), &tags), Some(Hidden::Sensitive));
    }
}
