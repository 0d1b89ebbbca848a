//! How wide texts are at most, in fonts that pages are shown in. Nobody knows which one it will be, so these are the widths of
//! a wide one (DejaVu Sans), and a little more.

/// Widths of letters as parts of the size, from the space on.
#[rustfmt::skip] // a table
const ASCII: [u16; 95] = [
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, // space to /
    636, 636, 636, 636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531, // 0 to ?
    1000, 684, 686, 698, 770, 632, 575, 775, 752, 295, 295, 656, 557, 863, 748, 787, // @ to O
    603, 787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838, 500, // P to _
    500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612, // ` to o
    635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838, // p to ~
];

/// What sets texts apart from each other.
#[derive(Clone, Copy)]
pub(super) struct Font {
    pub(super) size: f64,
    pub(super) is_bold: bool,
}

impl Font {
    pub(super) const KIND: Self = Self { size: 11.0, is_bold: true };
    pub(super) const NAME: Self = Self { size: 15.0, is_bold: true };
    pub(super) const LINE: Self = Self { size: 12.0, is_bold: false };
    pub(super) const TITLE: Self = Self { size: 20.0, is_bold: true };
    pub(super) const TEXT: Self = Self { size: 13.0, is_bold: false };

    /// How wide a text is at most.
    pub(super) fn width(self, text: &str) -> f64 {
        let thousandths: u32 = text.chars().map(|c| u32::from(letter(c))).sum();
        f64::from(thousandths) / 1000.0 * self.size * if self.is_bold { 1.15 } else { 1.03 }
    }

    /// The text, or its beginning where it is wider.
    pub(super) fn cut(self, text: &str, width: f64) -> String {
        if self.width(text) <= width {
            return text.to_owned();
        }
        let mut out = String::new();
        let mut left = width - self.width("…");
        for c in text.chars() {
            left -= self.width(c.encode_utf8(&mut [0; 4]));
            if left < 0.0 {
                break;
            }
            out.push(c);
        }
        format!("{}…", out.trim_end())
    }

    /// The text in lines, broken between words; a longer word is cut.
    pub(super) fn wrapped(self, text: &str, width: f64) -> Vec<String> {
        let (mut lines, mut line) = (Vec::new(), String::new());
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if self.width(&longer) > width && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
                line.push_str(word);
            } else {
                line = longer;
            }
        }
        lines.extend(Some(line).filter(|line| !line.is_empty()));
        lines.into_iter().map(|line| self.cut(&line, width)).collect()
    }
}

fn letter(c: char) -> u16 {
    let at = u32::from(c).checked_sub(32).and_then(|at| usize::try_from(at).ok());
    let known = at.and_then(|at| ASCII.get(at)).copied();
    known.unwrap_or(match c {
        '–' | '·' | '×' => 838,
        '\u{1100}'.. => 1300,
        _ => 1000,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_and_wrapped() {
        let font = Font::LINE;
        assert_eq!(font.cut("api", 100.0), "api");
        let cut = font.cut(&"w".repeat(100), 100.0);
        assert!(cut.ends_with('…') && font.width(&cut) <= 100.0 && cut.chars().count() > 5, "{cut}");
        let lines = font.wrapped("one two three four five six seven", 80.0);
        assert!(lines.len() > 2 && lines.iter().all(|line| font.width(line) <= 80.0), "{lines:?}");
        assert_eq!(lines.join(" "), "one two three four five six seven");
        assert!(font.width("日本") > font.width("ab") && font.width("") < 0.1);
    }
}
