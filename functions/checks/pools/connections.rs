//! `pools/connections`: the most pods × the connections of each, of all clients, and what is kept in reserve must be
//! fewer than the database takes.

use super::super::final_stream::FinalStream;
use super::super::findings::Findings;
use super::sums;
use crate::checks::rules;
use krmor_core::report::Place;
use krmor_yaml::escape_token;

pub(in super::super) fn check(world: &FinalStream<'_>, findings: &mut Findings<'_>) {
    for (name, pool) in &world.spec.pools {
        let Ok(sums) = sums(world, name, pool) else { continue };
        let reserve = u64::from(pool.reserve);
        let total = sums.parts.iter().fold(reserve, |total, part| total.saturating_add(part.sum()));
        if total < sums.limit {
            continue;
        }
        let each = |part: &super::Part| format!("{} {} × {} = {}", part.who, part.replicas, part.how, part.sum());
        let mut terms: Vec<String> = sums.parts.iter().map(each).collect();
        if reserve > 0 {
            terms.push(format!("reserve {reserve}"));
        }
        let message = format!(
            "{} make {total} connections, and the database takes {}: there must be fewer",
            terms.join(", "),
            sums.limit
        );
        let place = Place::Config(format!("/pools/{}", escape_token(name)));
        let remedy = "lower replicas or pool sizes, or raise `max_connections`";
        findings.add_at(place, &rules::POOLS_CONNECTIONS, message, remedy);
    }
}
