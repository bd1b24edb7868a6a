//! The rules that no compiler checks.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use lab_tests::workspace;

/// The crates from the ground up: each may use only those before it.
const STACK: &[&str] = &[
    "lab-world",
    "lab-hcl",
    "lab-job",
    "lab-pki",
    "lab-wire",
    "lab-template",
    "lab-consul-template",
    "mock-vault",
    "mock-nomad",
    "lab-verify",
    "lab-workflow",
    "lab-report",
    "scenarios",
    "lab-fleet",
    "lab",
    "lab-tests",
];

/// Crates that must not know each other although the stack's order would let them.
const STRANGERS: &[(&str, &str)] = &[
    ("mock-nomad", "mock-vault"),
    ("mock-vault", "lab-consul-template"),
    ("lab-workflow", "mock-vault"),
    ("lab-workflow", "mock-nomad"),
    ("lab-workflow", "lab-consul-template"),
    ("lab-report", "mock-vault"),
    ("lab-report", "mock-nomad"),
    ("lab-workflow", "lab-verify"),
    ("lab-report", "lab-verify"),
];

/// What only `lab/world` may say.
const OUTSIDE: &[&str] = &[
    "SystemTime::now",
    "Instant::now",
    "now_utc()",
    "now_local()",
    "UnixTime::now",
    "thread::sleep",
    "tokio::spawn(",
    "TcpListener::bind",
    "TcpStream::connect",
    "UdpSocket::bind",
    "thread_rng",
    "OsRng",
    "rand::rng(",
];

const LONGEST_FILE: usize = 800;
const LONGEST_MEDIAN: usize = 200;

#[test]
fn only_the_world_reads_the_time_and_opens_sockets() {
    let mut found = Vec::new();
    for file in sources().filter(|file| !file.starts_with(workspace().join("lab/world")) && !is_test(file)) {
        let text = read(&file);
        for (number, line) in
            text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"))
        {
            for word in OUTSIDE.iter().filter(|word| line.contains(**word)) {
                found.push(format!("{}:{}: {word}", name(&file), number + 1));
            }
        }
    }
    assert!(found.is_empty(), "use lab_world::{{Clock, Net, Entropy, Tasks}}:\n{}", found.join("\n"));
}

