//! JSON Schemas of the manifests and of the project file, for editors and for CI.
//!
//! The types here exist to be described, never to be read into: the reader says more, and says
//! where. A test holds both against the same examples.

// Nobody makes or reads these: the derive looks at their shape.
#![allow(dead_code)]

use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use schemars::transform::Transform;
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

use crate::model::{ApiVersion, RemovedFields, RemovedUsers};

/// The JSON Schema (draft 2020-12) of one manifest document, for one API version.
pub fn manifest_schema(api: ApiVersion) -> Value {
    let mut schema = generate::<Document>("A talkform manifest");
    for definition in ["UserDocument", "ListItem", "Defaults"] {
        let properties = &mut schema["$defs"][definition]["properties"];
        properties["tags"]["maxItems"] = json!(api.most_tags());
        if api == ApiVersion::V5
            && let Some(properties) = properties.as_object_mut()
        {
            properties.remove("unsubscribed");
        }
    }
    schema
}

/// The JSON Schema (draft 2020-12) of the project file.
pub fn project_schema() -> Value {
    generate::<ProjectDocument>("A talkform project")
}

fn generate<T: JsonSchema>(title: &str) -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<T>().to_value();
    schema["title"] = json!(title);
    schema
}

/// One document: a user, or a list of users.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Document {
    User(UserDocument),
    UserList(UserListDocument),
}

/// One user.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "camelCase", transform = Require(&["apiVersion", "kind", "memberId"]))]
struct UserDocument {
    /// The version of this language.
    #[schemars(extend("const" = "talkform/v1"))]
    api_version: String,
    /// What this document is.
    #[schemars(extend("const" = "User"))]
    kind: String,
    /// The id under which your own system knows the user. Always in quotes; unique over all
    /// manifests.
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^\S+$"))]
    member_id: String,
    /// Attributes that Channel shall have exactly so.
    profile: Profile,
    /// Attributes that Channel fills in only where they are missing.
    profile_once: ProfileOnce,
    /// The whole set of tags, in lower case. `[]` removes all; without the field they are left
    /// alone.
    tags: Vec<Tag>,
    /// No marketing messages at all (API v4 only).
    unsubscribed: bool,
    /// No marketing by e-mail.
    unsubscribe_email: bool,
    /// No marketing by text message.
    unsubscribe_texting: bool,
}

/// Many users.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "camelCase", transform = Require(&["apiVersion", "kind", "users"]))]
struct UserListDocument {
    /// The version of this language.
    #[schemars(extend("const" = "talkform/v1"))]
    api_version: String,
    /// What this document is.
    #[schemars(extend("const" = "UserList"))]
    kind: String,
    /// Merged under every user of this document: profile keys one by one, other fields as a
    /// whole; what the user says wins.
    defaults: Defaults,
    /// Users whose id changed. Channel cannot rename, so the user is sent whole under the new id. An
    /// entry may stay after it was applied.
    moved: Vec<Move>,
    /// The users.
    users: Vec<ListItem>,
}

/// A user whose id changed.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "camelCase", transform = Require(&["from", "to"]))]
struct Move {
    /// The id before. No longer declared.
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^\S+$"))]
    from: String,
    /// The id from now on. Declared in any of the manifests.
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^\S+$"))]
    to: String,
}

/// One user of a list.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "camelCase", transform = Require(&["memberId"]))]
struct ListItem {
    /// The id under which your own system knows the user. Always in quotes; unique over all
    /// manifests.
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^\S+$"))]
    member_id: String,
    /// Attributes that Channel shall have exactly so.
    profile: Profile,
    /// Attributes that Channel fills in only where they are missing.
    profile_once: ProfileOnce,
    /// The whole set of tags, in lower case. `[]` removes all; without the field they are left
    /// alone.
    tags: Vec<Tag>,
    /// No marketing messages at all (API v4 only).
    unsubscribed: bool,
    /// No marketing by e-mail.
    unsubscribe_email: bool,
    /// No marketing by text message.
    unsubscribe_texting: bool,
}

/// What users have where they do not say otherwise.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "camelCase", transform = Require(&[]))]
struct Defaults {
    /// Attributes that Channel shall have exactly so.
    profile: Profile,
    /// Attributes that Channel fills in only where they are missing.
    profile_once: ProfileOnce,
    /// The whole set of tags, in lower case.
    tags: Vec<Tag>,
    /// No marketing messages at all (API v4 only).
    unsubscribed: bool,
    /// No marketing by e-mail.
    unsubscribe_email: bool,
    /// No marketing by text message.
    unsubscribe_texting: bool,
}

/// Names the fields that must be there; all others may be left out, though never be null.
struct Require(&'static [&'static str]);

impl Transform for Require {
    fn transform(&mut self, schema: &mut Schema) {
        schema.remove("required");
        if !self.0.is_empty() {
            schema.insert("required".to_owned(), json!(self.0));
        }
    }
}

/// Attributes; null removes a key from Channel.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", transform = restrict_keys, transform = Require(&[]))]
struct Profile {
    /// The name that is shown.
    name: Option<String>,
    /// The first name.
    first_name: Option<String>,
    /// The last name.
    last_name: Option<String>,
    /// The e-mail address.
    email: Option<String>,
    /// The address of a picture.
    avatar_url: Option<String>,
    /// The mobile telephone number in E.164 notation, in quotes.
    mobile_number: Option<Phone>,
    /// The landline number in E.164 notation, in quotes.
    landline_number: Option<Phone>,
    /// How many purchases there were.
    #[schemars(range(min = -2_147_483_648_i64, max = 2_147_483_647))]
    recent_purchase_count: Option<i32>,
    /// What they came to.
    recent_purchase_amount: Option<f64>,
    /// Attributes of your own.
    #[schemars(flatten)]
    other: BTreeMap<String, Option<ProfileValue>>,
}

