//! Keeps the users of a sandbox, in memory and in a file: one line a write, read back at the start.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json, json};

use crate::model::ApiVersion;
use crate::regular_file;

/// A field of a body that Channel would refuse.
#[derive(Debug)]
pub(crate) struct InvalidField {
    pub(crate) field: String,
    pub(crate) message: &'static str,
}

#[derive(Debug)]
pub(crate) struct Users {
    by_id: BTreeMap<String, Json>,
    channel_id: String,
    requests: u64,
    file: Option<File>,
}

/// Rewrites the file of a sandbox that has stopped, so that it holds nothing of users that were deleted. A file that
/// does not exist stays away.
///
/// # Errors
///
/// The file cannot be read or written.
pub fn compact(path: &Path) -> io::Result<()> {
    if fs::exists(path)? {
        Users::open(Some(path), String::new())?;
    }
    Ok(())
}

impl Users {
    /// Reads the file, if there is one, and rewrites it with one line for each user. A line that a kill cut
    /// off is dropped.
    pub(crate) fn open(path: Option<&Path>, channel_id: String) -> io::Result<Self> {
        let mut users = Self {
            by_id: BTreeMap::new(),
            channel_id,
            requests: 0,
            file: None,
        };
        let Some(path) = path else {
            return Ok(users);
        };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        match regular_file::existing(path) {
            Ok(file) => users.read(file)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let fresh: PathBuf = path.with_extension("new");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        // Nobody else can open the file before it gets its permissions.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&fresh)?;
        #[cfg(unix)]
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        let mut text = String::new();
        for user in users.by_id.values() {
            text.push_str(&line(&json!({"user": user, "requests": users.requests})));
        }
        if users.by_id.is_empty() {
            text.push_str(&line(&json!({"requests": users.requests})));
        }
        file.write_all(text.as_bytes())?;
        fs::rename(&fresh, path)?;
        users.file = Some(file);
        Ok(users)
    }

    fn read(&mut self, file: File) -> io::Result<()> {
        for line in BufReader::new(file).split(b'\n') {
            let Ok(event) = serde_json::from_slice::<Json>(&line?) else {
                continue;
            };
            self.requests = event["requests"].as_u64().unwrap_or(self.requests);
            if let Some(id) = event["user"]["memberId"].as_str() {
                self.by_id.insert(id.to_owned(), event["user"].clone());
            }
            if let Some(id) = event["deleted"].as_str() {
                self.by_id.remove(id);
            }
        }
        Ok(())
    }

    fn write(&mut self, event: &Json) -> io::Result<()> {
        match &mut self.file {
            Some(file) => file.write_all(line(event).as_bytes()),
            None => Ok(()),
        }
    }

    /// Counts a request about a user and returns its number.
    pub(crate) fn count(&mut self) -> u64 {
        self.requests += 1;
        self.requests
    }

    pub(crate) fn requests(&self) -> u64 {
        self.requests
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Json> {
        self.by_id.get(id)
    }

    pub(crate) fn member_ids(&self) -> Vec<String> {
        self.by_id.keys().cloned().collect()
    }

    /// Removes a user. Returns `false` if there was none.
    pub(crate) fn delete(&mut self, id: &str) -> io::Result<bool> {
        let found = self.by_id.remove(id).is_some();
        if found {
            self.write(&json!({"deleted": id, "requests": self.requests}))?;
        }
        Ok(found)
    }

    /// Changes a user without checking the result. Returns `false` if there was none.
    pub(crate) fn edit(&mut self, id: &str, edit: impl FnOnce(&mut Json)) -> io::Result<bool> {
        let Some(mut user) = self.by_id.get(id).cloned() else {
            return Ok(false);
        };
        edit(&mut user);
        self.write(&json!({"user": user, "requests": self.requests}))?;
        self.by_id.insert(id.to_owned(), user);
        Ok(true)
    }

    /// Creates or patches a user.
    pub(crate) fn upsert(
        &mut self,
        api: ApiVersion,
        id: &str,
        body: &Json,
        ignore_tags: bool,
        now: u128,
    ) -> io::Result<Result<&Json, Vec<InvalidField>>> {
        let now = u64::try_from(now).unwrap_or(u64::MAX);
        let invalid = check(api, body);
        if !invalid.is_empty() {
            return Ok(Err(invalid));
        }
        // Every request about a user is counted, so the number gives a new id.
        let number = self.requests;
        let mut user = self.by_id.get(id).cloned().unwrap_or_else(|| {
            json!({
                "id": format!("sandbox-{number}"),
                "channelId": self.channel_id,
                "memberId": id,
                "member": true,
                "profile": {},
                "tags": [],
                "createdAt": now,
                "version": 0,
            })
        });
        patch(&mut user, body, ignore_tags);
        user["updatedAt"] = json!(now);
        user["version"] = json!(user["version"].as_u64().unwrap_or(0) + 1);
        self.write(&json!({"user": user, "requests": self.requests}))?;
        self.by_id.insert(id.to_owned(), user);
        Ok(Ok(&self.by_id[id]))
    }
}

fn line(event: &Json) -> String {
    format!("{event}\n")
}

fn patch(user: &mut Json, body: &Json, ignore_tags: bool) {
    let mut profile = match body.get("profile") {
        Some(Json::Null) => Map::new(),
        _ => user["profile"].as_object().cloned().unwrap_or_default(),
    };
    if let Some(sent) = body.get("profile").and_then(Json::as_object) {
        for (key, value) in sent {
            if value.is_null() {
                profile.remove(key);
            } else {
                profile.insert(key.clone(), value.clone());
            }
        }
    }
    if let Some(sent) = body.get("profileOnce").and_then(Json::as_object) {
        for (key, value) in sent {
            profile.entry(key.clone()).or_insert_with(|| value.clone());
        }
        user["profileOnce"] = json!(sent);
    }
    user["profile"] = Json::Object(profile);
    if let Some(tags) = body.get("tags").and_then(Json::as_array)
        && !ignore_tags
    {
        let mut lower: Vec<String> = tags
            .iter()
            .filter_map(Json::as_str)
            .map(str::to_lowercase)
            .collect();
        lower.sort();
        lower.dedup();
        user["tags"] = json!(lower);
    }
    for flag in [
        "language",
        "unsubscribed",
        "unsubscribeEmail",
        "unsubscribeTexting",
        "blocked",
    ] {
        if let Some(sent) = body.get(flag) {
            user[flag] = sent.clone();
        }
    }
}

fn check(api: ApiVersion, body: &Json) -> Vec<InvalidField> {
    let Some(body) = body.as_object() else {
        return vec![InvalidField {
            field: "body".to_owned(),
            message: "must be an object",
        }];
    };
    let mut invalid = Vec::new();
    let mut report = |field: String, message| invalid.push(InvalidField { field, message });
    for (name, value) in body {
        match name.as_str() {
            "profile" | "profileOnce" => match value {
                Json::Null => {}
                Json::Object(profile) => {
                    for (key, value) in profile {
                        if let Some(message) = wrong_value(key, value) {
                            report(format!("{name}.{key}"), message);
                        }
                    }
                }
                _ => report(name.clone(), "must be an object"),
            },
            "tags" => match value.as_array() {
                Some(tags) if tags.len() > api.most_tags() => report(name.clone(), "too many tags"),
                Some(tags) if !tags.iter().all(Json::is_string) => {
                    report(name.clone(), "must be strings");
                }
                Some(_) => {}
                None => report(name.clone(), "must be an array"),
            },
            "unsubscribed" if api == ApiVersion::V5 => report(name.clone(), "unknown field"),
            "blocked" if api == ApiVersion::V4 => report(name.clone(), "read only"),
            "unsubscribed" | "unsubscribeEmail" | "unsubscribeTexting" | "blocked" => {
                if !value.is_boolean() {
                    report(name.clone(), "must be a boolean");
                }
            }
            "language" if !value.is_string() => report(name.clone(), "must be a string"),
            "managedKey" | "language" => {}
            _ => report(name.clone(), "unknown field"),
        }
    }
    invalid
}

fn wrong_value(key: &str, value: &Json) -> Option<&'static str> {
    let is_list = |of: fn(&Json) -> bool| value.as_array().is_some_and(|list| list.iter().all(of));
    match key {
        _ if value.is_null() => None,
        "name" | "firstName" | "lastName" | "email" | "avatarUrl" => {
            (!value.is_string()).then_some("must be a string")
        }
        "mobileNumber" | "landlineNumber" => {
            let is_number = value.as_str().is_some_and(|text| {
                text.strip_prefix('+').is_some_and(|digits| {
                    (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
                })
            });
            (!is_number).then_some("must be an E.164 phone number")
        }
        "recentPurchaseCount" => {
            let is_integer = value
                .as_i64()
                .is_some_and(|number| i32::try_from(number).is_ok());
            (!is_integer).then_some("must be a 32-bit integer")
        }
        "recentPurchaseAmount" => (!value.is_number()).then_some("must be a number"),
        _ => {
            let fits = value.is_string()
                || value.is_number()
                || value.is_boolean()
                || is_list(Json::is_string)
                || is_list(Json::is_number);
            (!fits).then_some("must be a string, a number, a boolean or a list of one kind")
        }
    }
}
