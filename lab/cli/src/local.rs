//! Runs on programs of this machine: the real ones, or the lab's own.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use lab_fleet::{Programs, clean_up, run_locally};
use lab_workflow::{Entry, Outcome, Plan, RunOptions};
use lab_world::ProcessId;

use crate::arguments::Target;
use crate::exit::Failure;
use crate::shims;
use crate::terminal::errln;

/// Where the machines of local runs are, below the working directory.
const MACHINES: &str = ".lab/local";
/// How many runs this process has begun.
static RUNS: AtomicUsize = AtomicUsize::new(0);
/// Whether the real programs have been named.
static NAMED: AtomicBool = AtomicBool::new(false);

/// Carries a plan out on the real programs or, for `loopback`, the lab's own, and leaves nothing of it behind, whichever
/// way it ends.
pub(crate) fn run(
    target: Target,
    plan: &Plan,
    options: &RunOptions,
    on_entry: &mut (dyn FnMut(&Entry) + Send),
) -> Result<Outcome, Failure> {
    let cannot = |error: &dyn std::fmt::Display| Failure::SetUp(error.to_string());
    let number = RUNS.fetch_add(1, Ordering::Relaxed);
    let directory = PathBuf::from(MACHINES).join(format!("{}-{number}", std::process::id()));
    std::fs::create_dir_all(&directory).map_err(|error| cannot(&error))?;
    let directory = directory.canonicalize().map_err(|error| cannot(&error))?;
    let _guard = Guard::start(&directory).map_err(|error| cannot(&error))?;
    let programs = programs(target, &directory)?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| cannot(&error))?;
    runtime.block_on(async {
        tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c() => Err(Failure::Interrupted),
            outcome = run_locally(plan, options, &programs, &directory, on_entry) => {
                outcome.map_err(|error| cannot(&error))
            }
        }
    })
}

/// The programs of a target; those that were found are named.
fn programs(target: Target, directory: &Path) -> Result<Programs, Failure> {
    if target == Target::Loopback {
        let links = directory.join("programs");
        shims::link_all(&links)?;
        return Ok(Programs::in_directory(&links, &std::env::var("PATH").unwrap_or_default()));
    }
    let programs = Programs::find(&std::env::vars().collect());
    let programs = programs.map_err(|error| Failure::SetUp(error.to_string()))?;
    if !NAMED.swap(true, Ordering::Relaxed) {
        programs.versions().iter().for_each(|version| errln!("{version}"));
    }
    Ok(programs)
}

/// A process that outlives this one for a moment and cleans up where this one is killed before it can.
struct Guard(Child);

impl Guard {
    fn start(directory: &Path) -> std::io::Result<Self> {
        let program = std::env::current_exe()?;
        let mut command = Command::new(program);
        // Ctrl-C on a terminal is for the run, which cleans up itself.
        command.arg("guard").arg(directory).stdin(Stdio::piped()).process_group(0);
        command.spawn().map(Self)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // The end of its input is its beginning; what this process has cleaned up already takes it no time.
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Ends and removes what is left of runs whose `lab` is gone; how many there were.
pub(crate) fn clean_leftovers() -> usize {
    let of_nobody = |name: &str| {
        let owner = name.split('-').next().and_then(|number| number.parse().ok());
        owner.is_none_or(|number| !ProcessId::of(number).is_alive())
    };
    let runs = std::fs::read_dir(MACHINES).into_iter().flatten().flatten();
    let left: Vec<PathBuf> = runs
        .filter(|run| of_nobody(&run.file_name().to_string_lossy()))
        .filter_map(|run| run.path().canonicalize().ok())
        .collect();
    left.iter().for_each(|directory| clean_up(directory));
    left.len()
}

/// `lab guard DIRECTORY`: waits until whoever started it is gone.
pub(crate) fn guard(directory: &Path) -> Result<(), Failure> {
    let mut nothing = Vec::new();
    // An input that cannot be read has ended.
    let _ = std::io::stdin().lock().read_to_end(&mut nothing);
    clean_up(directory);
    Ok(())
}
