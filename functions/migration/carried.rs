//! What becomes of each field of the program's pod and container in the pod of a Job: the one table of it. A test holds it
//! against all fields that the API has; the README shows it.

/// What becomes of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It follows the program's at every run.
    Taken,
    /// It is taken over once: later functions may settle it for each pod or container.
    Once,
    /// Some of it is taken over, as the row says.
    Part,
    /// The Job has its own.
    Own,
    /// It stays behind on purpose.
    Left,
    /// It stays behind, which is said: the migration may need it.
    Said,
}

impl Fate {
    /// As the README has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Fate::Taken => "taken",
            Fate::Once => "taken once",
            Fate::Part => "in part",
            Fate::Own => "the Job's own",
            Fate::Left => "left",
            Fate::Said => "left, and said",
        }
    }
}

/// A field: its name, what becomes of it, and how or why.
pub type Row = (&'static str, Fate, &'static str);

const AMONG: &str = "about how the program's pods stand to each other";
const OF_CLASS: &str = "admission sets it from the class";
const SERVES: &str = "about a program that serves";
const SPACE: &str = "the Job's pod has one of its own; `not-taken`";

/// The fields of a pod, by name.
#[rustfmt::skip] // a table reads best with one row on one line
pub const POD: &[Row] = &[
    ("activeDeadlineSeconds", Fate::Own, "`job.activeDeadlineSeconds`"),
    ("affinity", Fate::Part, "`nodeAffinity`; the rest is about how the program's pods stand to each other"),
    ("automountServiceAccountToken", Fate::Once, ""),
    ("containers", Fate::Own, "the migration's container"),
    ("dnsConfig", Fate::Taken, ""),
    ("dnsPolicy", Fate::Part, "not `ClusterFirstWithHostNet`, which goes with `hostNetwork`"),
    ("enableServiceLinks", Fate::Taken, ""),
    ("ephemeralContainers", Fate::Left, "no template has them"),
    ("hostAliases", Fate::Taken, ""),
    ("hostIPC", Fate::Said, SPACE),
    ("hostNetwork", Fate::Said, SPACE),
    ("hostPID", Fate::Said, SPACE),
    ("hostUsers", Fate::Once, ""),
    ("hostname", Fate::Taken, ""),
    ("hostnameOverride", Fate::Taken, ""),
    ("imagePullSecrets", Fate::Taken, ""),
    ("initContainers", Fate::Part, "those that `sidecars` and `initContainers` name; one that fills a volume of the migration must be: `init-files`"),
    ("nodeName", Fate::Taken, ""),
    ("nodeSelector", Fate::Taken, ""),
    ("os", Fate::Taken, ""),
    ("overhead", Fate::Left, OF_CLASS),
    ("preemptionPolicy", Fate::Left, OF_CLASS),
    ("priority", Fate::Left, OF_CLASS),
    ("priorityClassName", Fate::Taken, ""),
    ("readinessGates", Fate::Left, SERVES),
    ("resourceClaims", Fate::Taken, ""),
    ("resources", Fate::Once, ""),
    ("restartPolicy", Fate::Own, "`Never`, so that each try leaves its log"),
    ("runtimeClassName", Fate::Taken, ""),
    ("schedulerName", Fate::Taken, ""),
    ("schedulingGates", Fate::Said, "the Job does not wait for what removes them; `not-taken`"),
    ("securityContext", Fate::Once, ""),
    ("serviceAccount", Fate::Part, "as `serviceAccountName`, of which it is the old name"),
    ("serviceAccountName", Fate::Taken, "or `job.serviceAccountName`"),
    ("setHostnameAsFQDN", Fate::Taken, ""),
    ("shareProcessNamespace", Fate::Taken, ""),
    ("subdomain", Fate::Taken, ""),
    ("terminationGracePeriodSeconds", Fate::Taken, ""),
    ("tolerations", Fate::Taken, ""),
    ("topologySpreadConstraints", Fate::Left, AMONG),
    ("volumes", Fate::Part, "those that the migration and the containers with it mount"),
    ("workloadRef", Fate::Left, AMONG),
];

/// The fields of a container, by name.
#[rustfmt::skip]
pub const CONTAINER: &[Row] = &[
    ("args", Fate::Own, "`args`"),
    ("command", Fate::Own, "`command`"),
    ("env", Fate::Taken, "and `env` on top"),
    ("envFrom", Fate::Taken, ""),
    ("image", Fate::Taken, "or `image`"),
    ("imagePullPolicy", Fate::Taken, "not with `image`"),
    ("lifecycle", Fate::Left, SERVES),
    ("livenessProbe", Fate::Left, SERVES),
    ("name", Fate::Own, "`name`"),
    ("ports", Fate::Left, SERVES),
    ("readinessProbe", Fate::Left, SERVES),
    ("resizePolicy", Fate::Left, SERVES),
    ("resources", Fate::Once, ""),
    ("restartPolicy", Fate::Left, "about how the program is started again"),
    ("restartPolicyRules", Fate::Left, "about how the program is started again"),
    ("securityContext", Fate::Once, ""),
    ("startupProbe", Fate::Left, SERVES),
    ("stdin", Fate::Left, "nobody is there to type"),
    ("stdinOnce", Fate::Left, "nobody is there to type"),
    ("terminationMessagePath", Fate::Left, "about where the program says why it ended"),
    ("terminationMessagePolicy", Fate::Left, "about where the program says why it ended"),
    ("tty", Fate::Left, "nobody is there to type"),
    ("volumeDevices", Fate::Taken, "or those that `volumes` names"),
    ("volumeMounts", Fate::Taken, "or those that `volumes` names"),
    ("workingDir", Fate::Taken, ""),
];

/// The fields of a pod that a Job's gets when the program's has them, those of lists of containers and volumes aside.
pub(super) fn taken() -> impl Iterator<Item = &'static str> {
    let is_plain = |field: &str| !matches!(field, "initContainers" | "serviceAccount" | "volumes");
    let fates = [Fate::Taken, Fate::Once, Fate::Part];
    POD.iter().filter(move |(field, fate, _)| fates.contains(fate) && is_plain(field)).map(|(field, ..)| *field)
}

/// Whether a field of a pod is taken over once.
pub(super) fn is_taken_once(field: &str) -> bool {
    POD.iter().any(|(own, fate, _)| *own == field && *fate == Fate::Once)
}

/// The fields whose loss is said.
pub(super) fn said() -> impl Iterator<Item = &'static str> {
    POD.iter().filter(|(_, fate, _)| *fate == Fate::Said).map(|(field, ..)| *field)
}
