//! `systemctl` on a machine that is a directory: a script that signals the machine's own programs, and asks the fleet
//! for what a signal cannot do.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Weak;
use std::time::Duration;

use lab_workflow::Program;
use lab_world::Clock;

use super::machine::{Machine, restart};

/// How often requests are looked for.
const LOOK: Duration = Duration::from_millis(200);

/// `LAB_MACHINE` is the machine's directory.
const SCRIPT: &str = r#"#!/bin/sh
# systemctl for the programs of this machine, and for no others.
verb=$1
unit=${2%.service}
case "$unit" in
  vault | nomad | consul-template) ;;
  *) echo "Failed to $verb $2: Unit $2 not found." >&2; exit 5 ;;
esac
case "$verb" in
  reload) kill -HUP "$(cat "$LAB_MACHINE/run/$unit.pid")" ;;
  restart | try-restart | reload-or-restart | start)
    : >"$LAB_MACHINE/run/$unit.restart"
    while [ -e "$LAB_MACHINE/run/$unit.restart" ]; do sleep 0.1; done ;;
  stop) kill "$(cat "$LAB_MACHINE/run/$unit.pid")" ;;
  *) echo "Unknown command verb '$verb'." >&2; exit 1 ;;
esac
"#;

/// Puts the script into the machine's `bin`.
pub(super) fn install(root: &Path) -> io::Result<()> {
    let path = root.join("bin/systemctl");
    std::fs::write(&path, SCRIPT)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))
}

/// Carries out what the script asks for, until the machine is gone.
pub(super) async fn serve(machine: Weak<Machine>, clock: Clock) {
    loop {
        clock.sleep(LOOK).await;
        let Some(machine) = machine.upgrade() else { return };
        for program in [Program::Vault, Program::Nomad, Program::ConsulTemplate] {
            let asked = machine.root().join("run").join(format!("{program}.restart"));
            if asked.exists() {
                // One that does not start has ended, which its status shows; the script waits for the file's end.
                let _ = restart(&machine, program, &clock).await;
                let _ = std::fs::remove_file(asked);
            }
        }
    }
}
