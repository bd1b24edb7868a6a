//! The scenarios that come with the lab.
//!
//! Each is a file that people can read, copy and change; here they are embedded into the program.

/// A scenario file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Embedded {
    /// The scenario's name: the file's without its endings.
    pub name: &'static str,
    /// Where the file is, from this crate's directory.
    pub path: &'static str,
    /// All of it.
    pub text: &'static str,
}

macro_rules! embedded {
    ($($name:literal in $family:literal),* $(,)?) => {
        &[$(Embedded {
            name: $name,
            path: concat!($family, "/", $name, ".lab.hcl"),
            text: include_str!(concat!("../", $family, "/", $name, ".lab.hcl")),
        }),*]
    };
}

/// All scenarios; the first is the one to begin with.
pub fn all() -> &'static [Embedded] {
    embedded![
        "rpc-upgrade-mode" in "migration",
        "daily-certificates" in "rotation",
        "role-and-region" in "roles",
    ]
}

/// The name of the scenario to begin with.
pub const DEFAULT: &str = "rpc-upgrade-mode";

/// The scenario of this name.
pub fn find(name: &str) -> Option<&'static Embedded> {
    all().iter().find(|scenario| scenario.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_stands_in_its_file() {
        for scenario in all() {
            assert!(scenario.text.contains(&format!("scenario {:?} {{", scenario.name)), "{}", scenario.path);
        }
        assert_eq!(find(DEFAULT), all().first());
        assert_eq!(find("rpc-upgrade"), None);
    }
}
