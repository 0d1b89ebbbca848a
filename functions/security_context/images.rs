//! What a config knows of images: the user that each names.

use super::spec::ImageFact;
use super::values::ImageUser;

/// The user of an image, by the first fact whose name fits.
pub(super) fn user<'s>(facts: &'s [ImageFact], image: &str) -> Option<&'s ImageUser> {
    facts.iter().find(|fact| is_named(image, &fact.name)).map(|fact| &fact.user)
}

/// Whether an image goes by a name, which may leave out digest, or tag and digest.
fn is_named(image: &str, name: &str) -> bool {
    let (image, name) = (full(image), full(name));
    let (tagged, digest) = image.split_once('@').map_or((image, None), |(tagged, digest)| (tagged, Some(digest)));
    // A colon before the last slash is a registry's port.
    let behind = tagged.rfind('/').map_or(0, |at| at + 1);
    let end = tagged.get(behind..).and_then(|last| last.find(':')).map_or(tagged.len(), |at| behind + at);
    let bare = tagged.get(..end).unwrap_or(tagged);
    let by_digest = || name.split_once('@').is_some_and(|(other, own)| other == bare && Some(own) == digest);
    name == image || name == tagged || name == bare || by_digest()
}

/// Without what the runtime adds to names that do not say it.
fn full(name: &str) -> &str {
    let name = name.strip_prefix("index.").unwrap_or(name);
    let name = name.strip_prefix("docker.io/").unwrap_or(name);
    name.strip_prefix("library/").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::is_named;

    #[test]
    fn a_name_may_leave_out_tag_and_digest() {
        for (image, name, wanted) in [
            ("nginx", "nginx", true),
            ("nginx:1.27", "nginx", true),
            ("docker.io/library/nginx:1.27", "nginx", true),
            ("nginx", "docker.io/library/nginx", true),
            ("localhost:5000/app", "localhost:5000/app", true),
            ("localhost:5000/app:1@sha256:ab", "localhost:5000/app", true),
            ("localhost:5000/app:1@sha256:ab", "localhost:5000/app:1", true),
            ("localhost:5000/app:1@sha256:ab", "localhost:5000/app@sha256:ab", true),
            ("localhost:5000/app:1@sha256:ab", "localhost:5000/app@sha256:cd", false),
            ("localhost:5000/app", "localhost", false),
            ("nginx:1.27", "nginx:1.26", false),
            ("nginx-unprivileged", "nginx", false),
            ("example.com/nginx", "nginx", false),
        ] {
            assert_eq!(is_named(image, name), wanted, "{image} {name}");
        }
    }
}
