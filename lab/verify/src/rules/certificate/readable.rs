//! CERT110: who can read the private key.

use crate::Severity;
use crate::finding::Finding;
use crate::rules::subject::Subject;

const OF_OTHERS: u32 = 0o004;
const OF_THE_GROUP: u32 = 0o040;

pub(in crate::rules) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let key = &subject.agent.material.key;
    let found = key.file.as_ref().filter(|_| key.content().is_some());
    let Some((file, mode)) = found.and_then(|file| Some((file, file.mode?))) else { return Vec::new() };
    let (who, severity) = match mode {
        mode if mode & OF_OTHERS != 0 => ("everybody on the machine", Severity::Warning),
        mode if mode & OF_THE_GROUP != 0 => ("its group", Severity::Information),
        _ => return Vec::new(),
    };
    let message = format!("{who} can read the private key (mode {mode:04o})");
    let place = subject.agent.place(&["tls", "key_file"], format!("mode {mode:04o}"));
    vec![
        subject.finding("CERT110", message).at(place).severity(severity).fix(format!(
            "chmod 0600 {}, and perms = 0600 in the template that writes it",
            file.path.display()
        )),
    ]
}
