//! What the API asks of the resources of containers, whoever wrote them. Source: `pkg/apis/core/validation/validation.go`
//! and `pkg/apis/core/helper/helpers.go` of Kubernetes v1.36.

use krmor_core::quantity::Quantity;

const HUGE_PAGES: &str = "hugepages-";

/// A resource, by what its amounts must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Cpu,
    Memory,
    EphemeralStorage,
    /// Memory in pages of this size.
    HugePages(Quantity),
    /// What device plugins offer; the API calls them extended resources.
    Device,
    /// Others that Kubernetes keeps for itself: `kubernetes.io/…`.
    Reserved,
}

impl Kind {
    /// The kind of the resource of that name.
    ///
    /// # Errors
    /// When a container cannot have it.
    pub(super) fn of(name: &str) -> Result<Self, String> {
        let unknown = || format!("`{name}` is no resource of containers; {}", remedy(name));
        match name {
            "cpu" => return Ok(Kind::Cpu),
            "memory" => return Ok(Kind::Memory),
            "ephemeral-storage" => return Ok(Kind::EphemeralStorage),
            _ => {}
        }
        let Some((domain, device)) = name.split_once('/') else {
            let size = name.strip_prefix(HUGE_PAGES).and_then(|size| Quantity::parse(size).ok());
            let size = size.filter(|size| *size > Quantity::zero() && size.is_whole() && is_name(name));
            return size.map(Kind::HugePages).ok_or_else(unknown);
        };
        let is_reserved = name.contains("kubernetes.io/");
        // Quotas count `requests.<name>`, which must be a name, too.
        let longest = if is_reserved { 253 } else { 253 - "requests.".len() };
        match is_domain(domain)
            && domain.len() <= longest
            && is_name(device)
            && (is_reserved || !name.starts_with("requests."))
        {
            true if is_reserved => Ok(Kind::Reserved),
            true => Ok(Kind::Device),
            false => Err(unknown()),
        }
    }

    /// Whether requests may be lower than limits.
    pub(super) fn overcommits(&self) -> bool {
        !matches!(self, Kind::HugePages(_) | Kind::Device)
    }
}

fn remedy(name: &str) -> String {
    if name.contains('/') {
        return "write a domain, a slash and a name, such as `nvidia.com/gpu`".to_owned();
    }
    if name.starts_with(HUGE_PAGES) {
        return "write the size of a page behind the dash, such as `hugepages-2Mi`".to_owned();
    }
    "there are `cpu`, `memory`, `ephemeral-storage`, `hugepages-<size>`, and devices, whose names have a domain \
     (`nvidia.com/gpu`)"
        .to_owned()
}

/// The part of a qualified name behind the slash.
fn is_name(text: &str) -> bool {
    let ends = [text.chars().next(), text.chars().last()];
    text.len() <= 63
        && ends.iter().all(|end| end.is_some_and(|c| c.is_ascii_alphanumeric()))
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

/// A DNS subdomain.
fn is_domain(text: &str) -> bool {
    text.split('.').all(|label| {
        let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        label.starts_with(alphanumeric)
            && label.ends_with(alphanumeric)
            && label.chars().all(|c| alphanumeric(c) || c == '-')
    })
}

/// What is wrong with an amount.
pub(super) struct Fault {
    pub(super) message: String,
    /// Whether the API refuses it; else it takes it to be something that nobody means.
    pub(super) is_refused: bool,
}

/// What is wrong with an amount of the resource `name`.
pub(super) fn fault(kind: &Kind, name: &str, quantity: &Quantity) -> Option<Fault> {
    let written = quantity.written();
    let says = |what: &str| format!("`{name}: {written}` {what}");
    let refused = |what: &str| Some(Fault { message: says(what), is_refused: true });
    let odd = |what: &str| Some(Fault { message: says(what), is_refused: false });
    if quantity.is_negative() {
        return refused("is negative");
    }
    match kind {
        Kind::Device if !quantity.is_whole() => refused("is no whole number: devices are not divided"),
        Kind::HugePages(page) if !quantity.is_multiple_of(page) => refused("is no multiple of the page's size"),
        Kind::Cpu if !quantity.times(1000).is_whole() => odd("is finer than `1m`: Kubernetes would round it up"),
        Kind::Memory | Kind::EphemeralStorage => {
            let number = written.trim_end_matches(['n', 'u', 'm']);
            if number.len() < written.len() {
                return odd(&format!("counts in fractions of a byte: was `{number}M` or `{number}Mi` meant?"));
            }
            if quantity.is_whole() { None } else { odd("is no whole number of bytes: write it in a smaller unit") }
        }
        _ => None,
    }
}