/// Attributes that are filled in only where they are missing; never null.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", transform = restrict_keys, transform = Require(&[]))]
struct ProfileOnce {
    /// The name that is shown.
    name: String,
    /// The first name.
    first_name: String,
    /// The last name.
    last_name: String,
    /// The e-mail address.
    email: String,
    /// The address of a picture.
    avatar_url: String,
    /// The mobile telephone number in E.164 notation, in quotes.
    mobile_number: Phone,
    /// The landline number in E.164 notation, in quotes.
    landline_number: Phone,
    /// How many purchases there were.
    #[schemars(range(min = -2_147_483_648_i64, max = 2_147_483_647))]
    recent_purchase_count: i32,
    /// What they came to.
    recent_purchase_amount: f64,
    /// Attributes of your own.
    #[schemars(flatten)]
    other: BTreeMap<String, ProfileValue>,
}

fn restrict_keys(schema: &mut Schema) {
    schema.insert(
        "propertyNames".to_owned(),
        json!({ "pattern": r"^[^.\s]+$", "not": { "const": "empty" } }),
    );
}

/// A telephone number in E.164 notation.
#[derive(JsonSchema)]
#[schemars(extend("pattern" = r"^\+[1-9][0-9]{6,14}$"))]
struct Phone(String);

/// A tag.
#[derive(JsonSchema)]
#[schemars(extend("pattern" = r"\S"))]
struct Tag(String);

/// A text, a number, a boolean, a list of texts or a list of numbers.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum ProfileValue {
    Text(String),
    Number(f64),
    Boolean(bool),
    Texts(Vec<String>),
    Numbers(Vec<f64>),
}

/// The project file `talkform.yaml`. Everything has a default.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "camelCase", transform = Require(&[]))]
struct ProjectDocument {
    /// The version of this language.
    #[schemars(extend("const" = "talkform/v1"))]
    api_version: String,
    /// What this file is.
    #[schemars(extend("const" = "Project"))]
    kind: String,
    #[schemars(flatten)]
    settings: Settings,
    /// Settings that replace those above where `--env NAME` asks for it.
    environments: BTreeMap<String, Settings>,
}

/// What an environment can set too.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "camelCase", transform = Require(&[]))]
struct Settings {
    /// Patterns of manifest files, relative to this file: `*` within a name, `**` over folders.
    #[schemars(length(min = 1), extend("default" = ["users/**/*.yaml"]))]
    manifests: Vec<NotEmpty>,
    /// Where Channel is.
    channel: Channel,
    /// The path of the state file.
    #[schemars(extend("default" = "talkform.state.json"))]
    state: NotEmpty,
    /// What happens to what is no longer declared.
    removed: Removed,
    /// Fields whose values are never shown; `*` and `?` stand for any characters.
    #[schemars(extend("default" = crate::model::Sensitive::DEFAULT))]
    sensitive: Vec<NotEmpty>,
    /// The path of a JSON Schema that every desired user must satisfy.
    rules: NotEmpty,
    /// Bounds on how much one plan may do.
    limits: Limits,
}

/// A text with something in it.
#[derive(JsonSchema)]
#[schemars(extend("pattern" = r"\S"))]
struct NotEmpty(String);

/// Where Channel is, and how fast it may be asked.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "camelCase", transform = Require(&[]))]
struct Channel {
    /// The version of the Open API.
    #[schemars(extend("default" = "v4"))]
    api: ApiVersion,
    /// Scheme, host and port. Plain http is for this machine only.
    #[schemars(regex(pattern = r"^[Hh][Tt][Tt][Pp][Ss]?://[^/?#@]+/*$"), extend("default" = "https://api.channel.io"))]
    base_url: String,
    /// The only channel that may be touched. Always in quotes.
    #[schemars(length(min = 1))]
    id: String,
    /// How fast requests may be sent.
    rate: Rate,
}

/// How fast requests may be sent.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "camelCase", transform = Require(&[]))]
struct Rate {
    /// Requests a second.
    #[schemars(extend("exclusiveMinimum" = 0, "default" = 10))]
    per_second: f64,
    /// Requests at once.
    #[schemars(range(min = 1), extend("default" = 1000))]
    burst: u32,
}

/// What happens to what is no longer declared.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "camelCase", transform = Require(&[]))]
struct Removed {
    /// Users: `forget` leaves them as they are on Channel, `delete` deletes them there.
    users: RemovedUsers,
    /// Fields: `clear` removes them from Channel, `forget` leaves them there.
    fields: RemovedFields,
}

/// Bounds on one plan: a count of users, or a percentage of those recorded.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "camelCase", transform = Require(&[]))]
struct Limits {
    /// Users to create.
    create: Limit,
    /// Users to update.
    update: Limit,
    /// Users that lose a field.
    clear: Limit,
    /// Users to forget.
    forget: Limit,
    /// Users to delete.
    delete: Limit,
    /// Users who may be messaged again although they may have opted out.
    opt_in: Limit,
    /// The least number of users the manifests must declare.
    min_users: u32,
}

/// A count such as 500, or a percentage such as 30%.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Limit {
    Count(u32),
    Percent(Percent),
}

/// A percentage from 0% to 100%.
#[derive(JsonSchema)]
#[schemars(extend("pattern" = r"^(100(\.0+)?|[0-9]{1,2}(\.[0-9]+)?) *%$"))]
struct Percent(String);
