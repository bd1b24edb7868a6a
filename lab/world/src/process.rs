//! Processes of this machine. Only programs that serve on sockets start any: a simulated world has none.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

/// A process to be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// The program's file.
    pub program: PathBuf,
    /// What it is given beside its name.
    pub arguments: Vec<String>,
    /// Its whole environment.
    pub environment: BTreeMap<String, String>,
    /// Where it starts.
    pub directory: PathBuf,
    /// Where its output goes.
    pub output: Output,
}

/// Where the output of a process goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Behind what is in these files, which are made where they are missing; there is no input.
    Files {
        /// For standard output.
        stdout: PathBuf,
        /// For standard error.
        stderr: PathBuf,
    },
    /// To whoever started it, who also gives it its input.
    Pipes,
}

/// A child, the leader of a process group of its own. Dropping it lets it run on.
#[derive(Debug)]
pub struct Process {
    child: Child,
    id: ProcessId,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Its exit status; 128 and the signal's number where a signal ended it, as shells count.
    pub code: i32,
    /// The signal that ended it; 0 where none did.
    pub signal: i32,
}

/// A process, known by its number and the time of its start: numbers are used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessId {
    /// Its number.
    pub number: i32,
    /// When it started, in clock ticks since the machine did.
    pub started: u64,
}

impl Process {
    /// Starts a process.
    ///
    /// Errors: what the system says, `NotFound` where there is no such program.
    pub fn start(launch: &Launch) -> io::Result<Self> {
        let mut command = Command::new(&launch.program);
        command.args(&launch.arguments).env_clear().envs(&launch.environment).current_dir(&launch.directory);
        command.process_group(0).kill_on_drop(false);
        match &launch.output {
            Output::Files { stdout, stderr } => {
                command.stdin(Stdio::null()).stdout(behind(stdout)?).stderr(behind(stderr)?);
            }
            Output::Pipes => {
                command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            }
        }
        let child = command.spawn()?;
        let number = child.id().ok_or_else(|| io::Error::other("the process has no number"))?;
        let id = ProcessId::of(number);
        Ok(Self { child, id })
    }

    /// Which one it is.
    pub fn id(&self) -> ProcessId {
        self.id
    }

    /// Waits for its end.
    pub async fn ended(&mut self) -> io::Result<Ended> {
        use std::os::unix::process::ExitStatusExt;
        let status = self.child.wait().await?;
        let signal = status.signal().unwrap_or_default();
        Ok(Ended { code: status.code().unwrap_or(128 + signal), signal })
    }

    /// Its streams, once, where they are pipes.
    pub fn pipes(&mut self) -> Option<(ChildStdin, ChildStdout, ChildStderr)> {
        Some((self.child.stdin.take()?, self.child.stdout.take()?, self.child.stderr.take()?))
    }
}

impl ProcessId {
    /// The process that has this number now; one that never lives where there is none.
    pub fn of(number: u32) -> Self {
        let number = i32::try_from(number).unwrap_or_default();
        Self { number, started: started(number).unwrap_or_default() }
    }

    /// Whether it still runs. One that has ended and was not waited for counts as gone.
    pub fn is_alive(self) -> bool {
        let Some(pid) = Pid::from_raw(self.number) else { return false };
        test_kill_process(pid).is_ok() && started(self.number) == Some(self.started)
    }

    /// Sends it a signal by its name or number: `SIGTERM`, `TERM`, `15`.
    ///
    /// Errors: `InvalidInput` for no signal's name; what the system says.
    pub fn signal(self, name: &str) -> io::Result<()> {
        let signal = signal_named(name).ok_or(io::ErrorKind::InvalidInput)?;
        match Pid::from_raw(self.number).filter(|_| self.is_alive()) {
            Some(pid) => Ok(kill_process(pid, signal)?),
            None => Err(io::Error::other("os: process already finished")),
        }
    }

    /// Sends its whole group a signal, as [`ProcessId::signal`] does.
    ///
    /// Errors: the same.
    pub fn signal_group(self, name: &str) -> io::Result<()> {
        let signal = signal_named(name).ok_or(io::ErrorKind::InvalidInput)?;
        match Pid::from_raw(self.number).map(|pid| kill_process_group(pid, signal)) {
            Some(Ok(())) => Ok(()),
            _ => Err(io::Error::other("os: process already finished")),
        }
    }

    /// How much memory it has in use, in bytes; 0 where that is not known.
    pub fn memory(self) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.number)).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        line.split_whitespace().next().and_then(|size| size.parse::<u64>().ok()).unwrap_or_default() << 10
    }

    /// Ends its whole group at once: the process and what it started.
    pub fn kill_group(self) {
        if let Some(pid) = Pid::from_raw(self.number) {
            // A group that is gone needs no signal.
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

/// Waits on this thread, for other processes: theirs is the machine's time, whatever a clock shows.
#[expect(clippy::disallowed_methods, reason = "processes end in the machine's time")]
pub fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// Whether there is a signal of that name or number.
pub fn is_signal(name: &str) -> bool {
    signal_named(name).is_some()
}

/// The file that a command's name stands for: itself where it is a path, or the first of that name in the directories
/// of `search`, which is written as `PATH` is.
pub fn find_program(name: &str, search: &str) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(|path| is_program(path));
    }
    search.split(':').map(|directory| Path::new(directory).join(name)).find(|path| is_program(path))
}

