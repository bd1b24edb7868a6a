//! Lines for the terminal that are lost where they cannot be written, as those of Go's `fmt` are: a full disk or a
//! closed pipe behind standard output does not end a server or change what a command comes to.

/// Prints to standard output.
macro_rules! out {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = write!(anstream::stdout(), $($text)*);
    }};
}

/// Prints a line to standard output.
macro_rules! outln {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(anstream::stdout(), $($text)*);
    }};
}

/// Prints to standard error.
macro_rules! err {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = write!(anstream::stderr(), $($text)*);
    }};
}

/// Prints a line to standard error.
macro_rules! errln {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(anstream::stderr(), $($text)*);
    }};
}

pub(crate) use {err, errln, out, outln};
