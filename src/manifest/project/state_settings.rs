//! Reads and checks the settings of a project that tell where its state is.

use crate::manifest::problem::problems::Problem;
use crate::manifest::project::base_url;
use crate::manifest::project::settings::{STATE_STORE, SettingsReader};
use crate::manifest::syntax::node::Node;
use crate::model::{StateKeyRule, StateStore, is_state_address, state_address};

impl SettingsReader<'_> {
    pub(super) fn state(&mut self, node: &Node<'_>, state: &mut String) {
        let Some(path) = self.path(node, "state") else {
            return;
        };
        if path.starts_with("file://") {
            let message = "a state outside of the project's folder";
            self.problems.push(
                Problem::error("path-leaves-project", node.span, message)
                    .path("state")
                    .hint("write a path in the folder; only --state or TALKFORM_STATE names a state elsewhere"),
            );
        } else if is_state_address(&path)
            && let Err(error) = state_address(&path)
        {
            self.problems.push(
                Problem::error("invalid-state-address", node.span, error.to_string())
                    .path("state")
                    .hint("write it like `s3://bucket/talkform.state.json`"),
            );
        }
        *state = path;
    }

    pub(super) fn state_store(&mut self, node: &Node<'_>, store: &mut StateStore) {
        for member in self.members(node, "stateStore") {
            let value = &member.value;
            match &*member.key {
                "region" => store.region = self.text(value, "stateStore.region"),
                "endpoint" => {
                    if let Some(text) = self.text(value, "stateStore.endpoint") {
                        match base_url::parse_endpoint(&text) {
                            Ok(url) => store.endpoint = Some(url),
                            Err(error) => self.problems.push(
                                Problem::error("invalid-endpoint", value.span, error.message)
                                    .path("stateStore.endpoint")
                                    .hint(error.hint),
                            ),
                        }
                    }
                }
                "pathStyle" => {
                    let choices = [("true", Some(true)), ("false", Some(false))];
                    self.choose(
                        value,
                        "stateStore.pathStyle",
                        &choices,
                        &mut store.path_style,
                    );
                }
                "kmsKey" => store.kms_key = self.text(value, "stateStore.kmsKey"),
                _ => self.unknown(member, "stateStore", &STATE_STORE),
            }
        }
    }

    pub(super) fn state_key(&mut self, node: &Node<'_>, rule: &mut StateKeyRule) {
        let rules = [
            ("required", StateKeyRule::Required),
            ("none", StateKeyRule::None),
        ];
        self.choose(node, "stateKey", &rules, rule);
    }
}
