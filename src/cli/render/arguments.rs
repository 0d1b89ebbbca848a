//! The arguments of what renders: there is no shell that could put an application's name and parameters into them.

use std::ffi::OsString;
use std::path::Path;

use super::super::{Failure, Result};

/// The command with its variables put in, and the lists appended. Variables that `inside` names are paths below the working
/// directory, and their lists too.
pub(super) fn expanded(command: &[OsString], append: &[String], inside: &[String]) -> Result<Vec<OsString>> {
    let here = std::env::current_dir().and_then(std::fs::canonicalize);
    let here = here.map_err(|error| Failure::io("the working directory", &error))?;
    let variable = |name: &str| -> Result<Option<String>> {
        let value = std::env::var(name).ok();
        let list = name.rsplit_once('_').filter(|(_, number)| number.bytes().all(|byte| byte.is_ascii_digit()));
        let is_path = inside.iter().any(|own| own == name || list.is_some_and(|(list, _)| list == own));
        match value.filter(|value| is_path && !value.is_empty()) {
            Some(value) => path_inside(&here, name, &value).map(Some),
            None => Ok(std::env::var(name).ok()),
        }
    };
    let mut out = Vec::new();
    for argument in command {
        out.push(match argument.to_str() {
            Some(text) => expand(text, &variable)?.into(),
            None => argument.clone(),
        });
    }
    for list in append {
        let Some((flag, name)) = list.rsplit_once('=').filter(|(flag, name)| !flag.is_empty() && !name.is_empty())
        else {
            return Err(Failure::usage(format!("--append takes FLAG=NAME, not `{list}`")));
        };
        for number in 0_usize.. {
            let Some(value) = variable(&format!("{name}_{number}"))? else { break };
            out.push(OsString::from(format!("{flag}={value}")));
        }
    }
    Ok(out)
}

/// A path that a person of the repository may name: what is there, through all links, is below the working directory. The
/// `./` before it says that it is a path where `github.com/x/y` would be fetched.
fn path_inside(here: &Path, name: &str, value: &str) -> Result<String> {
    let refused = |why: &str| {
        Failure::usage(format!("the value of {name} must be a path below the working directory: `{value}` {why}"))
    };
    if value.contains(',') {
        return Err(refused("holds a comma, which many programs take for the end of a path"));
    }
    let there = std::fs::canonicalize(here.join(value)).map_err(|_| refused("is not there"))?;
    if Path::new(value).is_absolute() || !there.starts_with(here) {
        return Err(refused("is not below it"));
    }
    Ok(format!("./{value}"))
}

/// One argument with `$(NAME)` and `$(NAME:-default)` put in; a default may hold others.
fn expand(argument: &str, variable: &dyn Fn(&str) -> Result<Option<String>>) -> Result<String> {
    let mut out = String::new();
    let mut rest = argument;
    while let Some((before, after)) = rest.split_once("$(") {
        let Some((inside, after)) = closed(after) else {
            return Err(Failure::usage(format!("`{argument}`: `$(` is not closed")));
        };
        let (name, default) = inside.split_once(":-").map_or((inside, None), |(name, default)| (name, Some(default)));
        let value = variable(name)?.filter(|value| !value.is_empty() || default.is_none());
        let value = match (value, default) {
            (Some(value), _) => value,
            (None, Some(default)) => expand(default, variable)?,
            (None, None) => {
                return Err(Failure::usage(format!("`{argument}`: the environment variable {name} is not set")));
            }
        };
        out.push_str(before);
        if out.is_empty() && value.starts_with('-') {
            // A parameter of an application is a value, and never another flag.
            return Err(Failure::usage(format!("`{argument}`: the value of {name} begins with `-`")));
        }
        out.push_str(&value);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

/// What stands before the parenthesis that closes, and what follows it.
fn closed(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' if depth == 0 => return Some((text.get(..at)?, text.get(at + 1..)?)),
            b')' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// A command for people, as it was given: variables stay names, and values of flags, which may be secrets, are left out.
pub(super) fn shown(command: &[OsString]) -> String {
    const MOST: usize = 8;
    let word = |word: &OsString| {
        let word = word.to_string_lossy();
        match word.split_once('=') {
            Some((flag, _)) => format!("{flag}=…"),
            None => word.into_owned(),
        }
    };
    let more = (command.len() > MOST).then(|| "…".to_owned());
    command.iter().take(MOST).map(word).chain(more).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put_in(argument: &str) -> std::result::Result<String, String> {
        let variable = |name: &str| {
            Ok(match name {
                "NAME" => Some("web".to_owned()),
                "FLAG" => Some("--enable-helm".to_owned()),
                "EMPTY" => Some(String::new()),
                _ => None,
            })
        };
        expand(argument, &variable).map_err(|failure| failure.message)
    }

    #[test]
    fn variables_are_put_in_and_never_become_flags() {
        for (argument, wanted) in [
            ("build", "build"),
            ("$(NAME)", "web"),
            ("--namespace=$(NAME)-$(NAME)", "--namespace=web-web"),
            ("$(NONE:-.)", "."),
            ("$(EMPTY:-.)", "."),
            ("$(NONE:-$(NAME))", "web"),
            ("$(NONE:-$(ALSO_NONE:-x))y", "xy"),
            ("$(NAME:-.)", "web"),
            ("--set=a=$(FLAG)", "--set=a=--enable-helm"),
            ("$NAME ${NAME}", "$NAME ${NAME}"),
        ] {
            assert_eq!(put_in(argument).as_deref(), Ok(wanted), "{argument}");
        }
        for (argument, wanted) in [
            ("$(NONE)", "the environment variable NONE is not set"),
            ("$(NAME", "is not closed"),
            ("$(NONE:-$(NAME)", "is not closed"),
            ("$(NONE:-$(ALSO_NONE))", "the environment variable ALSO_NONE is not set"),
            ("$(NONE:-$(FLAG))", "begins with `-`"),
            ("$(FLAG)", "the value of FLAG begins with `-`"),
            ("$(NONE:-)$(FLAG)", "the value of FLAG begins with `-`"),
        ] {
            assert!(put_in(argument).is_err_and(|message| message.contains(wanted)), "{argument}");
        }
    }

    #[test]
    fn what_is_shown_holds_no_values() {
        let words = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
        assert_eq!(shown(&words("helm template $(NAME) --set=password=hunter2")), "helm template $(NAME) --set=…");
        assert_eq!(shown(&words("a b c d e f g h i j")), "a b c d e f g h …");
    }
}
