//! The report as JUnit XML, which CI systems show: one test case per object. Values are masked as in every view.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::rule_id;
use crate::failure::Failure;
use crate::krm::message;
use crate::pipeline::Pipeline;
use crate::report::{Change, Finding, Report};
use crate::stream::{ObjectId, Stream};
use crate::text::{self, proposal};

/// What belongs to one object, or to the config and the stream as a whole.
#[derive(Default)]
struct Case<'a> {
    findings: Vec<&'a Finding>,
    changes: Vec<&'a Change>,
}

/// The report as one test suite. `made` message that the changes were made; else each is a failure.
#[must_use]
pub fn junit(stream: &Stream, report: &Report, pipeline: &Pipeline, made: bool) -> String {
    let mut whole = Case::default();
    let mut cases: BTreeMap<ObjectId, Case<'_>> =
        stream.objects().map(|object| (object.id(), Case::default())).collect();
    for finding in &report.findings {
        finding.object().and_then(|id| cases.get_mut(&id)).unwrap_or(&mut whole).findings.push(finding);
    }
    for change in &report.changes {
        cases.get_mut(&change.object).unwrap_or(&mut whole).changes.push(change);
    }
    let view = View { stream, pipeline, made };
    let (mut body, mut tests, mut failures) = (String::new(), 0, 0);
    let has_whole = !whole.findings.is_empty() || !whole.changes.is_empty();
    for (id, case) in
        has_whole.then_some((None, whole)).into_iter().chain(cases.into_iter().map(|(id, case)| (Some(id), case)))
    {
        tests += 1;
        failures += usize::from(view.case(id, &case, &mut body));
    }
    let title = attribute(&pipeline.title);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites name=\"krmor\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">\n\
         \x20 <testsuite name=\"{title}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\">\n\
         {body}\x20 </testsuite>\n</testsuites>\n"
    )
}

/// A run that came to no report, as one test suite with one error.
#[must_use]
pub fn failed(failure: &Failure) -> String {
    let texts: Vec<&str> = failure.results.iter().filter_map(|result| result.get("message")?.as_str()).collect();
    let (first, all) = (texts.first().copied().unwrap_or_default(), texts.join("\n"));
    let place = failure.places.first().map(|place| format!(" file=\"{}\"", attribute(&place.file)));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites name=\"krmor\" tests=\"1\" failures=\"0\" errors=\"1\">\n\
         \x20 <testsuite name=\"krmor\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\">\n\
         \x20   <testcase name=\"the config and the input can be read\" classname=\"krmor\"{}>\n\
         \x20     <error type=\"exit code {}\" message=\"{}\">{}</error>\n\
         \x20   </testcase>\n\x20 </testsuite>\n</testsuites>\n",
        place.unwrap_or_default(),
        failure.code,
        attribute(first),
        escape(&all)
    )
}

struct View<'a> {
    stream: &'a Stream,
    pipeline: &'a Pipeline,
    made: bool,
}

impl View<'_> {
    /// Writes a test case; whether it failed.
    fn case(&self, id: Option<ObjectId>, case: &Case<'_>, out: &mut String) -> bool {
        let reference = id.and_then(|id| self.stream.object(id)).map(|object| object.reference());
        let name = reference.as_ref().map_or_else(|| self.pipeline.title.clone(), ToString::to_string);
        let file = reference.and_then(|reference| reference.file);
        let class = file.as_deref().unwrap_or("krmor");
        let _ = write!(out, "    <testcase name=\"{}\" classname=\"{}\"", attribute(&name), attribute(class));
        if let Some(file) = &file {
            let _ = write!(out, " file=\"{}\"", attribute(file));
        }
        let fails = |finding: &&&Finding| finding.severity >= self.pipeline.fail_on;
        let failing: Vec<&Finding> = case.findings.iter().filter(fails).copied().collect();
        let noted: Vec<&Finding> = case.findings.iter().filter(|finding| !fails(finding)).copied().collect();

        let mut failure = text::every_finding(self.stream, failing.iter().copied());
        let mut output = text::every_finding(self.stream, noted);
        for change in &case.changes {
            let of = if self.made { &mut output } else { &mut failure };
            let _ = writeln!(of, "{}", proposal(self.stream, change, self.made));
        }
        if failure.is_empty() && output.is_empty() {
            out.push_str("/>\n");
            return false;
        }
        out.push_str(">\n");
        if !failure.is_empty() {
            let first = failing.first().map(|finding| {
                (rule_id(self.pipeline, &finding.function, finding.rule), message(finding).into_owned())
            });
            let change = case.changes.first();
            let first = first.or_else(|| {
                change.map(|change| {
                    let id = rule_id(self.pipeline, &change.function, change.why.rule);
                    (id, proposal(self.stream, change, self.made))
                })
            });
            let (rule, message) = first.unwrap_or_default();
            let more = failing.len() + if self.made { 0 } else { case.changes.len() };
            let more = if more > 1 { format!(" (and {} more)", more - 1) } else { String::new() };
            let message = attribute(&format!("{message}{more}"));
            let _ = writeln!(
                out,
                "      <failure type=\"{}\" message=\"{message}\">{}</failure>",
                attribute(&rule),
                escape(&failure)
            );
        }
        if !output.is_empty() {
            let _ = writeln!(out, "      <system-out>{}</system-out>", escape(&output));
        }
        out.push_str("    </testcase>\n");
        !failure.is_empty()
    }
}

/// Text as XML holds it; what XML cannot hold is replaced.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// The same for an attribute, whose line breaks would become spaces.
fn attribute(text: &str) -> String {
    escape(text).replace('\n', "&#10;").replace('\t', "&#9;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_of_the_xml() {
        assert_eq!(escape("a<b>&\"c\"\u{1b}\u{ffff}\n"), "a&lt;b&gt;&amp;&quot;c&quot;\u{fffd}\u{fffd}\n");
        assert_eq!(attribute("a\n\tb"), "a&#10;&#9;b");
    }
}