/// A word as a shell takes it, whatever is in it.
pub fn shell_word(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

fn behind(path: &Path) -> io::Result<std::fs::File> {
    std::fs::File::options().create(true).append(true).open(path)
}

/// When a process started, as the system counts it; `None`: there is none, or it only waits to be waited for.
fn started(number: i32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
    // The name of the program stands in brackets and may hold anything.
    let (_, rest) = text.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X") { None } else { fields.nth(18)?.parse().ok() }
}

fn signal_named(name: &str) -> Option<Signal> {
    let name = name.strip_prefix("SIG").unwrap_or(name);
    let known = SIGNALS
        .iter()
        .find(|(known, signal)| known.eq_ignore_ascii_case(name) || name.parse() == Ok(signal.as_raw()));
    known.map(|(_, signal)| *signal)
}

const SIGNALS: [(&str, Signal); 29] = [
    ("ABRT", Signal::ABORT),
    ("ALRM", Signal::ALARM),
    ("BUS", Signal::BUS),
    ("CHLD", Signal::CHILD),
    ("CONT", Signal::CONT),
    ("FPE", Signal::FPE),
    ("HUP", Signal::HUP),
    ("ILL", Signal::ILL),
    ("INT", Signal::INT),
    ("IO", Signal::IO),
    ("KILL", Signal::KILL),
    ("PIPE", Signal::PIPE),
    ("PROF", Signal::PROF),
    ("QUIT", Signal::QUIT),
    ("SEGV", Signal::SEGV),
    ("STOP", Signal::STOP),
    ("SYS", Signal::SYS),
    ("TERM", Signal::TERM),
    ("TRAP", Signal::TRAP),
    ("TSTP", Signal::TSTP),
    ("TTIN", Signal::TTIN),
    ("TTOU", Signal::TTOU),
    ("URG", Signal::URG),
    ("USR1", Signal::USR1),
    ("USR2", Signal::USR2),
    ("WINCH", Signal::WINCH),
    ("XCPU", Signal::XCPU),
    ("XFSZ", Signal::XFSZ),
    ("VTALRM", Signal::VTALARM),
];

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt;

    fn launch(script: &str, output: Output) -> Launch {
        Launch {
            program: "/bin/sh".into(),
            arguments: vec!["-c".into(), script.into()],
            environment: [("GIVEN".to_owned(), "1".to_owned())].into(),
            directory: std::env::temp_dir(),
            output,
        }
    }

    #[tokio::test]
    async fn a_process_runs_and_ends() {
        let directory = std::env::temp_dir().join(format!("lab-process-{}", crate::Entropy::system().uuid()));
        std::fs::create_dir_all(&directory).expect("a directory");
        let output = Output::Files { stdout: directory.join("out"), stderr: directory.join("err") };
        let mut process =
            Process::start(&launch("echo out $GIVEN $HOME; echo err >&2; exit 3", output)).expect("a shell");
        assert_eq!(process.ended().await.expect("ended"), Ended { code: 3, signal: 0 });
        assert_eq!(std::fs::read_to_string(directory.join("out")).expect("written"), "out 1\n");
        assert_eq!(std::fs::read_to_string(directory.join("err")).expect("written"), "err\n");
        assert!(!process.id().is_alive());
        std::fs::remove_dir_all(directory).expect("removed");
    }

    #[tokio::test]
    async fn a_signal_ends_it_and_its_children() {
        let mut process = Process::start(&launch("sleep 60 & echo; wait", Output::Pipes)).expect("a shell");
        let (_stdin, mut stdout, _stderr) = process.pipes().expect("pipes");
        stdout.read_u8().await.expect("it has begun what it starts");
        let id = process.id();
        assert!(id.is_alive());
        assert_eq!(id.signal("SIGNONE").expect_err("no signal").kind(), io::ErrorKind::InvalidInput);
        id.signal("TERM").expect("sent");
        assert_eq!(process.ended().await.expect("ended"), Ended { code: 143, signal: 15 });
        id.signal_group("KILL").expect("what it started is still there");
        assert!(id.signal("TERM").is_err());
    }

    #[test]
    fn programs_are_found_as_a_shell_finds_them() {
        assert_eq!(find_program("sh", "/none:/bin"), Some("/bin/sh".into()));
        assert_eq!(find_program("/bin/sh", ""), Some("/bin/sh".into()));
        assert_eq!(find_program("/no/such", "/bin"), None);
        assert_eq!(find_program("no-such-program", "/bin"), None);
        assert!(ProcessId::of(std::process::id()).is_alive() && !ProcessId::of(u32::MAX).is_alive());
        assert_eq!(shell_word("it's"), r"'it'\''s'");
        assert!(is_signal("SIGHUP") && is_signal("hup") && is_signal("1") && !is_signal("SIGUSR3"));
    }
}
