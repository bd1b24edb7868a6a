//! What the parts of a job are called in a diff, what of them is shown, and in which order.

/// How an object is shown.
pub(super) struct Shape {
    pub(super) name: &'static str,
    pub(super) style: Style,
    /// What is nested in it and where, in the order in which it is shown.
    pub(super) parts: &'static [(&'static str, Part)],
    /// Fields that are not shown.
    pub(super) hidden: &'static [&'static str],
    /// What fields have that nobody wrote.
    pub(super) defaults: &'static [(&'static str, &'static str)],
}

/// What is told of an object's fields.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// All of them, where anything of the object differs.
    Record,
    /// All of them, where one of them differs.
    Fields,
    /// Those that differ, where anything of the object differs.
    Quiet,
}

/// Something nested in an object.
pub(super) enum Part {
    One(&'static Shape),
    Many(&'static Shape, By),
    /// A set of texts, shown with the object that it stands in.
    Texts,
    /// A set of texts, shown where it differs.
    ChangedTexts,
    /// Whatever there is, every value by its path.
    Values(&'static str, Style),
    /// Lists of texts, each as one text.
    Joined(&'static str),
}

/// How the objects of two lists are paired.
#[derive(Clone, Copy)]
pub(super) enum By {
    /// Not at all: what is in both is not shown.
    Whole,
    /// By a field, those without it as wholes.
    Field(&'static str),
    /// By the field, each in its turn; two that are alone are a pair.
    Turn(&'static str),
    Place,
    /// By names and ports, the best match first.
    Likeness,
    /// The list is an object: by its keys.
    Key,
}

/// Objects whose values are fields of what holds them.
pub(super) const FLAT: [&str; 7] =
    ["Meta", "Env", "GetterOptions", "GetterHeaders", "CanaryMeta", "TaggedAddresses", "ExtraClaims"];

const fn shape(name: &'static str, style: Style, parts: &'static [(&'static str, Part)]) -> Shape {
    Shape { name, style, parts, hidden: &[], defaults: &[] }
}

const fn fields(name: &'static str) -> Shape {
    shape(name, Style::Fields, &[])
}

pub(super) static JOB: Shape = Shape {
    // Bookkeeping.
    hidden: &[
        "ID",
        "Status",
        "StatusDescription",
        "Version",
        "Stable",
        "CreateIndex",
        "ModifyIndex",
        "JobModifyIndex",
        "Update",
        "SubmitTime",
        "NomadTokenID",
        "VersionTag",
    ],
    ..shape(
        "Job",
        Style::Quiet,
        &[
            ("Datacenters", Part::ChangedTexts),
            ("Constraints", Part::Many(&CONSTRAINT, By::Whole)),
            ("Affinities", Part::Many(&AFFINITY, By::Whole)),
            ("Periodic", Part::One(&PERIODIC)),
            ("ParameterizedJob", Part::One(&PARAMETERIZED)),
            ("UI", Part::One(&UI)),
        ],
    )
};

pub(super) static GROUP: Shape = Shape {
    hidden: &["Name", "StopAfterClientDisconnect", "MaxClientDisconnect"],
    ..shape(
        "Group",
        Style::Quiet,
        &[
            ("Constraints", Part::Many(&CONSTRAINT, By::Whole)),
            ("Affinities", Part::Many(&AFFINITY, By::Whole)),
            ("RestartPolicy", Part::One(&RESTART)),
            ("Migrate", Part::One(&MIGRATE)),
            ("ReschedulePolicy", Part::One(&RESCHEDULE)),
            ("EphemeralDisk", Part::One(&DISK)),
            ("Consul", Part::One(&CONSUL)),
            ("Update", Part::One(&UPDATE)),
            ("Disconnect", Part::One(&DISCONNECT)),
            ("Networks", Part::Many(&NETWORK, By::Whole)),
            ("Scaling", Part::One(&SCALING)),
            ("Services", Part::Many(&SERVICE, By::Likeness)),
            ("Volumes", Part::Many(&VOLUME, By::Key)),
        ],
    )
};

pub(super) static TASK: Shape = Shape {
    hidden: &["Name"],
    ..shape(
        "Task",
        Style::Quiet,
        &[
            ("Constraints", Part::Many(&CONSTRAINT, By::Whole)),
            ("Affinities", Part::Many(&AFFINITY, By::Whole)),
            ("Config", Part::Values("Config", Style::Record)),
            ("Resources", Part::One(&RESOURCES)),
            ("LogConfig", Part::One(&LOGS)),
            ("DispatchPayload", Part::One(&PAYLOAD)),
            ("Artifacts", Part::Many(&ARTIFACT, By::Field("RelativeDest"))),
            ("Services", Part::Many(&SERVICE, By::Likeness)),
            ("Vault", Part::One(&VAULT)),
            ("Secrets", Part::Many(&SECRET, By::Field("Name"))),
            ("Consul", Part::One(&CONSUL)),
            ("Templates", Part::Many(&TEMPLATE, By::Turn("DestPath"))),
            ("Identity", Part::One(&IDENTITY)),
            ("Identities", Part::Many(&IDENTITY, By::Field("Name"))),
            ("Actions", Part::Many(&ACTION, By::Place)),
            ("VolumeMounts", Part::Many(&MOUNT, By::Place)),
        ],
    )
};

static CONSTRAINT: Shape = fields("Constraint");
static AFFINITY: Shape = fields("Affinity");
static RESTART: Shape = fields("RestartPolicy");
static MIGRATE: Shape = fields("Migrate");
static RESCHEDULE: Shape = fields("ReschedulePolicy");
static DISK: Shape = fields("EphemeralDisk");
static CONSUL: Shape = fields("Consul");
static LOGS: Shape = fields("LogConfig");
static PAYLOAD: Shape = fields("DispatchPayload");
static ARTIFACT: Shape = fields("Artifact");
static UPDATE: Shape = Shape { hidden: &["Stagger"], ..fields("Update") };
static DISCONNECT: Shape = Shape {
    defaults: &[("LostAfter", "nil"), ("Replace", "nil"), ("StopOnClientAfter", "nil")],
    ..shape("Disconnect", Style::Record, &[])
};
static VAULT: Shape = shape("Vault", Style::Record, &[]);
static SECRET: Shape = shape("Secret", Style::Record, &[]);
static MOUNT: Shape = shape("VolumeMount", Style::Record, &[]);

static PERIODIC: Shape = shape("Periodic", Style::Record, &[("Specs", Part::ChangedTexts)]);
static PARAMETERIZED: Shape =
    shape("ParameterizedJob", Style::Record, &[("MetaOptional", Part::Texts), ("MetaRequired", Part::Texts)]);
static UI: Shape = shape("UI", Style::Record, &[("Links", Part::Many(&LINK, By::Place))]);
static LINK: Shape = shape("Link", Style::Record, &[]);

static SCALING: Shape = Shape {
    hidden: &["CreateIndex", "ModifyIndex", "ID", "Type", "Target"],
    ..shape("Scaling", Style::Quiet, &[("Policy", Part::Values("Policy", Style::Quiet))])
};

static NETWORK: Shape = Shape {
    hidden: &["Device", "CIDR", "IP", "MBits"],
    defaults: &[("Hostname", ""), ("Mode", "")],
    ..shape(
        "Network",
        Style::Record,
        &[
            ("ReservedPorts", Part::Many(&STATIC_PORT, By::Field("Label"))),
            ("DynamicPorts", Part::Many(&DYNAMIC_PORT, By::Field("Label"))),
            ("DNS", Part::Joined("DNS")),
            ("CNI/Args", Part::Values("CNIConfig", Style::Record)),
        ],
    )
};
static STATIC_PORT: Shape = Shape {
    defaults: &[("Label", ""), ("To", "0"), ("Value", "0"), ("IgnoreCollision", "false")],
    ..fields("Static Port")
};
static DYNAMIC_PORT: Shape = Shape {
    hidden: &["Value", "IgnoreCollision"],
    defaults: &[("Label", ""), ("To", "0")],
    ..fields("Dynamic Port")
};

static SERVICE: Shape = shape(
    "Service",
    Style::Record,
    &[
        ("CanaryTags", Part::Texts),
        ("Tags", Part::Texts),
        ("Checks", Part::Many(&CHECK, By::Field("Name"))),
        ("Connect", Part::One(&CONNECT)),
        ("Identity", Part::One(&IDENTITY)),
        ("Weights", Part::One(&WEIGHTS)),
    ],
);
static CHECK: Shape = shape(
    "Check",
    Style::Record,
    &[("Header", Part::Values("Header", Style::Record)), ("CheckRestart", Part::One(&CHECK_RESTART))],
);
static CHECK_RESTART: Shape = shape("CheckRestart", Style::Record, &[]);
static CONNECT: Shape =
    shape("ConsulConnect", Style::Record, &[("SidecarService", Part::One(&SIDECAR_SERVICE))]);
static SIDECAR_SERVICE: Shape = shape("SidecarService", Style::Record, &[("Tags", Part::Texts)]);
static WEIGHTS: Shape = shape("Weights", Style::Record, &[]);

static VOLUME: Shape = shape("Volume", Style::Record, &[("MountOptions", Part::One(&MOUNT_OPTIONS))]);
static MOUNT_OPTIONS: Shape = shape("MountOptions", Style::Record, &[("MountFlags", Part::Texts)]);

static RESOURCES: Shape = shape(
    "Resources",
    Style::Record,
    &[
        ("Networks", Part::Many(&NETWORK, By::Whole)),
        ("Devices", Part::Many(&DEVICE, By::Field("Name"))),
        ("NUMA", Part::One(&NUMA)),
    ],
);
static DEVICE: Shape = shape("Device", Style::Record, &[]);
static NUMA: Shape = shape("NUMA", Style::Record, &[]);

static TEMPLATE: Shape = shape(
    "Template",
    Style::Record,
    &[("Wait", Part::One(&WAIT)), ("ChangeScript", Part::One(&CHANGE_SCRIPT))],
);
// The real one calls it so.
static WAIT: Shape =
    Shape { defaults: &[("Min", "nil"), ("Max", "nil")], ..shape("Template", Style::Record, &[]) };
static CHANGE_SCRIPT: Shape = shape("ChangeScript", Style::Record, &[("Args", Part::Texts)]);

static IDENTITY: Shape =
    Shape { defaults: &[("Env", "false")], ..shape("Identity", Style::Record, &[("Audience", Part::Texts)]) };
static ACTION: Shape = shape("Action", Style::Record, &[("Args", Part::Texts)]);
