//! The arguments of what renders: there is no shell that could put an application's name and parameters into them.

use std::ffi::OsString;

use super::super::{Failure, Result};

/// The command with its variables put in, and the lists appended.
pub(super) fn expanded(command: &[OsString], append: &[String]) -> Result<Vec<OsString>> {
    let variable = |name: &str| std::env::var(name).ok();
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
        let values = (0..).map_while(|number| variable(&format!("{name}_{number}")));
        out.extend(values.map(|value| OsString::from(format!("{flag}={value}"))));
    }
    Ok(out)
}

/// One argument with `$(NAME)` and `$(NAME:-default)` put in; a default may hold others.
fn expand(argument: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<String> {
    let mut out = String::new();
    let mut rest = argument;
    while let Some((before, after)) = rest.split_once("$(") {
        let Some((inside, after)) = closed(after) else {
            return Err(Failure::usage(format!("`{argument}`: `$(` is not closed")));
        };
        let (name, default) = inside.split_once(":-").map_or((inside, None), |(name, default)| (name, Some(default)));
        let value = variable(name).filter(|value| !value.is_empty() || default.is_none());
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
        let variable = |name: &str| match name {
            "NAME" => Some("web".to_owned()),
            "FLAG" => Some("--enable-helm".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
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
