//! Metadata: names by kind, owners, finalizers.

use super::walk::shown;
use super::{Judge, format, is_true, items, rules, text};
use krmor_yaml::Node;

impl Judge<'_> {
    /// `ValidateObjectMetaAccessor`, but for what one field says alone.
    pub(super) fn meta(&mut self, node: Node<'_>, at: &str) {
        if text(node, "name").is_empty() && text(node, "generateName").is_empty() {
            let message = "the object has neither `name` nor `generateName`";
            self.say(&rules::REQUIRED, at, message, "set `metadata.name`");
        }
        let mut controllers = items(node, at, "ownerReferences").filter(|(_, owner)| is_true(*owner, "controller"));
        if let Some((place, _)) = controllers.nth(1) {
            let message = "two owners say `controller: true`";
            self.say(&rules::DUPLICATE, &place, message, "let one owner be the controller");
        }
    }

    /// The name of an object, as its kind has it; a generated one gets five characters more.
    pub(super) fn object_name(&mut self, root: Node<'_>, grammar: &str, longest: usize) {
        let Some(meta) = root.get("metadata") else { return };
        let (name, prefix) = (text(meta, "name"), text(meta, "generateName"));
        let (key, judged) = match name.is_empty() {
            false => ("name", name.clone()),
            true if prefix.is_empty() => return,
            // As `SimpleNameGenerator` has it.
            true => ("generateName", format!("{}bbbbb", prefix.chars().take(58).collect::<String>())),
        };
        let fault = format::fault(grammar, &judged)
            .or_else(|| (judged.len() > longest).then(|| format!("must have at most {longest} characters")));
        if let Some(fault) = fault {
            let written = if key == "name" { name } else { prefix };
            let message = format!("`{key}: {}` {fault}", shown(&written));
            self.say(&rules::VALUE, &format!("/metadata/{key}"), message, "rename the object");
        }
    }
}
