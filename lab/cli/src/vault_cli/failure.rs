//! How a command ends that does not end well.

/// Why a command ends early: what it prints, where, and its exit status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// It was told wrongly: exit status 1.
    Usage(String),
    /// It could not do what it was told: exit status 2.
    Refused(String),
    /// Instead of being sent the request is shown, on standard output: exit status 0.
    Shown(String),
}

/// The exit status of a command, or why it ended early.
pub(super) type Outcome = Result<u8, Failure>;

impl Failure {
    /// The same with exit status 1, as commands have it that tell no failures apart.
    pub(super) fn into_usage(self) -> Self {
        match self {
            Self::Refused(text) => Self::Usage(text),
            other => other,
        }
    }

    /// The same with words before what it says.
    pub(super) fn told(self, before: &str) -> Self {
        match self {
            Self::Usage(text) => Self::Usage(format!("{before}: {text}")),
            Self::Refused(text) => Self::Refused(format!("{before}: {text}")),
            other => other,
        }
    }
}

/// Refuses a number of arguments that is not between these.
pub(super) fn expect(arguments: &[String], at_least: usize, at_most: usize) -> Result<(), Failure> {
    let got = arguments.len();
    let wanted = if at_least == at_most { at_least.to_string() } else { format!("{at_least}-{at_most}") };
    if got < at_least {
        return Err(Failure::Usage(format!("Not enough arguments (expected {wanted}, got {got})")));
    }
    if got > at_most {
        return Err(Failure::Usage(format!("Too many arguments (expected {wanted}, got {got})")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_counted_in_the_real_words() {
        let arguments = |count: usize| vec![String::new(); count];
        let told = |text: &str| Err(Failure::Usage(text.into()));
        assert_eq!(expect(&arguments(0), 1, 1), told("Not enough arguments (expected 1, got 0)"));
        assert_eq!(expect(&arguments(3), 1, 2), told("Too many arguments (expected 1-2, got 3)"));
        assert_eq!(expect(&arguments(2), 1, 2), Ok(()));
    }
}
