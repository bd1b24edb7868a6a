//! Commands on other machines.

use std::collections::BTreeMap;
use std::time::Duration;

use lab_world::{Clock, Launch, Output, Process, find_program};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// How long one command may take.
const LIMIT: Duration = Duration::from_secs(60);
/// What a command is told of the operator's own environment: no tokens.
const TOLD: [&str; 7] = ["PATH", "HOME", "USER", "LANG", "TERM", "SSH_AUTH_SOCK", "TMPDIR"];

/// Runs a command, gives it `input`, and gives back what it printed.
///
/// Errors: what it said, or that it could not be run or took too long.
pub(super) async fn run(words: &[String], input: &[u8], clock: &Clock) -> Result<Vec<u8>, String> {
    let (name, arguments) = words.split_first().ok_or("there is no command to run")?;
    let environment: BTreeMap<String, String> =
        std::env::vars().filter(|(name, _)| TOLD.contains(&name.as_str())).collect();
    let search = environment.get("PATH").cloned().unwrap_or_default();
    let program =
        find_program(name, &search).ok_or_else(|| format!("there is no program {name:?} on PATH"))?;
    let launch = Launch {
        program,
        arguments: arguments.to_vec(),
        environment,
        directory: ".".into(),
        output: Output::Pipes,
    };
    let mut process = Process::start(&launch).map_err(|error| format!("{name} does not start: {error}"))?;
    let id = process.id();
    let finished = async {
        let (mut stdin, mut stdout, mut stderr) = process.pipes().ok_or("its streams are gone")?;
        let (mut printed, mut said) = (Vec::new(), Vec::new());
        let write = async move {
            // A command that reads nothing has ended by then.
            let _ = stdin.write_all(input).await;
            let _ = stdin.shutdown().await;
        };
        let (_, out, err) =
            tokio::join!(biased; write, stdout.read_to_end(&mut printed), stderr.read_to_end(&mut said));
        out.and(err).map_err(|error| error.to_string())?;
        let ended = process.ended().await.map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&said).trim().to_owned();
        match ended.code {
            0 => Ok(printed),
            code if said.is_empty() => Err(format!("exit status {code}")),
            code => Err(format!("exit status {code}: {said}")),
        }
    };
    match clock.timeout(LIMIT, finished).await {
        Some(result) => result,
        None => {
            id.kill_group();
            Err(format!("it was still running after {} s, and was ended", LIMIT.as_secs()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Vec<String> {
        ["sh", "-c", script].map(str::to_owned).to_vec()
    }

    #[tokio::test]
    async fn a_command_gets_its_input_and_says_what_it_has_to_say() {
        let clock = Clock::system();
        let printed = run(&sh("cat; echo $VAULT_TOKEN"), b"in", &clock).await;
        assert_eq!(printed, Ok(b"in\n".to_vec()));
        assert_eq!(run(&sh("echo no >&2; exit 3"), b"", &clock).await, Err("exit status 3: no".to_owned()));
        assert_eq!(run(&sh("exit 4"), b"", &clock).await, Err("exit status 4".to_owned()));
        let missing = run(&["no-such-program".to_owned()], b"", &clock).await;
        assert_eq!(missing, Err("there is no program \"no-such-program\" on PATH".to_owned()));
    }
}