#[test]
fn every_crate_uses_only_what_is_below_it() {
    let mut wrong = Vec::new();
    for manifest in manifests() {
        let text = read(&manifest);
        let own = package_name(&text);
        let place = STACK.iter().position(|name| *name == own);
        let place = place.unwrap_or_else(|| panic!("{own} has no place in STACK"));
        let runtime = text.split("[dev-dependencies]").next().unwrap_or_default();
        for used in STACK.iter().enumerate().filter(|(_, name)| depends_on(runtime, name) && **name != own) {
            if used.0 > place || STRANGERS.contains(&(own.as_str(), used.1)) {
                wrong.push(format!("{own} uses {}", used.1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_source_file_is_dead() {
    let mut reached = BTreeSet::new();
    for manifest in manifests() {
        let directory = manifest.parent().expect("a manifest lies in a directory").to_owned();
        for root in ["src/lib.rs", "src/main.rs"] {
            reach(&directory.join(root), true, &mut reached);
        }
        for folder in ["tests", "benches", "examples", "src/bin"] {
            for root in files(&directory.join(folder), "rs")
                .filter(|file| file.parent() == Some(&directory.join(folder)) || file.ends_with("main.rs"))
            {
                reach(&root, true, &mut reached);
            }
        }
    }
    let dead: Vec<String> = sources()
        .filter(|file| !reached.contains(file) && !is_named_by_a_script(file))
        .map(|file| name(&file))
        .collect();
    assert!(dead.is_empty(), "no `mod` leads to:\n{}", dead.join("\n"));
}

#[test]
fn files_stay_small() {
    let lengths: BTreeMap<PathBuf, usize> =
        sources().map(|file| (file.clone(), read(&file).lines().count())).collect();
    let long: Vec<String> = lengths
        .iter()
        .filter(|(_, length)| **length > LONGEST_FILE)
        .map(|(file, length)| format!("{} has {length} lines", name(file)))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
    let mut sorted: Vec<usize> = lengths.into_values().collect();
    sorted.sort_unstable();
    let median = sorted[sorted.len() / 2];
    assert!(median <= LONGEST_MEDIAN, "the median source file has {median} lines");
}

#[test]
fn every_scenario_is_listed_and_described() {
    let listed: BTreeSet<&str> = scenarios::all().iter().map(|scenario| scenario.path).collect();
    let root = workspace().join("scenarios");
    let present: BTreeSet<String> = files(&root, "hcl")
        .filter_map(|file| Some(file.strip_prefix(&root).ok()?.to_string_lossy().into_owned()))
        .collect();
    assert_eq!(
        listed,
        present.iter().map(String::as_str).collect(),
        "listed in scenarios/src and present on disk"
    );
    let reference = read(&workspace().join("docs/scenarios.md"));
    for scenario in scenarios::all() {
        assert!(
            reference.contains(&format!("`{}`", scenario.name)),
            "docs/scenarios.md says nothing of {}",
            scenario.name
        );
    }
}

#[test]
fn every_link_in_the_docs_is_alive() {
    let mut broken = Vec::new();
    for page in pages() {
        for target in links(&read(&page)) {
            let (path, anchor) = target.split_once('#').unwrap_or((target.as_str(), ""));
            let file = match path {
                "" => page.clone(),
                path => page.parent().expect("a page lies in a directory").join(path),
            };
            let alive = file.exists() && (anchor.is_empty() || anchors(&read(&file)).contains(anchor));
            if !alive {
                broken.push(format!("{} -> {target}", name(&page)));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_page_is_linked_from_another() {
    let linked: BTreeSet<PathBuf> = pages()
        .flat_map(|page| {
            let directory = page.parent().expect("a page lies in a directory").to_owned();
            links(&read(&page)).into_iter().map(move |target| {
                let path = target.split('#').next().unwrap_or_default().to_owned();
                directory.join(path)
            })
        })
        .filter_map(|path| path.canonicalize().ok())
        .collect();
    let root = workspace().canonicalize().expect("the workspace");
    let lonely: Vec<String> = pages()
        .filter_map(|page| page.canonicalize().ok())
        .filter(|page| *page != root.join("README.md") && !linked.contains(page))
        .map(|page| page.display().to_string())
        .collect();
    assert!(lonely.is_empty(), "nothing links to:\n{}", lonely.join("\n"));
}

#[test]
fn nothing_unfinished_and_nothing_of_this_machine_is_left() {
    // Put together here so that this file does not find itself.
    let words = [
        ["TO", "DO"].concat(),
        ["FIX", "ME"].concat(),
        ["/wo", "rk/"].concat(),
        ["/ro", "ot/."].concat(),
        ["/tmp/", "target"].concat(),
        ["/tmp/", "brief"].concat(),
        ["crates", ".io"].concat(),
        ["proxy.", "golang.org"].concat(),
        ["registry.", "npmjs"].concat(),
        ["py", "pi.org"].concat(),
    ];
    let mut found = Vec::new();
    for file in
        sources().chain(pages()).chain(manifests()).chain(files(&workspace().join("scenarios"), "hcl"))
    {
        for (number, line) in read(&file).lines().enumerate() {
            for word in words.iter().filter(|word| line.contains(word.as_str())) {
                found.push(format!("{}:{}: {word}", name(&file), number + 1));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_exception_to_a_lint_has_a_reason() {
    let mut bare = Vec::new();
    for file in sources() {
        let text = read(&file);
        for lint in ["#[allow(", "#![allow(", "#[expect(", "#![expect("] {
            for (start, _) in text.match_indices(lint).filter(|(start, _)| !is_quoted(&text, *start)) {
                let attribute = text[start..].split(")]").next().unwrap_or_default();
                if !attribute.contains("reason") {
                    bare.push(format!("{}: {attribute})]", name(&file)));
                }
            }
        }
    }
    assert!(bare.is_empty(), "{}", bare.join("\n"));
}

/// Every Rust file of the project.
fn sources() -> impl Iterator<Item = PathBuf> {
    files(&workspace(), "rs")
}

/// Every page of documentation.
fn pages() -> impl Iterator<Item = PathBuf> {
    files(&workspace(), "md")
}

fn manifests() -> impl Iterator<Item = PathBuf> {
    let root = workspace();
    files(&workspace(), "toml").filter(move |file| {
        file.file_name().is_some_and(|name| name == "Cargo.toml") && file.parent() != Some(root.as_path())
    })
}

/// The files below `directory` with this ending, but for build results and hidden directories.
fn files(directory: &Path, ending: &str) -> impl Iterator<Item = PathBuf> + use<> {
    let mut found = Vec::new();
    let mut waiting = vec![directory.to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
            let path = entry.path();
            let file_name = entry.file_name();
            let hidden = file_name.to_string_lossy().starts_with('.');
            if path.is_dir() && !hidden && file_name != "target" {
                waiting.push(path);
            } else if path.extension().is_some_and(|extension| extension == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found.into_iter()
}

/// Adds `file` and every file its `mod` declarations lead to.
fn reach(file: &Path, is_root: bool, reached: &mut BTreeSet<PathBuf>) {
    let Ok(text) = fs::read_to_string(file) else { return };
    if !reached.insert(file.to_owned()) {
        return;
    }
    let directory = file.parent().expect("a file lies in a directory");
    let stem = file.file_stem().unwrap_or_default();
    let home = if is_root || stem == "mod" { directory.to_owned() } else { directory.join(stem) };
    let mut elsewhere = None;
    for line in text.lines().map(str::trim) {
        if let Some(path) = line.strip_prefix("#[path = \"").and_then(|rest| rest.strip_suffix("\"]")) {
            elsewhere = Some(directory.join(path));
            continue;
        }
        let declared = ["pub ", "pub(crate) ", "pub(super) "]
            .iter()
            .fold(line, |line, visibility| line.strip_prefix(visibility).unwrap_or(line));
        let Some(module) = declared.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')) else {
            continue;
        };
        match elsewhere.take() {
            Some(file) => reach(&file, false, reached),
            None => {
                reach(&home.join(format!("{module}.rs")), false, reached);
                reach(&home.join(module).join("mod.rs"), false, reached);
            }
        }
    }
}

/// Whether a shell script beside the file names it.
fn is_named_by_a_script(file: &Path) -> bool {
    let directory = file.parent().expect("a file lies in a directory");
    let own = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    files(directory, "sh").any(|script| read(&script).contains(&own))
}

/// The relative targets of a page's links, outside code blocks.
fn links(text: &str) -> Vec<String> {
    let mut targets = Vec::new();
    let mut in_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        for part in line.split("](").skip(1) {
            let target = part.split(')').next().unwrap_or_default();
            if !target.contains("://") && !target.is_empty() {
                targets.push(target.to_owned());
            }
        }
    }
    targets
}

/// The anchors that a page's headings make.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|heading| {
            let title = heading.trim_start_matches('#').trim().to_lowercase();
            let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

fn depends_on(manifest: &str, name: &str) -> bool {
    manifest
        .lines()
        .any(|line| line.starts_with(&format!("{name}.")) || line.starts_with(&format!("{name} =")))
}

fn package_name(manifest: &str) -> String {
    let line = manifest.lines().find(|line| line.starts_with("name = ")).expect("a package has a name");
    line.trim_start_matches("name = ").trim_matches('"').to_owned()
}

fn is_test(file: &Path) -> bool {
    file.components().any(|part| matches!(part.as_os_str().to_str(), Some("tests" | "benches")))
}

/// Whether the text at `start` stands in a string rather than in code.
fn is_quoted(text: &str, start: usize) -> bool {
    text[..start].ends_with('"')
}

fn name(file: &Path) -> String {
    file.strip_prefix(workspace()).unwrap_or(file).display().to_string()
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}
