//! Runs on the lab's own programs: `lab run --target loopback`.

mod place;

use place::Place;

#[test]
fn a_run_on_processes_comes_to_the_same_and_leaves_nothing() {
    let place = Place::new();
    let output = place.lab(&["compare", "role-and-region", "--targets", "sim,loopback"]);
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(told.ends_with("equal\n"), "{told}");
    let left = std::fs::read_dir(place.0.join(".lab/local")).expect("it was made").count();
    assert_eq!(left, 0, "nothing of the machines is left");
}

#[test]
fn time_is_scaled_only_where_the_scenario_says_so() {
    let place = Place::new();
    let output = place.lab(&["run", "rpc-upgrade-mode", "--time-scale", "60"]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(told.contains("does not say that its time may be scaled"), "{told}");
    let output = place.lab(&["run", "daily-certificates", "--time-scale", "1440", "--format", "jsonl"]);
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let last = told.lines().last().expect("a timeline");
    assert!(last.contains("\"exit_code\":0"), "a week in which a day is a minute holds too: {last}");
}
