//! Looks up which values of a user may be shown.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;

use crate::model::field::FieldPath;
use crate::model::ids::member_id::MemberId;
use crate::model::user::attributes::FieldValue;
use crate::model::value::Value;
use crate::model::visibility::hidden_texts::HiddenTexts;
use crate::model::visibility::personal_value;
use crate::model::visibility::settings::{FieldRule, Hidden, Visibility};

/// Looks up fields of many users, each field's rule once.
#[derive(Debug)]
pub struct VisibilityLookup<'v> {
    visibility: &'v Visibility,
    hides_ids: bool,
    rules: RefCell<Rules<'v>>,
}

/// The rules that were looked up.
#[derive(Debug, Default)]
struct Rules<'v> {
    known: Vec<(FieldPath, FieldRule<'v>)>,
    places: HashMap<FieldPath, usize>,
    /// Where the next one is likely to be: users have their fields in one order.
    next: usize,
}

/// How many places are tried before a field is looked up by its hash: a user lacks some of the fields.
const NEAR: usize = 3;

impl<'v> Rules<'v> {
    fn get(&mut self, path: &FieldPath) -> Option<FieldRule<'v>> {
        let near = self.known.iter().skip(self.next).take(NEAR);
        let likely = near.map(|(known, _)| known).position(|known| known == path);
        let place = match likely {
            Some(after) => self.next + after,
            None => *self.places.get(path)?,
        };
        self.next = (place + 1) % self.known.len();
        Some(self.known[place].1.clone())
    }

    fn add(&mut self, path: &FieldPath, rule: FieldRule<'v>) {
        self.places.insert(path.clone(), self.known.len());
        self.known.push((path.clone(), rule));
    }
}

impl<'v> VisibilityLookup<'v> {
    /// A lookup without cached fields.
    pub fn new(visibility: &'v Visibility) -> Self {
        Self {
            visibility,
            hides_ids: visibility.ids().hides(),
            rules: RefCell::default(),
        }
    }

    /// Whether every value of a field is hidden.
    pub fn hides_field(&self, path: &FieldPath) -> bool {
        !self.visibility.reveals() && matches!(self.rule(path), FieldRule::Hidden)
    }

    /// What may be shown of one user of whom these values are known: declared, applied before, or on Channel.
    pub fn user<'a>(
        &self,
        values: impl IntoIterator<Item = (FieldPath, FieldValue<'a>)>,
    ) -> UserVisibility<'_, 'v, 'a> {
        let mut known = Vec::new();
        if !self.visibility.reveals() {
            // A loop would ask each part of a chain for each value.
            values.into_iter().for_each(|value| known.push(value));
        }
        UserVisibility {
            lookup: self,
            known,
            ids: Vec::new(),
            texts: OnceCell::new(),
        }
    }

    /// The same of a user with this id, which counts as a value where ids are hidden.
    pub fn user_with_id<'a>(
        &self,
        id: &MemberId,
        values: impl IntoIterator<Item = (FieldPath, FieldValue<'a>)>,
    ) -> UserVisibility<'_, 'v, 'a> {
        self.user(values).with_id(id)
    }

    fn rule(&self, path: &FieldPath) -> FieldRule<'v> {
        let mut rules = self.rules.borrow_mut();
        rules.get(path).unwrap_or_else(|| {
            let rule = self.visibility.field(path);
            rules.add(path, rule.clone());
            rule
        })
    }
}

/// Decides which values of one user may be shown.
#[derive(Debug)]
pub struct UserVisibility<'l, 'v, 'a> {
    lookup: &'l VisibilityLookup<'v>,
    /// Every known value.
    known: Vec<(FieldPath, FieldValue<'a>)>,
    /// The ids that count as values.
    ids: Vec<MemberId>,
    /// Those of the values that are hidden. They are collected when the first text may be shown: many users have none.
    texts: OnceCell<HiddenTexts>,
}

impl UserVisibility<'_, '_, '_> {
    /// The same, where this id, too, is one of the user.
    #[must_use]
    pub fn with_id(mut self, id: &MemberId) -> Self {
        if self.lookup.hides_ids {
            self.ids.push(id.clone());
            self.texts = OnceCell::new();
        }
        self
    }

    /// Why a value of this user is hidden; `None` if it may be shown.
    pub fn hides<'a>(&self, path: &FieldPath, value: impl Into<FieldValue<'a>>) -> Option<Hidden> {
        let value = value.into();
        if self.lookup.visibility.reveals() {
            return None;
        }
        let rule = self.lookup.rule(path);
        rule.hides(value).or_else(|| {
            let contains = texts(value).any(|text| self.hidden_texts().are_in(text));
            contains.then_some(Hidden::Sensitive)
        })
    }

    /// Whether every value of a field is hidden.
    pub fn hides_field(&self, path: &FieldPath) -> bool {
        self.lookup.hides_field(path)
    }

    /// The hidden values of this user.
    pub fn hidden_texts(&self) -> &HiddenTexts {
        self.texts.get_or_init(|| {
            let mut texts = HiddenTexts::default();
            for (path, value) in &self.known {
                if self.lookup.rule(path).hides(*value).is_some() {
                    texts.add(*value);
                }
            }
            for id in &self.ids {
                texts.add_id(id);
            }
            texts
        })
    }
}

impl FieldRule<'_> {
    /// Why a value is hidden, whatever the other values of its user.
    pub fn hides(&self, value: FieldValue<'_>) -> Option<Hidden> {
        if matches!(self, Self::Hidden) || looks_personal(value) {
            // An absent value is no secret.
            return (value != FieldValue::Clear).then_some(Hidden::Sensitive);
        }
        let is_shown = |text: &str| match self {
            Self::Hidden => false,
            Self::Public => true,
            Self::Closed(vocabularies) => {
                let mut vocabularies = vocabularies.iter();
                vocabularies.all(|vocabulary| vocabulary.contains(text))
            }
            Self::Undecided => text.is_empty(),
        };
        let is_shown = texts(value).all(is_shown);
        (!is_shown).then_some(Hidden::Undecided)
    }
}

fn looks_personal(value: FieldValue<'_>) -> bool {
    texts(value).any(personal_value::looks_personal)
        || match value {
            FieldValue::Value(Value::Number(number)) => {
                personal_value::number_looks_personal(*number)
            }
            FieldValue::Value(Value::Numbers(numbers)) => {
                let mut numbers = numbers.iter().copied();
                numbers.any(personal_value::number_looks_personal)
            }
            _ => false,
        }
}

/// The texts in a value: itself, its items, or none.
fn texts(value: FieldValue<'_>) -> impl Iterator<Item = &str> {
    let (one, many, tags) = match value {
        FieldValue::Value(Value::Text(text)) => (Some(&**text), None, None),
        FieldValue::Value(Value::Texts(texts)) => (None, Some(texts), None),
        FieldValue::Tags(tags) => (None, None, Some(tags)),
        FieldValue::Value(Value::Number(_) | Value::Numbers(_) | Value::Boolean(_))
        | FieldValue::Flag(_)
        | FieldValue::Clear => (None, None, None),
    };
    let many = many.into_iter().flatten().map(|text| &**text);
    let tags = tags.into_iter().flatten().map(|tag| &**tag);
    one.into_iter().chain(many).chain(tags)
}
