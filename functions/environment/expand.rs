//! `$(NAME)` in values: what it refers to, and the order that follows from it.

use super::wiring::Wiring;

/// The names that a value refers to, as the kubelet reads it: `$$` is a dollar sign, an open `$(` is text.
///
/// What is between the parentheses counts only if it could be the name of a variable: `$(date +%s)` is somebody's script.
pub(super) fn references(value: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = value;
    while let Some((_, behind)) = rest.split_once('$') {
        rest = behind.strip_prefix('$').unwrap_or(behind);
        if let Some((name, after)) = behind.strip_prefix('(').and_then(|inside| inside.split_once(')')) {
            out.extend(Some(name).filter(|name| is_name(name)));
            rest = after;
        }
    }
    out
}

fn is_name(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    text.bytes().all(inner) && text.bytes().next().is_some_and(|b| !b.is_ascii_digit())
}

/// The variables, which come in the order of their names, but each behind those that its value refers to; an error is a
/// circle.
pub(super) fn in_order(wirings: Vec<(&str, Wiring)>) -> Result<Vec<(&str, Wiring)>, Vec<&str>> {
    let name = |at: usize| wirings.get(at).map_or("", |(name, _)| *name);
    let mut order: Vec<usize> = Vec::with_capacity(wirings.len());
    let mut placed = vec![false; wirings.len()];
    for at in 0..wirings.len() {
        // The variables on the way to here, each with those it still waits for.
        let mut open = vec![(at, earlier(&wirings, at))];
        while let Some((at, waits)) = open.last_mut() {
            let at = *at;
            match (placed.get_mut(at), waits.pop()) {
                (Some(placed), None) if !*placed => {
                    *placed = true;
                    order.push(at);
                    open.pop();
                }
                (Some(false), Some(next)) => {
                    if let Some(start) = open.iter().position(|(other, _)| *other == next) {
                        return Err(open.iter().skip(start).map(|(at, _)| name(*at)).collect());
                    }
                    open.push((next, earlier(&wirings, next)));
                }
                _ => drop(open.pop()),
            }
        }
    }
    let mut wirings: Vec<_> = wirings.into_iter().map(Some).collect();
    Ok(order.into_iter().filter_map(|at| wirings.get_mut(at)?.take()).collect())
}

/// The variables of the spec that the value of another refers to, last first; itself it can only have from outside.
fn earlier(wirings: &[(&str, Wiring)], at: usize) -> Vec<usize> {
    let Some((name, Wiring::Literal(value))) = wirings.get(at) else { return Vec::new() };
    let find = |other: &str| wirings.binary_search_by(|(name, _)| (*name).cmp(other)).ok();
    let mut named: Vec<usize> = references(value).into_iter().filter(|other| other != name).filter_map(find).collect();
    named.sort_unstable();
    named.dedup();
    named.reverse();
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_as_the_kubelet_does() {
        let cases: [(&str, &[&str]); 11] = [
            ("", &[]),
            ("$(A)", &["A"]),
            ("x$(A)y$(B.c-d)z", &["A", "B.c-d"]),
            ("$$(A)", &[]),
            ("$$$(A)", &["A"]),
            ("$(A", &[]),
            ("$A ${A}", &[]),
            ("$(date +%s) $() $(1A)", &[]),
            ("$($(A))", &[]), // the name is `$(A`
            ("$($B)$(A)", &["A"]),
            ("cost: 5$", &[]),
        ];
        for (value, wanted) in cases {
            assert_eq!(references(value), wanted, "{value}");
        }
    }

    #[test]
    fn what_is_referred_to_goes_first() {
        let order = |pairs: &[(&'static str, &str)]| {
            let mut wirings: Vec<_> =
                pairs.iter().map(|(name, value)| (*name, Wiring::Literal((*value).to_owned()))).collect();
            wirings.sort_by_key(|(name, _)| *name);
            in_order(wirings).map(|order| order.into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(order(&[("B", ""), ("A", ""), ("C", "")]), Ok("A B C".to_owned()));
        assert_eq!(order(&[("A", "$(C)"), ("B", ""), ("C", "")]), Ok("C A B".to_owned()));
        assert_eq!(order(&[("A", "$(D)$(C)"), ("C", "$(D)"), ("D", "$(E)")]), Ok("D C A".to_owned()));
        assert_eq!(order(&[("PATH", "$(PATH):/x")]), Ok("PATH".to_owned()));
        assert_eq!(order(&[("A", "$(B)"), ("B", "$(C)"), ("C", "$(B)")]), Err(vec!["B", "C"]));
    }
}
