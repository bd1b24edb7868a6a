//! `lab shims`: links by which this program is called like those that it stands in for.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use lab_world::shell_word;

use crate::exit::Failure;
use crate::files::create_directory;
use crate::stand_in::Program;
use crate::terminal::errln;

/// Makes `directory` and in it a link for each program. A link that is there is replaced; a file that is none is not.
pub(crate) fn make(directory: &Path) -> Result<(), Failure> {
    link_all(directory)?;
    let made = Program::ALL.map(Program::name);
    let directory = fs::canonicalize(directory)?;
    writeln!(io::stdout(), "export PATH={}:$PATH", quote(&directory.display().to_string()))?;
    errln!("{} are links to the lab now, in {}", made.join(", "), directory.display());
    Ok(())
}

/// Makes a link called `lab` in a directory that is there.
pub(crate) fn link_lab(directory: &Path) -> Result<(), Failure> {
    Ok(make_link(&std::env::current_exe()?, &directory.join("lab"))?)
}

/// Makes the links.
pub(crate) fn link_all(directory: &Path) -> Result<(), Failure> {
    let lab = std::env::current_exe()?;
    create_directory(directory)?;
    for program in Program::ALL {
        let link = directory.join(program.name());
        make_link(&lab, &link).map_err(|error| Failure::SetUp(format!("{}: {error}", link.display())))?;
    }
    Ok(())
}

fn make_link(lab: &Path, link: &Path) -> io::Result<()> {
    match fs::symlink_metadata(link) {
        Ok(metadata) if metadata.is_symlink() => fs::remove_file(link)?,
        Ok(_) => {
            let refused = "there is a file of that name which is not a link; the lab leaves it alone";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, refused));
        }
        Err(_) => {}
    }
    std::os::unix::fs::symlink(lab, link)
}

/// A word as a shell reads it.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { shell_word(word) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_replaced_and_files_are_not() {
        let name = format!("lab-shims-{}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        fs::create_dir_all(&directory).expect("a directory");
        let (link, file) = (directory.join("vault"), directory.join("nomad"));
        fs::write(&file, "somebody's").expect("written");
        make_link(Path::new("/one"), &link).expect("made");
        make_link(Path::new("/two"), &link).expect("replaced");
        assert_eq!(fs::read_link(&link).expect("a link"), Path::new("/two"));
        assert_eq!(
            make_link(Path::new("/one"), &file).expect_err("kept").kind(),
            io::ErrorKind::AlreadyExists
        );
        fs::remove_dir_all(&directory).expect("removed");
    }

    #[test]
    fn words_are_quoted_where_a_shell_needs_it() {
        assert_eq!(quote("/tmp/shims"), "/tmp/shims");
        assert_eq!(quote("/tmp/it's here"), r"'/tmp/it'\''s here'");
    }
}
