//! Volumes that a group asks for.

use super::group::field;
use super::parts::{Faults, text};
use crate::structs::{Job, Opaque, TaskGroup};

/// What is wrong with one.
pub(super) fn faults(volume: &Opaque, job: &Job, group: &TaskGroup) -> Faults {
    let mut faults = Faults::default();
    let kind = text(volume, "Type");
    if !matches!(kind, "host" | "csi") {
        // The API leaves it out.
        return faults;
    }
    let is = |name: &str| volume[name] == true;
    if text(volume, "Source").is_empty() {
        faults.add("volume has an empty source");
    }
    if is("PerAlloc") {
        if job.is_system() {
            faults.add("volume cannot be per_alloc for system or sysbatch jobs");
        }
        if field(group, "Update")["Canary"].as_i64().unwrap_or(0) > 0 {
            faults.add("volume cannot be per_alloc when canaries are in use");
        }
        if is("Sticky") {
            faults.add("volume cannot be per_alloc and sticky at the same time");
        }
    }
    let mode = text(volume, "AccessMode");
    let has_options = !volume["MountOptions"].is_null();
    if kind == "host" {
        if has_options {
            faults.add("host volumes cannot have mount options");
        }
        match mode {
            "single-node-reader-only" if !is("ReadOnly") => {
                faults.add(format!("{mode} volumes must be read-only"));
            }
            ""
            | "single-node-reader-only"
            | "single-node-writer"
            | "single-node-single-writer"
            | "single-node-multi-writer" => {}
            mode => faults.add(format!("host volumes cannot be mounted with {mode} access mode")),
        }
        return faults;
    }
    match text(volume, "AttachmentMode") {
        "" => faults.add("CSI volumes must have an attachment mode"),
        "block-device" if has_options => faults.add("block devices cannot have mount options"),
        _ => {}
    }
    if matches!(mode, "single-node-reader-only" | "multi-node-reader-only") && !is("ReadOnly") {
        faults.add(format!("{mode} volumes must be read-only"));
    }
    let one = match mode {
        "" => {
            faults.add("CSI volumes must have an access mode");
            return faults;
        }
        "single-node-reader-only" => "reader",
        "single-node-writer" => "reader or writer",
        "multi-node-single-writer" if !is("ReadOnly") => "writer",
        _ => return faults,
    };
    if group.count > 1 && !is("PerAlloc") {
        faults.add(format!("volume with {mode} access mode allows only one {one}"));
    }
    faults
}
